"""One request to a mailbox, as the services of the Mailbox role get it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from casd.mailbox.preview.previews import Previews
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.mailbox import MailboxStore
from protocols.handover import Assertion

if TYPE_CHECKING:
    from casd.net.exchange import Exchange


@frozen
class Receipt:
    """What became of a submitted message for one recipient; `reason` says why it was not delivered."""

    address: str
    delivered: bool
    reason: str = ""


Submit = Callable[[str, Sequence[str], bytes], Awaitable[Sequence[Receipt]]]
"""(sender, recipients, MIME bytes): deliver through the front door, one `Receipt` for each recipient."""


@frozen
class Call:
    """One request with who asks, its answer's channel, and the mailbox it was routed by.

    `assertion.user` is the primary address of who asks; a service refuses a user who is not `assertion.address`.
    The methods of `mailbox` block: use them only in functions that `database.run` runs.
    `clock` times what a service holds open: notifications, time limits. `previews` makes pages of attachments, if any
    are to be made.
    """

    exchange: Exchange
    assertion: Assertion
    database: MailboxDatabase
    mailbox: MailboxStore
    submit: Submit
    clock: IReactorTime
    previews: Previews | None = None
