"""Free and busy times in iCalendar: a VFREEBUSY asked for, and read (RFC 5545 section 3.6.4, RFC 5546 section 3.3).

What is read comes from servers that are not trusted: it costs no more than a look at each of its lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from attrs import frozen

_STATUSES = {"FREE": "", "BUSY": "Busy", "BUSY-TENTATIVE": "Tentative", "BUSY-UNAVAILABLE": "OOF"}
"""FBTYPE (RFC 5545 section 3.2.9) as a status of EWS; what is none of these counts as BUSY."""

_FOLD, _END = re.compile(r"\r?\n[ \t]"), re.compile(r"\r?\n")
_BEGIN = re.compile(rb"^BEGIN:VFREEBUSY[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_TYPE = re.compile(r';FBTYPE="?([A-Z-]+)', re.IGNORECASE)
_LENGTH = re.compile(r"\+?P(?:(\d{1,3})W|(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?)")
_MOMENT = re.compile(r"[0-9]{8}[Tt][0-9]{6}[Zz]")
_UNITS = ("weeks", "days", "hours", "minutes", "seconds")


class BadFreeBusy(ValueError):
    """No free and busy times of iCalendar."""


class TooMany(Exception):
    """More times than anybody wants to see."""


@frozen
class Period:
    """A time that is not free, in UTC without offset; `status` is a word of EWS."""

    start: datetime
    end: datetime
    status: str


def is_one(content: bytes) -> bool:
    """Say whether there is a VFREEBUSY, and not only the word in somebody's text."""
    return _BEGIN.search(content) is not None


def read(content: bytes, most: int) -> list[Period]:
    """Return the times in a VFREEBUSY by their begin. Raises `BadFreeBusy`, `TooMany`."""
    if not is_one(content):
        raise BadFreeBusy("there is no VFREEBUSY")
    found: list[Period] = []
    for line in unfolded(content):
        if line[:8].upper() == "FREEBUSY" and line[8:9] in {":", ";"}:
            found.extend(_periods(line, most - len(found)))
    return sorted(found, key=lambda period: period.start)


def unfolded(content: bytes) -> list[str]:
    """Return the lines of iCalendar (RFC 5545 section 3.1); what else Unicode takes for a line's end is text."""
    return _END.split(_FOLD.sub("", content.decode("utf-8", "replace")))


def _periods(line: str, most: int) -> Iterator[Period]:
    how, _, values = line.partition(":")
    said = _TYPE.search(how)
    status = _STATUSES.get(said[1].upper(), "Busy") if said else "Busy"
    listed = values.split(",", most + 1) if status else ()
    if len(listed) > most:
        raise TooMany
    for value in listed:
        start, end = _period(value.strip())
        if start < end:
            yield Period(start, end, status)


def _period(value: str) -> tuple[datetime, datetime]:
    """Read a PERIOD (RFC 5545 section 3.3.9), which stands in UTC here."""
    first, _, last = value.partition("/")
    start = _moment(first)
    if last[-1:] in {"Z", "z"}:
        return start, _moment(last)
    try:
        return start, start + duration(last)
    except OverflowError:
        raise BadFreeBusy(f"{value[:40]!r} has no end") from None


def duration(text: str) -> timedelta:
    """Read a DURATION that is not negative (RFC 5545 section 3.3.6). Raises `BadFreeBusy`."""
    length = _LENGTH.fullmatch(text.upper())
    if length is None or text.upper().endswith(("P", "T")):
        raise BadFreeBusy(f"{text[:40]!r} is no length")
    return timedelta(**dict(zip(_UNITS, (int(one or 0) for one in length.groups()), strict=True)))


def _moment(text: str) -> datetime:
    try:
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text[:-1])  # ten times as fast as strptime
    except ValueError:
        pass
    raise BadFreeBusy(f"{text[:40]!r} is no time in UTC")


@frozen
class Wanted:
    """Whose time is asked for, by whom, from when to when in UTC; `uid` is the request's own name."""

    organizer: str
    attendees: Sequence[str]
    start: datetime
    end: datetime
    uid: str
    now: datetime


def ask(wanted: Wanted) -> bytes:
    """Return a request for free and busy times (RFC 5546 section 3.3.2). Addresses must be printable."""
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//casd//Availability//EN", "METHOD:REQUEST", "BEGIN:VFREEBUSY"),
        f"UID:{wanted.uid}",
        f"DTSTAMP:{stamp(wanted.now)}",
        f"DTSTART:{stamp(wanted.start)}",
        f"DTEND:{stamp(wanted.end)}",
        f"ORGANIZER:mailto:{wanted.organizer}",
        *(f"ATTENDEE:mailto:{one}" for one in wanted.attendees),
        *("END:VFREEBUSY", "END:VCALENDAR", ""),
    ]
    return "\r\n".join(map(_folded, lines)).encode()


def stamp(moment: datetime) -> str:
    """Write a DATE-TIME in UTC."""
    return moment.strftime("%Y%m%dT%H%M%SZ")


def _folded(line: str) -> str:
    """Fold a line into pieces of at most 75 octets (RFC 5545 section 3.1)."""
    pieces, piece = [], ""
    for letter in line:
        if len((piece + letter).encode()) > 74:
            pieces.append(piece)
            piece = ""
        piece += letter
    return "\r\n ".join((*pieces, piece))
