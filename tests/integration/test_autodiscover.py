"""exchangelib's Autodiscover, unchanged, asks how to sign in and where a mailbox is, and then uses it."""

from __future__ import annotations

import pytest
from exchangelib import DELEGATE, Account, Configuration, Credentials
from exchangelib.autodiscover.protocol import AutodiscoverProtocol
from exchangelib.errors import UnauthorizedError
from exchangelib.properties import UserResponse

from tests.integration.clients import ExchangelibTestCase


class Autodiscover(ExchangelibTestCase):
    """One front end before both mailbox servers."""

    def test_a_users_settings_lead_to_the_mailbox(self) -> None:
        for user in "alice", "carol":
            protocol = self.protocol(user)
            told = self.ask(protocol, f"{user}@example.org")
            assert (protocol.auth_type, told.autodiscover_smtp_address) == ("basic", f"{user}@example.org")
            configuration = Configuration(
                service_endpoint=told.ews_url, credentials=self.credentials(user), version=told.version
            )
            account = Account(told.autodiscover_smtp_address, config=configuration, access_type=DELEGATE)
            self.addCleanup(account.protocol.close)
            assert account.inbox.total_count == 0

    def test_another_organisations_user_is_sent_there(self) -> None:
        url = "https://mail.there.example/autodiscover/autodiscover.xml"
        self.estate.casctl("partner", "add", "there.example", "--autodiscover", url, ini=self.front.ini)
        self.estate.casctl("partner", "add", "other.example", "--autodiscover", "any@there.example", ini=self.front.ini)
        protocol = self.protocol("alice")
        assert self.ask(protocol, "bob@there.example").redirect_url == url.replace(".xml", ".svc")
        assert self.ask(protocol, "bob@other.example").redirect_address == "bob@there.example"

    def test_a_user_whom_nobody_knows_has_no_settings(self) -> None:
        assert self.ask(self.protocol("alice"), "nobody@example.org").error_code == "InvalidUser"

    def test_a_wrong_password_is_told_nothing(self) -> None:
        protocol = self.protocol("alice", "wrong")
        with pytest.raises(UnauthorizedError):
            self.ask(protocol, "alice@example.org")

    def credentials(self, user: str, password: str = "") -> Credentials:
        """Return what a user signs in with."""
        return Credentials(f"{user}@example.org", password or self.estate.password)

    def protocol(self, user: str, password: str = "") -> AutodiscoverProtocol:
        """Return a user's way to ask; it finds out by itself how to sign in."""
        url = f"{self.front.url}/autodiscover/autodiscover.svc"
        configuration = Configuration(
            service_endpoint=url, credentials=self.credentials(user, password), max_connections=1
        )
        protocol = AutodiscoverProtocol(config=configuration)
        self.addCleanup(protocol.close)
        return protocol

    def ask(self, protocol: AutodiscoverProtocol, whom: str) -> UserResponse:
        """Return all that exchangelib could ever ask about an address."""
        return protocol.get_user_settings(user=whom)
