"""What a meeting message does to the calendar of the mailbox in which it arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from casd.mailbox.meetings import attendance, attending, entries, itip, organising, replies
from casd.mailbox.meetings.itip import Scheduling
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Fields


def arrived(mailbox: MailboxStore, sender: str, mime: bytes, passed: Sequence[str], now: datetime) -> Fields:
    """Have the calendar follow a message; return what the message is to carry as an item.

    `sender` is who has proved to send it: he invites and calls off in his own name only, and answers for himself.
    `passed` are those who have had the message sent on.
    What does not keep to that, or cannot be read, changes nothing: it is shown, for a person to judge.
    """
    said = itip.read(mime)
    if said is None:
        return {}
    fields: Fields = {"item_class": said.item_class}
    try:
        match said.method:
            case "REQUEST":
                found = _requested(mailbox, sender.casefold(), said, mime)
            case "CANCEL":
                found = _cancelled(mailbox, sender.casefold(), said)
            case _:
                found = _answered(mailbox, sender.casefold(), said, now)
    except BadContent:
        return fields
    properties = {"calendar:UID": said.uid, "meeting:IsDelegated": bool(passed), **found}
    return {**fields, "properties": properties}


def _requested(mailbox: MailboxStore, sender: str, said: Scheduling, mime: bytes) -> Mapping[str, Any]:
    organizer = attendance.organizer(said.main)
    known = attending.entry(mailbox, said.uid, organizer)
    if sender != organizer or (known is not None and organising.organises(mailbox, mailbox.items.content(known.id))):
        return {"meeting:HasBeenProcessed": False}  # the organiser's own entry follows no invitation
    _, kind = attending.enter(mailbox, said, known, itip.files(mime))
    outdated = kind == "Outdated"
    return {
        "meeting:HasBeenProcessed": True,
        "meeting:IsOutOfDate": outdated,
        "meeting:ResponseType": "NoResponseReceived",
        "meetingRequest:MeetingRequestType": kind,
    }


def _cancelled(mailbox: MailboxStore, sender: str, said: Scheduling) -> Mapping[str, Any]:
    known = attending.entry(mailbox, said.uid, sender)
    if known is None:
        return {"meeting:HasBeenProcessed": False}
    cancelled = entries.cancelled(mailbox.items.content(known.id), said)
    if cancelled is not None:
        mailbox.items.update(known.id, cancelled)
    outdated = cancelled is None
    return {"meeting:HasBeenProcessed": True, "meeting:IsOutOfDate": outdated, "meeting:ResponseType": "Unknown"}


def _answered(mailbox: MailboxStore, sender: str, said: Scheduling, now: datetime) -> Mapping[str, Any]:
    known = attending.entry(mailbox, said.uid, mailbox.address.casefold())
    word = attendance.WORDS.get(said.answer, "Unknown")
    if known is None:
        return {"meeting:HasBeenProcessed": False, "meeting:ResponseType": word}
    content = mailbox.items.content(known.id)
    tracked = replies.tracked(content, said, sender, now)
    if tracked is not None:
        mailbox.items.update(known.id, tracked)
    current = attending.is_current(content, said)
    return {
        "meeting:HasBeenProcessed": tracked is not None,
        "meeting:IsOutOfDate": not current,
        "meeting:ResponseType": word,
    }
