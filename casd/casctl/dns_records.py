"""The DNS records by which clients of a domain find their settings, and what is wrong with those that are published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from attrs import frozen

from casd.casctl.dns_asking import NoAnswer
from protocols.autoconfig import Encryption, MailServer

Ask = Callable[[str, str], frozenset[str]]
"""A name and a kind of record to the values that are published; may raise `NoAnswer`."""

_AT_ONCE = 32

_SERVICES = {
    # RFC 6186 section 3, RFC 8314 section 5.1
    ("imap", Encryption.SSL): "_imaps._tcp",
    ("imap", Encryption.STARTTLS): "_imap._tcp",
    ("pop3", Encryption.SSL): "_pop3s._tcp",
    ("pop3", Encryption.STARTTLS): "_pop3._tcp",
    ("smtp", Encryption.SSL): "_submissions._tcp",
    ("smtp", Encryption.STARTTLS): "_submission._tcp",
}
_NOT_HERE = "."
"""The target by which a service is said not to be there (RFC 2782)."""


class Kind(StrEnum):
    """The kind of a record; an alias may as well be addresses, if they are those of its target."""

    ALIAS = "CNAME"
    SRV = "SRV"
    TXT = "TXT"
    ADDRESS = "A"


@frozen
class Record:
    """One record to publish; one without a `value` must not be there; addresses only the operator knows."""

    name: str
    kind: Kind
    value: str
    purpose: str
    served: bool = True
    """Whether the front end answers by this name: [http] namespaces has it."""

    @property
    def wanted(self) -> bool:
        """Whether it is to be there."""
        return bool(self.value) or self.kind is Kind.ADDRESS

    def __str__(self) -> str:
        return f"{self.name}. {self.kind} {self.value}." if self.value else f"{self.name}. {self.kind}"


class State(StrEnum):
    """What was found where a record belongs."""

    RIGHT = "right"
    MISSING = "missing"
    DIFFERS = "differs"
    UNKNOWN = "no answer"


@frozen
class Finding:
    """What was found of one record, and what to do about it."""

    record: Record
    state: State
    remedy: str = ""


@frozen
class Published:
    """What records tell of: the front door's host, the servers of mail, whether anybody has CalDAV and CardDAV."""

    host: str
    mail: tuple[MailServer, ...] = ()
    caldav: bool = False
    carddav: bool = False


def records(domain: str, published: Published, namespaces: Iterable[str]) -> Iterator[Record]:
    """Return what is to be published for a domain, and what must not be."""
    served, host = frozenset(namespaces), published.host
    yield Record(host, Kind.ADDRESS, "", "the front door", host in served)
    for name, purpose in (("autodiscover", "Outlook, phones"), ("autoconfig", "Thunderbird")):
        if (full := f"{name}.{domain}") != host:
            yield Record(full, Kind.ALIAS, host, purpose, full in served)
    yield Record(f"_autodiscover._tcp.{domain}", Kind.SRV, f"0 0 443 {host}", "Outlook, where autodiscover is missing")
    yield from _mail(domain, published.mail)
    yield from _dav(f"_caldavs._tcp.{domain}", host if published.caldav else "", "calendars (RFC 6764)")
    yield from _dav(f"_carddavs._tcp.{domain}", host if published.carddav else "", "address books (RFC 6764)")


def _mail(domain: str, servers: Sequence[MailServer]) -> Iterator[Record]:
    for (protocol, encryption), service in _SERVICES.items():
        found = [each for each in servers if (each.protocol, each.encryption) == (protocol, encryption)]
        for number, each in enumerate(found):
            yield Record(f"{service}.{domain}", Kind.SRV, f"{number} 1 {each.port} {each.host}", "mail (RFC 6186)")
        if not found:
            yield Record(f"{service}.{domain}", Kind.SRV, "", "mail (RFC 6186)")


def _dav(service: str, host: str, purpose: str) -> Iterator[Record]:
    """Have clients come to the front door, which knows where whose are; a path would lead past it."""
    yield Record(service, Kind.SRV, f"0 1 443 {host}" if host else "", purpose)
    yield Record(service, Kind.TXT, "", purpose)


def check(wanted: Iterable[Record], ask: Ask) -> list[Finding]:
    """Return what is published of each record, asked for all at once.

    What is rightly not there is left out.
    """
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        findings = list(threads.map(lambda record: _look(record, ask), wanted))
    return [each for each in findings if each.record.wanted or each.state is State.DIFFERS]


def _look(record: Record, ask: Ask) -> Finding:
    try:
        finding = _found(record, ask)
    except NoAnswer as error:
        return Finding(record, State.UNKNOWN, f"try again later: {error}")
    if finding.state is State.RIGHT and not record.served:
        return Finding(record, State.DIFFERS, f"it leads here, but is refused: add {record.name} to [http] namespaces")
    return finding


def _found(record: Record, ask: Ask) -> Finding:
    match record.kind:
        case Kind.ADDRESS:
            if _addresses(record.name, ask):
                return Finding(record, State.RIGHT)
            return Finding(record, State.MISSING, "publish the address of your front ends")
        case Kind.ALIAS:
            return _leads(record, _addresses(record.name, ask), _addresses(record.value, ask))
        case Kind.TXT:
            return _compare(
                record, {each for each in ask(record.name, record.kind) if each.lower().startswith("path=")}
            )
        case Kind.SRV:
            return _compare(record, {each for each in ask(record.name, record.kind) if _target(each)[1] != _NOT_HERE})


def _leads(record: Record, found: frozenset[str], wanted: frozenset[str]) -> Finding:
    if not found:
        return Finding(record, State.MISSING, "publish it")
    if found == wanted:
        return Finding(record, State.RIGHT)
    return Finding(record, State.DIFFERS, f"it leads to {_listed(found)}, not where {record.value} leads: change it")


def _compare(record: Record, found: set[str]) -> Finding:
    if not found:
        return Finding(record, State.MISSING, "publish it") if record.value else Finding(record, State.RIGHT)
    if not record.value:
        return Finding(record, State.DIFFERS, f"it says {_listed(found)}, which leads nowhere: take it out")
    if _target(record.value) in map(_target, found):
        return Finding(record, State.RIGHT)
    return Finding(record, State.DIFFERS, f"it says {_listed(found)}: change it")


def _target(value: str) -> tuple[str, str]:
    """Return the port and host of a service; its priority and weight are the operator's."""
    return tuple(value.lower().split()[-2:]) if len(value.split()) == 4 else ("", value)  # type: ignore[return-value]


def _addresses(name: str, ask: Ask) -> frozenset[str]:
    return ask(name, "A") | ask(name, "AAAA")


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))
