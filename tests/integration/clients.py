"""exchangelib's accounts of the demo's users, through a front end before both mailbox servers."""

from __future__ import annotations

import os

from exchangelib import BASIC, DELEGATE, Account, Configuration, Credentials

from tests.integration.estate import EstateTestCase


class ExchangelibTestCase(EstateTestCase):
    """One front end before both mailbox servers, and clients that trust it."""

    def setUp(self) -> None:
        super().setUp()
        self._trust(str(self.estate.demo / "ca.pem"))
        self.estate.mailbox_servers()
        self.front = self.estate.front("fe1")

    def account(self, user: str, owner: str = "") -> Account:
        """Return the mailbox of `owner`, by default the user's own, as a user by first name sees it."""
        credentials = Credentials(f"{user}@example.org", self.estate.password)
        url = f"{self.front.url}/EWS/Exchange.asmx"
        configuration = Configuration(service_endpoint=url, credentials=credentials, auth_type=BASIC, max_connections=2)
        account = Account(f"{owner or user}@example.org", config=configuration, access_type=DELEGATE)
        self.addCleanup(account.protocol.close)
        return account

    def _trust(self, authority: str) -> None:
        """Have requests, and so exchangelib, trust the demo's authority."""
        before = os.environ.get("REQUESTS_CA_BUNDLE")
        os.environ["REQUESTS_CA_BUNDLE"] = authority
        self.addCleanup(_restore, "REQUESTS_CA_BUNDLE", before)


def _restore(name: str, value: str | None) -> None:
    if value is None:
        del os.environ[name]
    else:
        os.environ[name] = value
