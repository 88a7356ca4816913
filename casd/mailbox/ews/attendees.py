"""Who stands in a VEVENT: its organiser and its attendees, read and written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from icalendar import Component, vCalAddress

from casd.mailbox.meetings import attendance
from protocols.ews.values import Address, Attendee

_ANSWERS = {
    "Unknown": "NEEDS-ACTION",
    "NoResponseReceived": "NEEDS-ACTION",
    "Organizer": "ACCEPTED",
    **attendance.PARTSTATS,
}
ROLES = {
    "calendar:RequiredAttendees": "REQ-PARTICIPANT",
    "calendar:OptionalAttendees": "OPT-PARTICIPANT",
    "calendar:Resources": "NON-PARTICIPANT",
}
"""The role (RFC 5545 section 3.2.16) of those whom a property holds."""


def organizer(event: Component) -> Address | None:
    """Return who invites, None if nobody is named."""
    return attendance.person(event["ORGANIZER"]) if "ORGANIZER" in event else None


def _attendees(event: Component) -> dict[str, list[Any]]:
    """Return the ATTENDEEs by the property that holds them; a role that is not said is required."""
    found: dict[str, list[Any]] = {}
    for one in attendance.lines(event):
        role = str(one.params.get("ROLE", "")).upper()
        uri = next((uri for uri, name in ROLES.items() if name == role), "calendar:RequiredAttendees")
        found.setdefault(uri, []).append(one)
    return found


def read(event: Component, uri: str) -> tuple[Attendee, ...]:
    """Return those invited in the role that a property names."""
    return tuple(map(_read_attendee, _attendees(event).get(uri, ())))


def _read_attendee(one: Any) -> Attendee:
    word = attendance.WORDS.get(str(one.params.get("PARTSTAT", "")).upper(), "Unknown")
    return Attendee(attendance.person(one), word, attendance.answered(one))


def writer(uri: str) -> Callable[[Component, Any], None]:
    """Return what replaces those invited in the role that a property names."""

    def change(event: Component, people: tuple[Attendee, ...] | None) -> None:
        others = [one for name, group in _attendees(event).items() if name != uri for one in group]
        wanted = [_known(event, person, ROLES[uri]) for person in people or ()]
        event.pop("ATTENDEE", None)
        for one in (*others, *wanted):
            event.add("ATTENDEE", one, encode=False)

    return change


def _known(event: Component, person: Attendee, role: str) -> vCalAddress:
    """Return somebody invited, with what he has answered already: no client answers for him."""
    made, old = _attendee(person, role), attendance.find(event, person.mailbox.address)
    if old is not None:
        kept = {name: old.params[name] for name in ("PARTSTAT", attendance.ANSWERED) if name in old.params}
        made.params.update(kept)
    return made


def _attendee(person: Attendee, role: str) -> vCalAddress:
    made = vCalAddress(f"mailto:{person.mailbox.address}")
    made.params["ROLE"] = role
    made.params["PARTSTAT"] = _ANSWERS.get(person.response, "NEEDS-ACTION")
    if person.mailbox.name:
        made.params["CN"] = person.mailbox.name
    return made


def put_organizer(event: Component, who: Address | None) -> None:
    """Say who invites."""
    event.pop("ORGANIZER", None)
    if who is not None:
        made = vCalAddress(f"mailto:{who.address}")
        made.params["CN"] = who.name or who.address
        event.add("ORGANIZER", made, encode=False)
