"""What casctl asks of mailbox servers: one HTTPS request, signed as the operator's."""

from __future__ import annotations

import http.client
import json
import socket
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from attrs import frozen

from casd.casctl.invocation import Down
from casd.directory.sqlite_edit import Mistake
from casd.model import Mailbox, Server
from casd.net.handover import read_keys
from casd.net.pool import OWN
from casd.net.tls import ClientTLS, UntrustedPeer
from protocols.handover import ANSWER_HEADER, REQUEST_HEADER, Assertion, sealed, sign

_PATIENCE = 120
"""Seconds to wait for an answer: a dismount finishes what is in flight first."""


@frozen
class Control:
    """The operator's end: the front's client certificate with its key, and the folder of hand-over keys."""

    certificate: Path
    private_key: Path
    keys: Path

    def ask(
        self,
        server: Server,
        method: str,
        target: str,
        database: str = "",
        *,
        mailbox: Mailbox | None = None,
        **body: Any,
    ) -> Any:
        """Return what a server answers in JSON; `Down` when it does not, `Mistake` when it says no."""
        assertion, keys = _assertion(server.name, method, target, database, mailbox), self._keys_of(server)
        try:
            return self._ask(server, method, target, assertion, keys, body)
        except UntrustedPeer as error:
            said = f"casctl server show {server.name} tells what it must show"
            raise Down(f"who answers is not {server.name}: {error}; {said}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = (isinstance(error, OSError) and error.strerror) or error
            raise Down(f"{server.name} does not answer at {server.endpoint('http')}: {why}") from error

    def _keys_of(self, server: Server) -> dict[str, bytes]:
        file = self.keys / f"{server.name}.key"
        try:
            return read_keys(file)
        except FileNotFoundError as error:
            said = f"copy it from another front end, or from {server.name}; casctl cert init FOLDER makes the first"
            raise Mistake(f"there is no {file}, the hand-over keys of {server.name}: {said}") from error
        except ValueError as error:
            raise Mistake(f"the hand-over keys of {server.name} cannot be read: {error}") from error

    def _ask(
        self,
        server: Server,
        method: str,
        target: str,
        assertion: Assertion,
        keys: dict[str, bytes],
        body: dict[str, Any],
    ) -> Any:
        token = sign(assertion, *next(iter(keys.items())))
        connection = self._connect(server)
        try:
            connection.request(
                method,
                target,
                json.dumps({"database": assertion.database, **body}),
                {REQUEST_HEADER.decode(): token.decode(), "Content-Type": "application/json"},
            )
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        proof = (response.getheader(ANSWER_HEADER.decode()) or "").encode("latin-1")
        if not sealed(proof, keys, request_id=assertion.request_id, mailbox=assertion.mailbox):
            raise Down(f"{server.name} answered {response.status} without proof that it is {server.name}: {_KEYS}")
        answer: Any = json.loads(content or b"{}")
        if response.status != 200:
            raise Mistake(f"{server.name} refuses: {answer.get('error', response.status)}")
        return answer

    def _connect(self, server: Server) -> http.client.HTTPSConnection:
        endpoint = server.endpoint("http")
        if endpoint is None:
            raise Down(f"{server.name} has no endpoint for http: casctl server set {server.name} --endpoint HOST:PORT")
        tls = ClientTLS(server.tls_name or server.name, server.ca, server.pin, self.certificate, self.private_key)
        context = tls.loop_context()
        wire = socket.create_connection((endpoint.host, endpoint.port), _PATIENCE)
        try:
            wire.sendall(OWN[server.proxy_protocol])
            wire = encrypted = context.wrap_socket(wire, server_hostname=tls.name)
            tls.verify(encrypted.getpeercert(binary_form=True))
        except BaseException:
            wire.close()
            raise
        connection = http.client.HTTPSConnection(endpoint.host, endpoint.port, context=context)
        connection.sock = encrypted
        return connection


_KEYS = "compare its hand-over keys with those of [pool] keys"


def _assertion(server: str, method: str, target: str, database: str, mailbox: Mailbox | None) -> Assertion:
    return Assertion(
        issued=int(time.time()),
        server=server,
        method=method,
        target=target,
        request_id=str(uuid4()),
        user="casctl",
        mailbox=str(mailbox.guid) if mailbox else "",
        address=mailbox.address if mailbox else "",
        display_name=mailbox.display_name if mailbox else "",
        database=database,
        client="",
        mechanism="control",
    )
