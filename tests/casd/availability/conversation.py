"""A conversation about free and busy times: alice asks the front door, and servers answer it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from attrs import evolve
from lxml import etree

from casd.model import Group, Partner, ServerKind, Trust
from protocols.ews import availability, envelope
from protocols.ews.availability import Event, Request
from protocols.ews.markup import Element
from protocols.ews.merging import seen
from protocols.ews.schema import grammar
from protocols.ews.working_hours import WorkingHours
from tests.casd.estate import Answer, Asked, Client, Estate, post
from tests.protocols.ews.soap import NAMES
from tests.protocols.ews.test_availability import TOLD, at
from tests.protocols.ews.test_availability import asked as question

TARGET = "/EWS/Exchange.asmx"
WINDOW = {"start": "2027-03-01T10:00:00", "end": "2027-03-01T12:00:00"}
PLAN = Event(at(1, 9), at(1, 10), "Busy", TOLD)
"""From ten to eleven in Berlin."""

BUSY = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VFREEBUSY\r\nFREEBUSY;FBTYPE=BUSY-TENTATIVE:20270301T093000Z/PT1H\r\n"
    b"FREEBUSY:20270401T093000Z/PT1H\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n"
)
CALENDAR = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20250101T100000Z\r\nDURATION:PT30M\r\n"
    b"RRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def document(*names: str, **how: Any) -> bytes:
    return envelope.question(question(*names, **{**WINDOW, **how}))


def begin(estate: Estate, *names: str, lines: tuple[bytes, ...] = (), **how: Any) -> Client:
    """Have alice ask for the times of people."""
    client = estate.client()
    client.send(post(document(*names, **how), TARGET, *lines))
    return client


def told(client: Client) -> list[Any]:
    """Return what the answer says of each: an error's code, or its digits."""
    (answer,) = client.read(b"POST")
    assert answer.status == 200, answer.body
    return [
        node.findtext(".//t:MergedFreeBusy", None, NAMES) or node.findtext(".//m:ResponseCode", None, NAMES)
        for node in body(answer).iterfind(".//m:FreeBusyResponse", NAMES)
    ]


def body(answer: Answer) -> Element:
    found = etree.fromstring(answer.body).find("s:Body", NAMES)
    assert found is not None
    if answer.status == 200:
        grammar.check(found[0])
    return found[0]


def wanted(request: Asked) -> Request:
    return availability.parse(envelope.parse(request.body).body)


def say(
    request: Asked,
    *events: Event,
    detailed: bool = False,
    proof: bytes | None = None,
    hours: WorkingHours | None = None,
) -> None:
    """Answer as a server of EWS does, for all mailboxes the same."""
    asked = wanted(request)
    view = seen(asked, events, detailed=detailed, hours=hours)
    request.answer(envelope.answer(availability.answer(asked, [view] * len(asked.addresses))), proof=proof)


def account(estate: Estate, name: str, *lines: str) -> None:
    """Give the front end an account for a server or a domain."""
    folder = estate.folder / "accounts"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.account"
    file.write_text("\n".join(lines))
    file.chmod(0o600)
    service = estate.access.availability
    estate.access.availability = type(service)(evolve(service.settings, accounts=folder), estate.access, estate._run)


def kind(estate: Estate, name: str, kind: ServerKind) -> None:
    """Let a server be of another kind."""
    server = evolve(estate.source.estate.servers[name], kind=kind)
    estate.source.change(servers={**estate.source.estate.servers, name: server})


def group(estate: Estate, name: str, *members: str, number: int = 300) -> None:
    listed = tuple(f"{one}@example.org" for one in members)
    estate.source.groups.append(Group(UUID(int=number), f"{name}@example.org", members=listed))


def partner(estate: Estate, trust: Trust, url: str = "https://there.example/EWS/Exchange.asmx") -> None:
    estate.source.change(partners={"there.example": Partner("there.example", availability=url, trust=trust)})
