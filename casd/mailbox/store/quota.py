"""How large a mailbox may grow."""

from __future__ import annotations

from attrs import frozen


@frozen
class Quota:
    """Sizes in bytes at which a mailbox's owner is warned, may send no more, may keep no more; None: never."""

    warning: int | None = None
    send: int | None = None
    receive: int | None = None


UNLIMITED = Quota()
