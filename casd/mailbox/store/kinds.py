"""What is known of each kind of item: its item class, and how its content is read."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from casd.mailbox.store import calendar, contact, mail
from casd.mailbox.store.errors import BadContent, StoreError
from casd.mailbox.store.extract import Extract
from casd.mailbox.store.values import Kind


@frozen
class Known:
    """`mime` says that attachments are parts of the content."""

    item_class: str
    reader: Callable[[bytes], Extract]
    mime: bool = False

    def read(self, content: bytes) -> Extract:
        """Take a content apart; `BadContent` for whatever its libraries stumble over."""
        try:
            return self.reader(content)
        except StoreError:
            raise
        except Exception as error:
            raise BadContent(f"{type(error).__name__}: {error}") from error


KINDS = {
    Kind.MAIL: Known("IPM.Note", mail.read, mime=True),
    Kind.NOTE: Known("IPM.StickyNote", mail.read, mime=True),
    Kind.APPOINTMENT: Known("IPM.Appointment", calendar.read_appointment),
    Kind.TASK: Known("IPM.Task", calendar.read_task),
    Kind.CONTACT: Known("IPM.Contact", contact.read),
}
