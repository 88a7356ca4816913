"""What an organiser does with a meeting in his own mailbox: invite, change, call off."""

from __future__ import annotations

from datetime import datetime

from icalendar import Component

from casd.mailbox.ews import ical, occurrences
from casd.mailbox.ews.soundness import sound
from casd.mailbox.meetings import attendance, invitations
from casd.mailbox.meetings.itip import File
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.store.extract import Part
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item
from protocols.ews.values import Address, Body


def owner(mailbox: MailboxStore) -> Address:
    """Return whose mailbox it is."""
    return Address(mailbox.address, mailbox.display_name)


def organises(mailbox: MailboxStore, content: bytes) -> bool:
    """Say whether the owner of a mailbox is the one who invites to an appointment of his."""
    event = ical.main(ical.shared(content), "VEVENT")
    return attendance.RESPONSE not in event and attendance.organizer(event) in {"", mailbox.address.casefold()}


def invite(mailbox: MailboxStore, item: Item, now: datetime) -> tuple[Item, list[Outgoing]]:
    """Return an appointment whose guests are invited, with what to send them; nothing if there are no guests."""
    content = mailbox.items.content(item.id)
    if not _guests(content):
        return item, []
    sent = mailbox.items.update(item.id, _sent(content))
    content = mailbox.items.content(item.id)
    return sent, [invitations.request(content, owner(mailbox), now, files=_files(mailbox, item))]


def revise(
    mailbox: MailboxStore, before: bytes, item: Item, now: datetime, only: datetime | None = None, *, everybody: bool
) -> tuple[Item, list[Outgoing]]:
    """Return a changed meeting, with what to send: to `everybody`, or to those who were added and left out.

    `before` is what it was, `only` the occurrence that was changed.
    """
    content = mailbox.items.content(item.id)
    old, new = _guests(before, only), _guests(content, only)
    removed = [guest for guest in old if guest not in new]
    told = new if everybody else [guest for guest in new if guest not in old]
    messages = [invitations.cancel(before, owner(mailbox), now, only, removed)] if removed else []
    if told:
        item = mailbox.items.update(item.id, _revised(before, content, only))
        content = mailbox.items.content(item.id)
        messages.append(invitations.request(content, owner(mailbox), now, only, told, _files(mailbox, item)))
    return item, messages


def call_off(
    mailbox: MailboxStore, item: Item, now: datetime, only: datetime | None = None, note: Body | None = None
) -> list[Outgoing]:
    """Return what tells the guests that a meeting, or one occurrence of it, will not take place."""
    content = mailbox.items.content(item.id)
    if not _guests(content, only):
        return []
    return [invitations.cancel(content, owner(mailbox), now, only, note=note)]


def _files(mailbox: MailboxStore, item: Item) -> list[File]:
    """Return what is attached to an appointment."""
    listed = mailbox.attachments.of(item.id)
    parts = [Part(0, one.name, one.content_type, one.size, one.content_id, one.inline) for one in listed]
    return [(part, mailbox.attachments.content(one.id)) for part, one in zip(parts, listed, strict=True)]


@sound
def _guests(content: bytes, only: datetime | None = None) -> list[str]:
    return attendance.invited(_event(content, only))


def _event(content: bytes, only: datetime | None) -> Component:
    calendar = ical.parse(content)
    return ical.main(calendar, "VEVENT") if only is None else occurrences.exception(calendar, only)


@sound
def _sent(content: bytes) -> bytes:
    calendar = ical.parse(content)
    for event in calendar.walk("VEVENT"):
        ical.put(event, attendance.INVITED, "TRUE")
    return ical.serialise(calendar)


@sound
def _revised(before: bytes, content: bytes, only: datetime | None) -> bytes:
    """Return a meeting that is about to be sent again: at another time its answers count no longer."""
    calendar = ical.parse(content)
    moved = attendance.schedule(_event(before, only)) != attendance.schedule(_event(content, only))
    events = [occurrences.exception(calendar, only)] if only is not None else list(calendar.walk("VEVENT"))
    for event in events:
        ical.put(event, attendance.INVITED, "TRUE")
        ical.put(event, "SEQUENCE", ical.number(event, "SEQUENCE") + moved)
        for line in attendance.lines(event) if moved else ():
            if attendance.address(line) != attendance.organizer(event):
                attendance.answer(line, "NEEDS-ACTION")
    return ical.serialise(calendar)
