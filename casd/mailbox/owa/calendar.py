"""What web mail asks of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from casd.mailbox.ews import appointments, ical, places
from casd.mailbox.ews.windows import Entry, entries
from casd.mailbox.meetings import attending
from casd.mailbox.owa import recurring
from casd.mailbox.owa.appointments import changes, details, entry_shape
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.moments import moment_of, original_of, zone_of
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item, Kind
from protocols.ews.paths import Property
from protocols.ews.values import Address
from protocols.ews.views import Window

_MONTH = timedelta(days=62)
_AHEAD = timedelta(days=1)
"""How long before its start web mail lets an appointment remind of itself."""


def find_appointment(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Return all that a window of time shows, each occurrence of a series for itself."""
    start, end = moment_of(arguments, "start"), moment_of(arguments, "end")
    if not timedelta(0) <= end - start <= _MONTH:
        raise BadArgument("A window of time has at most 62 days.")
    return {"items": [entry_shape(mailbox, each) for each in within(mailbox, start, end)]}


def find_reminder(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Return what begins in a window, or up to a day after it, and reminds of itself; with the calendar's folder."""
    start, end = moment_of(arguments, "start"), moment_of(arguments, "end")
    if not timedelta(0) <= end - start <= timedelta(days=2):
        raise BadArgument("Reminders are told for at most two days.")
    found = (_reminder(mailbox, entry) for entry in within(mailbox, start, end + _AHEAD))
    return {"folder": mailbox.folders.distinguished("calendar").id, "items": [each for each in found if each]}


def get_appointment(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Return all that a form shows of an appointment, or of the occurrence that was `original` at this time."""
    item = mailbox.items.get(arguments.text("id"))
    entry = _occurrence(mailbox, item, original_of(arguments))
    return {**entry_shape(mailbox, entry), **details(mailbox.items.content(item.id), entry)}


def save_appointment(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Make an appointment, change one, or change one occurrence of a series; what is not named stays as it is."""
    return {"id": saved(mailbox, arguments).id}


def saved(mailbox: MailboxStore, arguments: Arguments) -> Item:
    """Do as `save_appointment` is told, and return the item."""
    zone = zone_of(arguments)
    named, original = arguments.optional_text("id"), original_of(arguments)
    if named is None:
        made = appointments.write(b"", {**_begin(mailbox), **changes(mailbox, arguments)}, zone)
        mailbox.admit(len(made))
        return mailbox.items.create(mailbox.folders.distinguished("calendar").id, Kind.APPOINTMENT, made, read=True)
    item, content = mailbox.items.get(named), mailbox.items.content(named)
    wanted = changes(mailbox, arguments, recurring.series(content) if item.recurring else None)
    if original:
        _occurrence(mailbox, item, original)
        made = appointments.write_occurrence(content, original, wanted, zone)
    else:
        made = appointments.write(content, wanted, zone)
    mailbox.admit(len(made), len(content))
    return mailbox.items.update(named, made)


def delete_appointment(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Delete an appointment, or one occurrence of a series."""
    attending.take_out(mailbox, mailbox.items.get(arguments.text("id")), original_of(arguments))
    return {}


def within(mailbox: MailboxStore, start: datetime, end: datetime) -> list[Entry]:
    """Return what of the calendar overlaps a window of time."""
    return entries(mailbox, mailbox.folders.distinguished("calendar").id, Window(start, end), UTC)


def _reminder(mailbox: MailboxStore, entry: Entry) -> dict[str, Any] | None:
    """Return an entry with the moment at which to remind of it; None for one without a reminder, or a cancelled one."""
    try:
        minutes = ical.reminder(ical.main(ical.parse(mailbox.items.content(entry.item.id)), "VEVENT"))
    except BadContent:  # one that cannot be read hides no other
        return None
    if minutes is None or entry.item.status.upper() == "CANCELLED":
        return None
    return {**entry_shape(mailbox, entry), "remind": (entry.start - timedelta(minutes=minutes)).isoformat()}


def _begin(mailbox: MailboxStore) -> dict[Property, Any]:
    owner, now = Address(mailbox.address, mailbox.display_name), datetime.now(UTC).replace(microsecond=0)
    return {
        Property("calendar:UID"): str(uuid4()),
        Property("calendar:DateTimeStamp"): now,
        Property("calendar:Organizer"): owner,
        Property("calendar:LegacyFreeBusyStatus"): "Busy",
    }


def _occurrence(mailbox: MailboxStore, item: Item, original: datetime | None) -> Entry:
    if original is None:
        return Entry(item, item.start or item.created)
    found = places.only(mailbox, item, lambda one: one.original == original)
    return Entry(item, found.start, found)
