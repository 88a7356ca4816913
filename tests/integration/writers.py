"""Fifty EWS clients at once, each putting one draft after the other into a mailbox, until standard input ends.

    python -m tests.integration.writers PORT CA PASSWORD CLIENTS USER...

What came of it is printed as JSON: for each request the subject, the status, the server, when it began, when it ended.
"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
from base64 import b64encode
from threading import Event, Thread
from time import monotonic
from typing import Any

from tests.integration import soap

_PATIENCE = 60


class Writer(Thread):
    """One client, with one connection."""

    def __init__(self, name: str, connection: http.client.HTTPSConnection, proof: str, enough: Event) -> None:
        super().__init__(name=name)
        self.done: list[dict[str, Any]] = []
        self._connection = connection
        self._headers = soap.HEADERS | {"Authorization": proof}
        self._enough = enough

    def run(self) -> None:
        while not self._enough.is_set():
            self.done.append(self._write(f"{self.name}-{len(self.done)}"))

    def _write(self, subject: str) -> dict[str, Any]:
        began = monotonic()
        try:
            self._connection.request("POST", "/ews/exchange.asmx", soap.create_draft(subject), self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
            status = answer.status if answer.status != 200 or soap.succeeded(body) else body.decode()
            server = answer.headers["X-BEServer"]
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            status, server = repr(error), None
        return {"subject": subject, "status": status, "server": server, "began": began, "ended": monotonic()}


def main(port: int, ca: str, password: str, clients: int, *users: str) -> None:
    context = ssl.create_default_context(cafile=ca)
    enough = Event()
    writers = []
    for number in range(clients):
        user = users[number % len(users)]
        proof = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
        connection = http.client.HTTPSConnection("localhost", port, timeout=_PATIENCE, context=context)
        writers.append(Writer(f"{user}-{number}", connection, proof, enough))
    for writer in writers:
        writer.start()
    sys.stdin.read()
    enough.set()
    for writer in writers:
        writer.join()
    json.dump([request for writer in writers for request in writer.done], sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), *sys.argv[5:])
