"""The records that a domain publishes: which they are, and what is said of those that are not right."""

from __future__ import annotations

import pytest

from casd.casctl.dns_asking import NoAnswer
from casd.casctl.dns_records import Ask, Finding, Kind, Published, Record, State, check, records
from protocols.autoconfig import Encryption, MailServer

HOST = "mail.example.org"
OURS = [HOST, "autodiscover.example.org", "autoconfig.example.org"]
PLAIN = Published(HOST)
IMAP = MailServer("imap", "imap.example.org", 993)
SMTP = MailServer("smtp", HOST, 587, Encryption.STARTTLS)
GOOD = {
    (HOST, "A"): {"192.0.2.1"},
    (HOST, "AAAA"): {"2001:db8::1"},
    ("autodiscover.example.org", "A"): {"192.0.2.1"},
    ("autodiscover.example.org", "AAAA"): {"2001:db8::1"},
    ("autoconfig.example.org", "A"): {"192.0.2.1"},
    ("autoconfig.example.org", "AAAA"): {"2001:db8::1"},
    ("_autodiscover._tcp.example.org", "SRV"): {f"10 5 443 {HOST}"},
}


def name_server(**changes: set[str]) -> Ask:
    """Return one that publishes what is good, but for changes: `A_mail.example.org` to other values."""
    published = {(name, kind): set(values) for (name, kind), values in GOOD.items()}
    for key, values in changes.items():
        kind, _, name = key.partition(" ")
        published[name, kind] = values
    return lambda name, kind: frozenset(published.get((name, kind), ()))


def looked(ask: Ask, published: Published = PLAIN, namespaces: list[str] = OURS) -> dict[str, Finding]:
    return {
        f"{each.record.kind} {each.record.name}": each
        for each in check(records("example.org", published, namespaces), ask)
    }


def states(findings: dict[str, Finding]) -> set[State]:
    return {each.state for each in findings.values()}


def test_5_1_the_records_of_a_domain() -> None:
    wanted = [str(each) for each in records("example.org", Published(HOST, (IMAP, SMTP)), OURS) if each.value]
    assert wanted == [
        "autodiscover.example.org. CNAME mail.example.org.",
        "autoconfig.example.org. CNAME mail.example.org.",
        "_autodiscover._tcp.example.org. SRV 0 0 443 mail.example.org.",
        "_imaps._tcp.example.org. SRV 0 1 993 imap.example.org.",
        "_submission._tcp.example.org. SRV 0 1 587 mail.example.org.",
    ]


def test_rfc_6764_section_3_calendars_are_asked_for_at_the_front_door() -> None:
    wanted = records("example.org", Published(HOST, caldav=True), OURS)
    found = [str(each) for each in wanted if "dav" in each.name and each.value]
    assert found == ["_caldavs._tcp.example.org. SRV 0 1 443 mail.example.org."]


def test_a_front_door_that_is_called_autodiscover_needs_no_alias() -> None:
    wanted = records("example.org", Published("autodiscover.example.org"), OURS)
    assert "autodiscover.example.org" not in [each.name for each in wanted if each.kind is Kind.ALIAS]


def test_what_is_right_is_said_to_be() -> None:
    found = looked(name_server())
    assert states(found) == {State.RIGHT}
    assert list(found) == [
        f"A {HOST}",
        "CNAME autodiscover.example.org",
        "CNAME autoconfig.example.org",
        "SRV _autodiscover._tcp.example.org",
    ]


def test_what_is_missing_is_to_be_published() -> None:
    found = looked(lambda _name, _kind: frozenset())
    assert states(found) == {State.MISSING}
    assert found[f"A {HOST}"].remedy == "publish the address of your front ends"
    assert found["CNAME autoconfig.example.org"].remedy == "publish it"


def test_a_name_that_leads_elsewhere_differs() -> None:
    found = looked(
        name_server(**{"A autodiscover.example.org": {"192.0.2.99"}, "AAAA autodiscover.example.org": set()})
    )
    finding = found["CNAME autodiscover.example.org"]
    assert finding.state is State.DIFFERS
    assert finding.remedy == "it leads to 192.0.2.99, not where mail.example.org leads: change it"


def test_a_name_that_the_front_end_refuses_is_told() -> None:
    found = looked(name_server(), namespaces=OURS[:2])
    finding = found["CNAME autoconfig.example.org"]
    assert finding.state is State.DIFFERS
    assert "add autoconfig.example.org to [http] namespaces" in finding.remedy


@pytest.mark.parametrize("value", ["0 0 8443 mail.example.org", "0 0 443 old.example.org"])
def test_a_service_elsewhere_differs(value: str) -> None:
    finding = looked(name_server(**{"SRV _autodiscover._tcp.example.org": {value}}))[
        "SRV _autodiscover._tcp.example.org"
    ]
    assert finding.state is State.DIFFERS
    assert finding.remedy == f"it says {value}: change it"


def test_a_second_server_of_a_service_does_not_hurt() -> None:
    both = {"20 0 443 other.example.org", f"0 0 443 {HOST}"}
    assert states(looked(name_server(**{"SRV _autodiscover._tcp.example.org": both}))) == {State.RIGHT}


def test_a_service_that_nobody_offers_is_not_to_be_published() -> None:
    found = looked(name_server(**{"SRV _pop3s._tcp.example.org": {"0 0 995 old.example.org"}}))
    assert found["SRV _pop3s._tcp.example.org"].state is State.DIFFERS
    assert "take it out" in found["SRV _pop3s._tcp.example.org"].remedy


def test_rfc_6186_section_3_4_a_service_may_be_said_not_to_be_there() -> None:
    assert "SRV _pop3s._tcp.example.org" not in looked(name_server(**{"SRV _pop3s._tcp.example.org": {"0 0 0 ."}}))


def test_a_service_that_is_denied_but_offered_is_missing() -> None:
    denied = name_server(**{"SRV _imaps._tcp.example.org": {"0 0 0 ."}})
    assert looked(denied, Published(HOST, (IMAP,)))["SRV _imaps._tcp.example.org"].state is State.MISSING


def test_rfc_6764_section_4_a_path_leads_past_the_front_door() -> None:
    service = "_caldavs._tcp.example.org"
    ask = name_server(**{f"SRV {service}": {f"0 1 443 {HOST}"}, f"TXT {service}": {"path=/dav/", "v=other"}})
    found = looked(ask, Published(HOST, caldav=True))
    assert found[f"SRV {service}"].state is State.RIGHT
    assert found[f"TXT {service}"].remedy == "it says path=/dav/, which leads nowhere: take it out"


def test_silence_is_no_finding() -> None:
    def silent(_name: str, _kind: str) -> frozenset[str]:
        raise NoAnswer("192.0.2.53: timed out")

    found = looked(silent)
    assert states(found) == {State.UNKNOWN}
    assert {each.remedy for each in found.values()} == {"try again later: 192.0.2.53: timed out"}


def test_a_record_reads_like_a_line_of_a_zone_file() -> None:
    assert (
        str(Record("a.example.org", Kind.SRV, "0 0 443 b.example.org", ""))
        == "a.example.org. SRV 0 0 443 b.example.org."
    )
    assert str(Record("b.example.org", Kind.ADDRESS, "", "")) == "b.example.org. A"
