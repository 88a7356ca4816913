"""Answers to invitations: what somebody invited says, and what the organiser's calendar makes of it."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any

from icalendar import Calendar, Component

from casd.mailbox.call import Meant
from casd.mailbox.ews import ical, occurrences
from casd.mailbox.ews.soundness import sound
from casd.mailbox.meetings import attendance, entries, itip
from casd.mailbox.meetings.itip import Letter, Scheduling
from casd.mailbox.outgoing import Outgoing
from protocols.ews.values import Address, Body

_SUBJECTS = {"Accept": "Accepted: ", "Tentative": "Tentative: ", "Decline": "Declined: "}
_STATUSES = frozenset({"ACCEPTED", "TENTATIVE", "DECLINED"})

Proposal = tuple[datetime, datetime] | None
"""Another time that somebody invited proposes."""


@sound
def answered(content: bytes, owner: Address, word: str, now: datetime, only: datetime | None = None) -> bytes:
    """Return an entry whose owner has answered: to all of it, or to one occurrence. Raises `BadContent`."""
    calendar = ical.parse(content)
    events = [occurrences.exception(calendar, only)] if only else list(calendar.walk("VEVENT"))
    for event in events:
        if entries.is_cancelled(event):
            continue
        attendance.respond(event, word, now)
        attendance.put_busy(event, attendance.intended(event) if word == "Accept" else "TENTATIVE")
        line = attendance.add(event, owner.address, owner.name)
        attendance.answer(line, attendance.PARTSTATS[word], now)
    return ical.serialise(calendar)


@sound
def reply(
    content: bytes,
    owner: Address,
    word: str,
    now: datetime,
    only: datetime | None = None,
    note: Body | None = None,
    proposal: Proposal = None,
) -> Outgoing:
    """Return what tells the organiser what the owner of an entry answers. Raises `BadContent`."""
    calendar = ical.parse(content)
    event = deepcopy(occurrences.exception(calendar, only) if only else ical.main(calendar, "VEVENT"))
    line = attendance.add(event, owner.address, owner.name)
    attendance.answer(line, attendance.PARTSTATS[word])
    organizer = attendance.organizer(event)
    said = _said(event, now)
    said.add("ATTENDEE", line, encode=False)
    if proposal:
        ical.put(said, "DTSTART", proposal[0])
        ical.put(said, "DTEND", proposal[1])
    subject = _SUBJECTS[word] + ical.string(event, "SUMMARY")
    to = Address(organizer, str(event["ORGANIZER"].params.get("CN", ""))) if organizer else Address("")
    letter = Letter(owner, (to,), subject, note or Body("Text", ""))
    method = "COUNTER" if proposal else "REPLY"
    return Outgoing((organizer,), itip.message(letter, itip.wrap(method, [said], calendar), now))


def _said(event: Component, now: datetime) -> Component:
    """Return what a reply repeats of the invitation (RFC 5546 section 3.2.3)."""
    said = Component.from_ical(b"BEGIN:VEVENT\r\nEND:VEVENT\r\n")
    names = ("UID", "SEQUENCE", "RECURRENCE-ID", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "ORGANIZER", "RRULE")
    for name in names:
        if name in event:
            said[name] = event[name]
    ical.put(said, "DTSTAMP", now)
    return said


@sound
def tracked(stored: bytes, answer: Scheduling, sender: str, now: datetime, meant: Meant | None = None) -> bytes | None:
    """Return the organiser's entry with an answer noted; None if the answer is out of date, or not its sender's own.

    `meant` says by which address the sender was invited if it is not this one. Raises `BadContent`.
    """
    calendar = ical.parse(stored)
    noted = [_note(calendar, event, sender, now, meant) for event in answer.events]
    return ical.serialise(calendar) if any(noted) else None


def _note(calendar: Calendar, said: Component, sender: str, now: datetime, meant: Meant | None) -> bool:
    """Note what the sender says of himself; only who was invited has a say (RFC 5546 section 3.2.3)."""
    line = attendance.find(said, sender) or (_by_address(said, meant) if meant else None)
    partstat = "" if line is None else str(line.params.get("PARTSTAT", "")).upper()
    main = ical.main(calendar, "VEVENT")
    zone = ical.zone_of(calendar, main)
    original = ical.value(said, "RECURRENCE-ID")
    target = main
    if original is not None and "RRULE" in main:
        target = occurrences.exception(calendar, ical.instant(original, zone))
    if partstat not in _STATUSES or ical.number(said, "SEQUENCE") < ical.number(target, "SEQUENCE"):
        return False
    events = [target] if target is not main else list(calendar.walk("VEVENT"))
    invited = [known for event in events if (known := _invited(event, sender, meant)) is not None]
    for known in invited:
        attendance.answer(known, partstat, now)
    return bool(invited)


def _invited(event: Component, sender: str, meant: Meant | None) -> Any:
    """Return the ATTENDEE that stands for a sender: a member of a group that is invited gets one of his own."""
    if (known := attendance.find(event, sender)) is not None or meant is None:
        return known
    if not meant.group:
        return _by_address(event, meant)
    return attendance.add(event, sender, meant.name) if attendance.find(event, meant.address) is not None else None


def _by_address(event: Component, meant: Meant) -> Any:
    return None if meant.group else attendance.find(event, meant.address)
