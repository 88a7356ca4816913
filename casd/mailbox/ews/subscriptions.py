"""Subscriptions: what has happened in folders since a client asked to be told, until it is told."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from secrets import token_hex
from typing import Any, Protocol, Self
from weakref import WeakKeyDictionary, proxy

from attrs import define, field, frozen
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.values import Dismounted, Event, EventKind
from protocols.ews.errors import Refusal

MOST = 100
"""Subscriptions to one mailbox at a time: some for each client of its owner."""

BACKLOG = 1000
"""Events held for a client that does not fetch them; with more it must synchronise anyway."""

STREAMING_LIFE = 30 * 60
"""Seconds that a streaming subscription lives without a connection (Exchange's own)."""

TYPES = {
    EventKind.COPIED: "CopiedEvent",
    EventKind.CREATED: "CreatedEvent",
    EventKind.DELETED: "DeletedEvent",
    EventKind.MODIFIED: "ModifiedEvent",
    EventKind.MOVED: "MovedEvent",
    EventKind.NEW_MAIL: "NewMailEvent",
}


@frozen
class Noted:
    """An event with its place in the sequence of its subscription."""

    number: int
    event: Event
    watermark: str


class Listener(Protocol):
    """A connection that waits for news."""

    def tell(self) -> None:
        """Take the new events."""

    def close(self) -> None:
        """End: the subscription has ended, or another connection has taken over."""


@define(eq=False)
class Subscription:
    """What one client wants to hear of one mailbox. `folders` is None for all of them.

    `origin` is where the mailbox was when it began, `url` where the client of a push subscription waits.
    `listener` is the connection that hears of it at once, if there is one.
    """

    id: str
    mailbox: str
    folders: frozenset[str] | None
    types: frozenset[str]
    life: float
    origin: int = 0
    url: str = ""
    listener: Listener | None = None
    _last: int = 0
    _noted: deque[Noted] = field(factory=deque)

    @classmethod
    def new(cls, mailbox: str, folders: frozenset[str] | None, types: frozenset[str], life: float, **more: Any) -> Self:
        """Return a subscription with an identifier of its own."""
        return cls(token_hex(16), mailbox, folders, types, life, **more)

    @property
    def watermark(self) -> str:
        """The place in the sequence of events where it is now."""
        return f"{self.origin}-{self._last}"

    @property
    def has_news(self) -> bool:
        """Whether there are events that nobody has taken."""
        return bool(self._noted)

    def concerns(self, event: Event) -> bool:
        """Say whether the client wants to hear of an event."""
        where = {event.folder, event.old_folder} if event.item else {event.folder, event.parent, event.old_folder}
        return TYPES[event.kind] in self.types and (self.folders is None or bool(where & self.folders))

    def note(self, event: Event) -> bool:
        """Keep an event for the client; False when it has too many to catch up with."""
        self._last += 1
        self._noted.append(Noted(self._last, event, self.watermark))
        if self.listener is not None:
            self.listener.tell()
        return len(self._noted) <= BACKLOG

    def after(self, watermark: str) -> tuple[Noted, ...]:
        """Return the events behind a watermark, and forget those before. Raises `Refusal` (ErrorInvalidWatermark)."""
        first = self._noted[0].number if self._noted else self._last + 1
        origin, _, number = watermark.partition("-")
        if origin != str(self.origin) or not number.isdecimal() or not first <= int(number[:18]) + 1 <= self._last + 1:
            raise Refusal("ErrorInvalidWatermark")
        while self._noted and self._noted[0].number <= int(number):
            self._noted.popleft()
        return tuple(self._noted)

    def take(self) -> tuple[Noted, ...]:
        """Return all events, and forget them."""
        taken = tuple(self._noted)
        self._noted.clear()
        return taken


class Subscriptions:
    """All subscriptions to the mailboxes of one mounted database.

    They live in memory: a client whose server has changed hears ErrorSubscriptionNotFound and subscribes anew.
    """

    def __init__(self, database: MailboxDatabase, clock: IReactorTime) -> None:
        self._database: MailboxDatabase = proxy(database)  # which they must not outlive
        self._clock = clock
        self._held: dict[str, Subscription] = {}
        self._stops: dict[str, Callable[[], None]] = {}
        self._timers: dict[str, IDelayedCall] = {}

    def add(self, made: Subscription) -> Subscription:
        """Begin to note events. Raises `Refusal` when there are too many subscriptions."""
        if sum(held.mailbox == made.mailbox for held in self._held.values()) >= MOST:
            raise Refusal("ErrorExceededSubscriptionCount")
        self._held[made.id] = made
        self._stops[made.id] = self._database.watch(made.mailbox, lambda notice: self._notice(made, notice))
        self.touch(made)
        return made

    def get(self, mailbox: str, name: str) -> Subscription:
        """Return a subscription to this mailbox. Raises `Refusal` (ErrorSubscriptionNotFound)."""
        found = self._held.get(name)
        if found is None or found.mailbox != mailbox:
            raise Refusal("ErrorSubscriptionNotFound")
        return found

    def touch(self, subscription: Subscription) -> None:
        """Let a subscription live on for its whole life."""
        self._stop_timer(subscription)
        self._timers[subscription.id] = self._clock.callLater(subscription.life, self.end, subscription)

    def connect(self, subscription: Subscription, listener: Listener) -> None:
        """Let a subscription live as long as a connection does, which takes over from an earlier one."""
        if subscription.listener is not None:
            subscription.listener.close()
        subscription.listener = listener
        self._stop_timer(subscription)

    def disconnect(self, subscription: Subscription, listener: Listener) -> None:
        """Let a subscription that has lost its connection live on for its whole life."""
        if subscription.listener is listener:
            subscription.listener = None
            if subscription.id in self._held:
                self.touch(subscription)

    def leave(self, subscription: Subscription) -> None:
        """Forget a subscription that its client wants no more. Raises `Refusal`: of push it says so when it is told."""
        if subscription.url:
            raise Refusal("ErrorInvalidSubscription", "A push subscription ends by the answer to a notification.")
        self.end(subscription)

    def end(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        self._stop_timer(subscription)
        if self._held.pop(subscription.id, None) is None:
            return
        self._stops.pop(subscription.id)()
        if subscription.listener is not None:
            subscription.listener.close()

    def _stop_timer(self, subscription: Subscription) -> None:
        timer = self._timers.pop(subscription.id, None)
        if timer is not None and timer.active():
            timer.cancel()

    def _notice(self, subscription: Subscription, notice: Event | Dismounted) -> None:
        if isinstance(notice, Dismounted) or (subscription.concerns(notice) and not subscription.note(notice)):
            self.end(subscription)


def is_name(text: str) -> bool:
    """Say whether this may have been the identifier of a subscription."""
    return re.fullmatch("[0-9a-f]{32}", text) is not None


_BY_DATABASE: WeakKeyDictionary[MailboxDatabase, Subscriptions] = WeakKeyDictionary()


def of(database: MailboxDatabase, clock: IReactorTime) -> Subscriptions:
    """Return the subscriptions to the mailboxes of a database, as long as it is mounted."""
    if database not in _BY_DATABASE:
        _BY_DATABASE[database] = Subscriptions(database, clock)
    return _BY_DATABASE[database]
