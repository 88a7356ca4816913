"""A test that speaks EWS by exchangelib, unchanged, over a socket to the service on a store in a folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from exchangelib import BASIC, DELEGATE, Account, Configuration, Credentials, EWSDateTime, EWSTimeZone
from twisted.internet import reactor as real_reactor  # noqa: TID251 - an integration test
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from tests.integration.ews_shim import PASSWORD, Shim

reactor: Any = real_reactor
BERLIN = EWSTimeZone("Europe/Berlin")
NINE = EWSDateTime(2026, 3, 10, 9, 0, tzinfo=BERLIN)
HOUR = timedelta(hours=1)


class EwsTestCase(TestCase):
    """Has a service to speak to; exchangelib blocks, so what a test says runs in a thread."""

    timeout = 110

    def setUp(self) -> None:
        self.shim = Shim(Path(self.mktemp()), reactor)
        self.port = reactor.listenTCP(0, self.shim, interface="127.0.0.1")
        self.url = f"http://127.0.0.1:{self.port.getHost().port}/EWS/Exchange.asmx"
        self.accounts: list[Account] = []

    def tearDown(self) -> Deferred[None]:
        for account in self.accounts:
            account.protocol.close()
        stopped: Deferred[None] = Deferred.fromCoroutine(self._stop())
        return stopped

    async def _stop(self) -> None:
        await self.port.stopListening()
        await self.shim.stop()

    def account(self, user: str, address: str = "", access: str = DELEGATE) -> Account:
        """Sign a user in, by default to the mailbox of the same name."""
        credentials = Credentials(f"{user}@example.org", PASSWORD)
        configuration = Configuration(
            service_endpoint=self.url, credentials=credentials, auth_type=BASIC, max_connections=2
        )
        made = Account(
            address or f"{user}@example.org", config=configuration, access_type=access, default_timezone=BERLIN
        )
        self.accounts.append(made)
        return made


def blocking(test: Callable[[Any], None]) -> Callable[[Any], Deferred[None]]:
    """Run a test in a thread."""

    def run(self: Any) -> Deferred[None]:
        return deferToThread(test, self)

    run.__name__ = test.__name__
    return run
