"""Clients find their servers by an address and a password, in a network with real names, ports and name servers."""

from __future__ import annotations

import json
import plistlib
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.lab import CASCTL, USUAL_RECORDS, Lab
from tests.integration.process import wait_until

EWS = "https://mail.example.org/EWS/Exchange.asmx"
FOLDERS = ["Deleted Items", "Drafts", "Inbox", "Junk Email", "Outbox", "Sent Items"]
OURS = {"alice@example.org": "mbx1", "carol@example.org": "mbx2", "erin@example.org": "mbx3"}
"""Users on servers of kind casd, exchange and gromox."""


class AutodiscoverClients(SynchronousTestCase):
    """One lab for each test."""

    def setUp(self) -> None:
        self.lab = Lab(Path(self.mktemp()))
        self.addCleanup(self.lab.close)

    # exchangelib

    def test_exchangelib_finds_three_users_on_three_kinds_of_server(self) -> None:
        self.lab.open()
        found = self.exchangelib(*OURS)
        assert {each["url"] for each in found.values()} == {EWS}
        assert {each["inbox"] for each in found.values()} == {"Inbox"}
        assert self.servers_of("/EWS/Exchange.asmx", *OURS) == OURS

    def test_exchangelib_finds_a_domain_that_publishes_nothing_but_a_service(self) -> None:
        self.lab.casctl("domain", "add", "example.net")
        self.lab.add_user("frank@example.net", "DB01")
        self.lab.open({**USUAL_RECORDS, "_autodiscover._tcp.example.net": [("SRV", "0 0 443 mail.example.org")]})
        found = self.exchangelib("frank@example.net")
        assert found["frank@example.net"] == {"url": EWS, "inbox": "Inbox", "address": "frank@example.net"}

    # Thunderbird

    def test_thunderbird_sets_up_by_autodiscover(self) -> None:
        self.lab.open()
        told = self.thunderbird("alice@example.org", "fetchConfigFromExchange")
        assert told["source"].startswith("exchange-from-")
        assert (told["url"], told["folders"]) == (EWS, FOLDERS)
        self.wait_for("alice@example.org", "/autodiscover/autodiscover.xml")

    def test_thunderbird_sets_up_by_its_configuration_file(self) -> None:
        self.lab.open()
        told = self.thunderbird("erin@example.org", "fromISP")
        assert told["source"] == "xml-from-isp-https"
        assert told["incoming"] == [["exchange", "mail.example.org", 443, EWS], ["imap", "mail.example.org", 993, ""]]
        assert told["outgoing"] == ["smtp", "mail.example.org", 587]
        assert (told["url"], told["folders"]) == (EWS, FOLDERS)

    def test_thunderbird_takes_the_file_from_below_well_known_too(self) -> None:
        self.lab.sections["http"]["namespaces"] += " example.org"
        self.lab.write_ini()
        self.lab.certify("example.org")
        self.lab.open({"mail.example.org": USUAL_RECORDS["mail.example.org"], "example.org": [("A", "127.0.0.1")]})
        told = self.thunderbird("carol@example.org", "fromISP")
        assert (told["url"], told["folders"]) == (EWS, FOLDERS)
        self.wait_for("-", "/.well-known/autoconfig/mail/config-v1.1.xml")

    # Apple

    def test_openssl_verifies_the_profile_that_a_user_gets(self) -> None:
        self.lab.open()
        signed, content = self.lab.folder / "signed", self.lab.folder / "content"
        self.curl("carol@example.org", "/mobileconfig", signed)
        self.openssl(signed, content)
        profile = plistlib.loads(content.read_bytes())
        found = {each["PayloadType"]: each for each in profile["PayloadContent"]}
        assert set(found) == {"com.apple.eas.account", "com.apple.ews.account"}
        assert found["com.apple.eas.account"]["EmailAddress"] == "carol@example.org"
        assert found["com.apple.ews.account"]["Path"] == "/EWS/Exchange.asmx"

    def test_openssl_takes_no_profile_that_was_changed(self) -> None:
        self.lab.open()
        signed, content = self.lab.folder / "signed", self.lab.folder / "content"
        self.curl("carol@example.org", "/mobileconfig", signed)
        signed.write_bytes(signed.read_bytes().replace(b"mail.example.org", b"evil.example.org"))
        self.openssl(signed, content, fails=True)

    # DNS

    def test_casctl_checks_what_is_published(self) -> None:
        self.lab.open({**USUAL_RECORDS, "_imaps._tcp.example.org": [("SRV", "0 1 993 mail.example.org")]})
        command = (CASCTL, "autodiscover", "--dns", "--json", "--config", self.lab.ini)
        printed = self.lab.run(*command, fails=True)
        states = {each["name"]: each["state"] for each in json.loads(printed)}
        assert states.pop("_submission._tcp.example.org") == "missing"
        assert set(states) == {*USUAL_RECORDS, "_imaps._tcp.example.org"}
        assert set(states.values()) == {"right"}

    # What they do

    def exchangelib(self, *addresses: str) -> Any:
        """Return what exchangelib finds by itself."""
        return self.lab.ask(
            "tests.integration.lab_exchangelib", {"addresses": addresses, "password": self.lab.password}
        )

    def thunderbird(self, address: str, way: str) -> Any:
        """Return what Thunderbird finds, and the folders of the account that it makes of that."""
        asked = {"address": address, "password": self.lab.password, "way": way}
        files = {"profile": str(self.lab.folder / "profile"), "ca": (self.lab.demo / "ca.pem").read_text()}
        told = self.lab.ask("tests.integration.lab_thunderbird", asked | files)
        assert "error" not in told, told["error"]
        return told

    def curl(self, user: str, path: str, file: Path) -> None:
        """Fetch something as a user."""
        who = ("--user", f"{user}:{self.lab.password}", "--cacert", self.lab.demo / "ca.pem")
        self.lab.run("curl", "--silent", "--fail", *who, "--output", file, f"https://mail.example.org{path}")

    def openssl(self, signed: Path, content: Path, *, fails: bool = False) -> None:
        """Verify a signature. A front door's certificate is not made for mail, which is openssl's default purpose."""
        files = ("-in", signed, "-out", content, "-CAfile", self.lab.demo / "ca.pem")
        self.lab.run("openssl", "cms", "-verify", "-inform", "DER", "-purpose", "any", *files, fails=fails)

    # What the front end has logged

    def servers_of(self, path: str, *users: str) -> dict[str, str]:
        """Return which mailbox server answered whom at a path, once all of them have asked there."""
        for user in users:
            self.wait_for(user, path)
        return {line["user"]: line["server"] for line in self.lab.log() if line["path"] == path and line["user"] != "-"}

    def wait_for(self, user: str, path: str) -> None:
        """Wait for the line of a user's request; lines are written a moment late."""
        wait_until(
            lambda: any((line["user"], line["path"]) == (user, path) for line in self.lab.log()), f"{user} at {path}"
        )
