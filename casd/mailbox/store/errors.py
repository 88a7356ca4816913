"""What the store answers when it cannot do what was asked."""

from __future__ import annotations


class StoreError(Exception):
    """Nothing of the operation was done; the text is for people."""


class NotFound(StoreError):
    """No item, folder or attachment with this id is in this mailbox."""


class Conflict(StoreError):
    """The item has changed since the change key that the caller holds."""


class FolderExists(StoreError):
    """The parent already holds a folder of this name (compared without regard to case)."""


class NotAllowed(StoreError):
    """A default folder cannot be renamed, moved or deleted, nor a folder moved below itself."""


class BadContent(StoreError):
    """The content is not what its kind says: MIME, iCalendar or vCard."""


class BadQuery(StoreError):
    """The filter or the order names a field that does not exist, or compares it with the wrong type."""


class BadState(StoreError):
    """This synchronisation state is not one of ours; the client must start again with an empty one."""


class Forbidden(StoreError):
    """Whoever asks may not do this in somebody else's mailbox."""


class QuotaExceeded(StoreError):
    """The mailbox has no room for this, or is too full to send."""


class NoDatabase(StoreError):
    """The databases' folder holds no database of this name, and none was to be made."""


class AlreadyMounted(StoreError):
    """Another server holds this database."""

    def __init__(self, name: str, holder: str) -> None:
        super().__init__(f"{name} is mounted by {holder}")
        self.name = name
        self.holder = holder


class NotMounted(StoreError):
    """This server has dismounted the database: nothing was done, ask the server that holds it."""
