"""Push subscriptions: events posted to the URL that a client named, until it answers that it wants no more."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from casd.mailbox.ews.subscriptions import Listener, Subscription, Subscriptions
from casd.mailbox.ews.telling import events
from casd.mailbox.push import Push
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import envelope, notifications
from protocols.ews.errors import Fault

_FIRST_RETRY = 30.0
"""Seconds before a notification that found nobody is sent again; each further time after twice as long."""

_log = Logger()


class Pushing(Listener):
    """One push subscription; a `subscriptions.Listener`.

    The subscription's life is how often it says that it lives, and for how long it bears with a client that is away.
    """

    def __init__(
        self, mailbox: MailboxStore, held: Subscriptions, told: Subscription, push: Push, clock: IReactorTime
    ) -> None:
        self._mailbox = mailbox
        self._held = held
        self._told = told
        self._push = push
        self._clock = clock
        self._known = told.watermark
        self._next: IDelayedCall | None = None
        self._busy = False
        self._open = True

    def begin(self) -> None:
        """Say once that the subscription lives, and then what happens."""
        self._held.connect(self._told, self)
        self._plan(0)

    def tell(self) -> None:
        """Send the new events, once all that happened together has been noted."""
        if not self._busy:
            self._plan(0)

    def close(self) -> None:
        """Send nothing more."""
        self._open = False
        self._stop_timer()

    def _plan(self, seconds: float) -> None:
        self._stop_timer()
        self._next = self._clock.callLater(seconds, self._send)

    def _stop_timer(self) -> None:
        if self._next is not None and self._next.active():
            self._next.cancel()

    def _send(self) -> None:
        self._busy = True
        Deferred.fromCoroutine(self._deliver()).addErrback(self._surprised)

    def _surprised(self, failure: object) -> None:
        _log.error("a push subscription failed: {failure}", failure=failure)
        self._held.end(self._told)

    async def _deliver(self) -> None:
        noted = self._told.take()
        note = notifications.write(self._told.id, events(self._mailbox, noted), "Notification", previous=self._known)
        document, wait, waited = envelope.answer(notifications.write_push(note)), _FIRST_RETRY, 0.0
        while not await self._posted(document):
            waited += wait
            if waited > self._told.life or not self._open:
                self._held.end(self._told)
                return
            await self._pause(wait)
            wait *= 2
        self._known = noted[-1].watermark if noted else self._known
        self._busy = False
        if self._open:
            self._plan(0 if self._told.has_news else self._told.life)

    async def _posted(self, document: bytes) -> bool:
        """Return whether a client has taken a notification; one that wants no more of them has taken its last."""
        try:
            answer = await self._push.post(self._told.url, document, envelope.CONTENT_TYPE)
            wants_more = notifications.parse_result(envelope.parse(answer).body)
        except Fault:
            return False
        except Exception as error:
            _log.info("a notification was not taken at {url}: {error}", url=self._told.url, error=error)
            return False
        if not wants_more:
            self._held.end(self._told)
        return True

    def _pause(self, seconds: float) -> Deferred[None]:
        waited: Deferred[None] = Deferred()
        self._next = self._clock.callLater(seconds, waited.callback, None)
        return waited
