"""Certificates from an authority that speaks ACME: Debian's pebble asks the front end itself."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from cryptography import x509

from casd.casctl.authority import SERVER, Authority
from casd.testing import layout
from tests.integration.estate import EstateTestCase, FrontEnd, listens
from tests.integration.process import PATIENCE, ROOT, Process, wait_until

SOON = 5.0
"""Seconds in which a front end without clients is to end, on a machine that others use too."""

HMAC = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"

NAMES = ["mail.example.org", "autodiscover.example.org", "autoconfig.example.org"]


class Acme(EstateTestCase):
    """Two front ends that share a folder; the authority comes to the plain port of the first."""

    challenge = "http-01"
    bound = False
    reactor = ""

    def setUp(self) -> None:
        super().setUp()
        self.patch(os, "environ", {**os.environ, "CASD_REACTOR": self.reactor})
        self.ports = layout.free_ports("directory", "management", "dns", "dns.management")
        self._begin_authority()
        self.acme = self.estate.folder / "acme"
        self.sections = {name: self._sections(name) for name in ("fe1", "fe2")}
        self.ini = layout.write_ini(self.estate.folder / "fe1.ini", self.sections["fe1"])
        self.estate.casctl("cert", "self-signed", ini=self.ini)

    def test_a_front_end_gets_its_certificate_and_every_other_shows_it(self) -> None:
        first = self.estate.front("fe1", self.sections["fe1"])
        second = self.estate.front("fe2", self.sections["fe2"])
        wait_until(lambda: "Pebble" in self._issuer(first), "the certificate at the first")
        wait_until(lambda: "Pebble" in self._issuer(second), "the certificate at the second", 10)
        assert self._serial(first) == self._serial(second)
        assert self._names(first) == set(NAMES)
        assert not list((self.acme / "challenges").iterdir())
        said = json.loads(self.estate.casctl("cert", "renew", "--json", ini=self.ini))
        assert (said["renewed"], said["names"]) == (False, NAMES)
        before = self._serial(first)
        kept = self.estate.connect(second)
        self.addCleanup(kept.close)
        kept._context = ssl._create_unverified_context()  # pebble's root is of today
        kept.connect()
        assert json.loads(self.estate.casctl("cert", "renew", "--force", "--json", ini=self.ini))["renewed"]
        wait_until(lambda: self._serial(second) != before, "the new certificate at the second", 10)
        kept.request("GET", "/ews/", headers={"Host": "localhost"})
        assert kept.getresponse().status == 401
        self.report("issued to the first front end, asked for by casctl, shown by both; no connection was dropped")

    def test_names_that_are_not_ours_are_told(self) -> None:
        command = [Path(sys.executable).parent / "casctl", "cert", "renew", "--config", self.ini]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 3, done
        assert "issued nothing for mail.example.org" in done.stderr
        assert f"Challenge {self.challenge} failed" in done.stderr  # no front end runs
        assert not list((self.acme / "challenges").iterdir())

    def _begin_authority(self) -> None:
        folder = self.estate.folder
        pebble = folder / "pebble"
        pebble.mkdir()
        Authority(pebble, "Pebble's own", datetime.now(UTC)).issue("pebble", ["localhost"], SERVER)
        configuration = {
            "pebble": {
                "listenAddress": f"127.0.0.1:{self.ports['directory']}",
                "managementListenAddress": f"127.0.0.1:{self.ports['management']}",
                "certificate": str(pebble / "pebble.pem"),
                "privateKey": str(pebble / "pebble.key"),
                "httpPort": self.estate.ports["fe1.plain"],
                "tlsPort": self.estate.ports["fe1.front"],
                "externalAccountBindingRequired": self.bound,
                "externalAccountMACKeys": {"kid-1": HMAC},
            }
        }
        (pebble / "pebble.json").write_text(json.dumps(configuration))
        dns = f"127.0.0.1:{self.ports['dns']}"
        self._begin(
            "pebble-challtestsrv",
            *("-dns01", dns, "-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv4", "127.0.0.1"),
            *("-defaultIPv6", "", "-management", f"127.0.0.1:{self.ports['dns.management']}"),
        )
        self._begin(
            "env",
            *("PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "pebble"),
            *("-config", pebble / "pebble.json", "-dnsserver", dns),
        )
        wait_until(lambda: listens(self.ports["directory"]), "pebble to listen")

    def _begin(self, *command: str | Path) -> None:
        self.addCleanup(Process(*command).kill)

    def _sections(self, name: str) -> layout.Sections:
        sections = self.estate.sections(name)
        sections["http"] |= {"certificate": "acme/certificate.pem", "private key": "acme/certificate.pem"}
        if self.challenge != "http-01":
            sections["http"]["plain"] = ""
        sections["acme"] = {
            "directory": f"https://localhost:{self.ports['directory']}/dir",
            "agree": "yes",
            "challenge": self.challenge,
            "authority": "pebble/ca.pem",
            "contact": "postmaster@example.org",
        }
        if self.bound:
            sections["acme"] |= {"eab key id": "kid-1", "eab hmac": "pebble/hmac"}
            (self.estate.folder / "pebble" / "hmac").touch(0o600)
            (self.estate.folder / "pebble" / "hmac").write_text(HMAC)
        return sections

    def _shown(self, front: FrontEnd) -> x509.Certificate:
        context = ssl._create_unverified_context()
        with (
            socket.create_connection(("127.0.0.1", front.ports["front"]), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=NAMES[0]) as encrypted,
        ):
            certificate = encrypted.getpeercert(binary_form=True)
        assert certificate
        return x509.load_der_x509_certificate(certificate)

    def _issuer(self, front: FrontEnd) -> str:
        return self._shown(front).issuer.rfc4514_string()

    def _serial(self, front: FrontEnd) -> int:
        return self._shown(front).serial_number

    def _names(self, front: FrontEnd) -> set[str]:
        found = self._shown(front).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return set(found.get_values_for_type(x509.DNSName))


class Silent(EstateTestCase):
    """An authority that takes a question and never answers."""

    def test_an_order_under_way_holds_no_front_end_up(self) -> None:
        sections = self.estate.sections("fe1")
        sections["http"] |= {"certificate": "acme/certificate.pem", "private key": "acme/certificate.pem"}
        with socket.create_server(("127.0.0.1", 0)) as authority:
            directory = f"https://127.0.0.1:{authority.getsockname()[1]}/dir"
            sections["acme"] = {"directory": directory, "agree": "yes"}
            ini = layout.write_ini(self.estate.folder / "fe1.ini", sections)
            self.estate.casctl("cert", "self-signed", ini=ini)
            front = self.estate.front("fe1", sections)
            asked, _ = authority.accept()
            begun = monotonic()
            front.process.stop()
            self.report(f"the front end ended after {monotonic() - begun:.1f} s")
            assert monotonic() - begun < SOON
            asked.close()


class AcmeByHandshake(Acme):
    """The same, but it comes to the encrypted port of the first, and wants to know whose account it is."""

    challenge = "tls-alpn-01"
    bound = True


class AcmeByHandshakeElsewhere(AcmeByHandshake):
    """The same on Twisted's own transports."""

    reactor = "default"
