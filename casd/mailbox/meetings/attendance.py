"""Who is invited to a VEVENT, and who has answered what: its ATTENDEEs, and the owner's own response."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from icalendar import Component, vCalAddress

from casd.mailbox.ews import ical
from protocols.ews.values import Address

RESPONSE = "X-CASD-RESPONSE"
"""The property that holds the response of the calendar's owner (a word of EWS), in entries made of invitations."""

ANSWERED = "X-CASD-ANSWERED"
"""The parameter of an ATTENDEE that says when the answer was given."""

INVITED = "X-CASD-INVITED"
"""The property that says that invitations were sent."""

UNSET = "X-CASD-REMINDER"
"""The property that holds the minutes of a reminder that is not set."""

REPLY_TIME = "X-MICROSOFT-CDO-REPLYTIME"
BUSY = "X-MICROSOFT-CDO-BUSYSTATUS"
INTENDED = "X-MICROSOFT-CDO-INTENDEDSTATUS"

PARTSTATS = {"Accept": "ACCEPTED", "Tentative": "TENTATIVE", "Decline": "DECLINED"}
"""The answers of EWS as participation statuses (RFC 5545 section 3.2.12)."""

WORDS = {partstat: word for word, partstat in PARTSTATS.items()}

_STAMP = "%Y%m%dT%H%M%SZ"


def address(line: Any) -> str:
    """Return the address in an ATTENDEE or ORGANIZER, in lower case; empty if there is none."""
    text = "" if line is None else str(line)
    return (text[7:] if text.lower().startswith("mailto:") else text).casefold()


def person(line: Any) -> Address:
    """Return who stands in an ATTENDEE or ORGANIZER, as it is written."""
    text = str(line)
    return Address(text[7:] if text.lower().startswith("mailto:") else text, str(line.params.get("CN", "")))


def lines(event: Component) -> list[Any]:
    """Return the ATTENDEEs of an event."""
    found = event.get("ATTENDEE")
    return list(found) if isinstance(found, list) else [] if found is None else [found]


def organizer(event: Component) -> str:
    """Return the address of who invites."""
    return address(event.get("ORGANIZER"))


def invited(event: Component) -> list[str]:
    """Return the addresses of all who are invited but the organiser."""
    found = dict.fromkeys(address(line) for line in lines(event))
    return [one for one in found if one and one != organizer(event)]


def find(event: Component, who: str) -> Any:
    """Return the ATTENDEE with an address, None if there is none."""
    return next((line for line in lines(event) if address(line) == who.casefold()), None)


def add(event: Component, who: str, name: str = "") -> Any:
    """Return the ATTENDEE with an address, put there if there is none."""
    if (found := find(event, who)) is None:
        found = vCalAddress(f"mailto:{who}")
        found.params["ROLE"] = "REQ-PARTICIPANT"
        if name:
            found.params["CN"] = name
        event.add("ATTENDEE", found, encode=False)
    return found


def answer(line: Any, partstat: str, when: datetime | None = None) -> None:
    """Note what somebody has answered, and when; without a time: that nobody knows yet."""
    line.params["PARTSTAT"] = partstat
    line.params.pop(ANSWERED, None)
    if when is not None:
        line.params[ANSWERED] = _stamp(when)


def answered(line: Any) -> datetime | None:
    """Return when somebody answered, None if that was never."""
    return _moment(str(line.params.get(ANSWERED, "")))


def respond(event: Component, word: str, when: datetime) -> None:
    """Note what the owner of an entry has answered, and when."""
    ical.put(event, RESPONSE, word)
    ical.put(event, REPLY_TIME, _stamp(when))


def responded(event: Component) -> datetime | None:
    """Return when the owner of an entry answered, None if that was never."""
    return _moment(ical.string(event, REPLY_TIME))


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).strftime(_STAMP)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def put_busy(event: Component, status: str) -> None:
    """Say how the time of an event counts: FREE, TENTATIVE, BUSY, OOF, WORKINGELSEWHERE."""
    ical.put(event, BUSY, status)
    ical.put(event, "TRANSP", "TRANSPARENT" if status == "FREE" else "OPAQUE")


def intended(event: Component) -> str:
    """Return how the time is to count once the invitation is accepted."""
    return (ical.string(event, INTENDED) or ical.string(event, BUSY)).upper() or "BUSY"


def schedule(event: Component) -> tuple[Any, ...]:
    """Return what an answer is given to: when, and how often. Another one must be answered anew."""
    rule = event.get("RRULE")
    start, end = ical.value(event, "DTSTART"), ical.end(event)
    return start, end, getattr(start, "tzinfo", None), rule.to_ical() if rule else b""
