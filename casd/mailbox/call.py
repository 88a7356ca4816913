"""One request to a mailbox, as the services of the Mailbox role get it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from casd.mailbox.preview.previews import Previews
from casd.mailbox.push import Push
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.mailbox import MailboxStore
from protocols.handover import Assertion

if TYPE_CHECKING:
    from casd.net.exchange import Exchange


@frozen
class Receipt:
    """What became of a submitted message for one recipient; `reason` says why it was not delivered.

    Who is meant as a member of a `group` has not been written to himself.
    """

    address: str
    delivered: bool
    reason: str = ""
    group: str = ""


class Submit(Protocol):
    """Delivers MIME bytes through the front door, one `Receipt` for each recipient.

    `passed`: the mailboxes whose owners have had the message sent on.
    """

    async def __call__(
        self, sender: str, recipients: Sequence[str], mime: bytes, passed: Sequence[str] = ()
    ) -> Sequence[Receipt]:
        """Deliver one message."""


@frozen
class Person:
    """Somebody in the organisation's address book; `kind` is user, shared, room, equipment, group or outside."""

    address: str
    name: str
    kind: str = "user"


People = Callable[[str, int], Awaitable[Sequence[Person]]]
"""(words, limit): who in the organisation's address book begins so; a whole address finds its owner, also hidden."""

Members = Callable[[str], Awaitable[Sequence[Person] | None]]
"""(address): who belongs to a group of the organisation, groups among them; None for what is no group."""


@frozen
class Meant:
    """By which address somebody is meant, perhaps as one of a `group`, with his name in the address book."""

    address: str
    name: str
    group: bool = False


MeantBy = Callable[[str, Sequence[str]], Awaitable[Meant | None]]
"""(who, addresses): which of them is another address of his, or of a group that he belongs to; None: none is."""


@frozen
class Said:
    """What the server of another mailbox answers; `reason` says why there is no answer."""

    address: str
    reason: str
    value: Any = None


Ask = Callable[[str, str, Sequence[str], Any], Awaitable[Sequence[Said]]]
"""(question, who asks, addresses, what): ask other mailboxes through the front door, one `Said` for each, in order."""


async def unheard(_question: str, _who: str, addresses: Sequence[str], _what: Any) -> Sequence[Said]:
    """Reach no other mailbox: `Ask` where there is no front door."""
    return [Said(address, "there is no front door") for address in addresses]


class Unanswered(Exception):
    """The address book gave no answer; the text says why."""


async def nobody(_words: str, _limit: int) -> Sequence[Person]:
    """Know nobody: `People` where there is no address book."""
    return ()


async def no_group(_address: str) -> Sequence[Person] | None:
    """Know no group: `Members` where there is no address book."""
    return None


async def by_none(_who: str, _addresses: Sequence[str]) -> Meant | None:
    """Know no other address of anybody: `MeantBy` where there is no address book."""
    return None


@frozen
class Call:
    """One request with who asks, its answer's channel, and the mailbox it was routed by.

    `assertion.user` is the primary address of who asks; a service refuses a user who is not `assertion.address`.
    The methods of `mailbox` block: use them only in functions that `database.run` runs.
    `clock` times what a service holds open: notifications, time limits. `push` posts notifications to the places that
    the operator lets it, `previews` makes pages of attachments, if there are any. `beside` are the other mailboxes of
    the database that a front end asks for times in the same request.
    """

    exchange: Exchange
    assertion: Assertion
    database: MailboxDatabase
    mailbox: MailboxStore
    submit: Submit
    clock: IReactorTime
    push: Push | None = None
    people: People = nobody
    others: Ask = unheard
    previews: Previews | None = None
    members: Members = no_group
    meant: MeantBy = by_none
    beside: Sequence[MailboxStore] = ()
