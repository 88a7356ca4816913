"""`casctl autodiscover --dns`: the records of the organisation as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from casd.casctl import dns_report
from tests.casd.casctl.conftest import Casctl, answer

HOST = "mail.example.org"
GOOD = {
    (HOST, "A"): {"192.0.2.1"},
    ("autodiscover.example.org", "A"): {"192.0.2.1"},
    ("autoconfig.example.org", "A"): {"192.0.2.1"},
    ("_autodiscover._tcp.example.org", "SRV"): {f"0 0 443 {HOST}"},
    ("_imaps._tcp.example.org", "SRV"): {f"0 1 993 {HOST}"},
}

Zone = dict[tuple[str, str], set[str]]
Publish = Callable[[Zone], list[tuple[str, ...]]]


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Have name servers publish this; the list tells which were asked."""

    def replace(zone: Zone) -> list[tuple[str, ...]]:
        asked: list[tuple[str, ...]] = []

        def asking(servers: tuple[str, ...]) -> Callable[[str, str], frozenset[str]]:
            asked.append(servers)
            return lambda name, kind: frozenset(zone.get((name, kind), ()))

        monkeypatch.setattr(dns_report, "asking", asking)
        return asked

    return replace


@pytest.fixture
def mail(demo: Casctl, ini: Path) -> Casctl:
    """Type commands to the demo organisation, whose front end has all its names, and one server IMAP4."""
    ini.write_text(ini.read_text().replace("localhost", "autodiscover.example.org autoconfig.example.org localhost"))
    assert demo("server set mbx1 --endpoint 127.0.0.1:9443 --endpoint imap4=127.0.0.1:143").exit_code == 0
    for side in "internal", "external":
        assert demo(f"site set Main --{side}-url https://{HOST}").exit_code == 0
    return demo


def test_what_is_published_rightly_is_said_to_be(mail: Casctl, publish: Publish) -> None:
    publish(GOOD)
    found = answer(mail("autodiscover --dns --json"))
    assert {each["state"] for each in found} == {"right"}
    assert [each["record"] for each in found][-1] == "_imaps._tcp.example.org. SRV 0 1 993 mail.example.org."


def test_what_is_missing_ends_it_with_1_and_says_what_to_do(mail: Casctl, publish: Publish) -> None:
    publish({each: values for each, values in GOOD.items() if each[1] == "A"})
    done = mail("autodiscover --dns")
    assert done.exit_code == 1
    lines = [line for line in done.output.splitlines() if "missing" in line]
    assert len(lines) == 2
    assert lines[0].startswith("_autodiscover._tcp.example.org. SRV 0 0 443 mail.example.org.")
    assert lines[0].endswith("publish it")


def test_every_domain_is_looked_at(mail: Casctl, publish: Publish) -> None:
    publish(GOOD)
    mail("domain add example.net")
    done = mail("autodiscover --dns --json")
    assert done.exit_code == 1
    wrong = {each["name"] for each in json.loads(done.stdout) if each["state"] != "right"}
    assert "autodiscover.example.net" in wrong
    assert not [name for name in wrong if name.endswith("example.org")]


def test_a_name_server_may_be_named(mail: Casctl, publish: Publish) -> None:
    asked = publish(GOOD)
    mail("autodiscover --dns --name-server 192.0.2.53 --name-server 192.0.2.54")
    assert asked == [("192.0.2.53", "192.0.2.54")]


def test_a_front_end_without_a_name_has_no_records(mail: Casctl, publish: Publish) -> None:
    publish(GOOD)
    mail("site add Other")
    assert "casctl site set --namespace" in mail("autodiscover --dns").output


@pytest.mark.parametrize("words", ["", "alice@example.org --dns"])
def test_either_an_address_or_the_records_are_asked_for(mail: Casctl, words: str) -> None:
    done = mail(f"autodiscover {words}")
    assert done.exit_code == 2
    assert "say an ADDRESS, or --dns" in done.output
