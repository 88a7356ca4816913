"""What is known of each kind of item: its item class, and how its content is read."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from casd.mailbox.store import calendar, contact, mail
from casd.mailbox.store.extract import Extract
from casd.mailbox.store.values import Kind


@frozen
class Known:
    """`mime` says that attachments are parts of the content."""

    item_class: str
    read: Callable[[bytes], Extract]
    mime: bool = False


KINDS = {
    Kind.MAIL: Known("IPM.Note", mail.read, mime=True),
    Kind.NOTE: Known("IPM.StickyNote", mail.read, mime=True),
    Kind.APPOINTMENT: Known("IPM.Appointment", calendar.read_appointment),
    Kind.TASK: Known("IPM.Task", calendar.read_task),
    Kind.CONTACT: Known("IPM.Contact", contact.read),
}
