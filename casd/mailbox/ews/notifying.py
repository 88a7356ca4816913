"""Subscribe, Unsubscribe, GetEvents and GetStreamingEvents: clients told of what happens."""

from __future__ import annotations

from datetime import tzinfo

from twisted.internet.interfaces import IDelayedCall

from casd.mailbox.call import Call
from casd.mailbox.ews import places, subscriptions
from casd.mailbox.ews.pushing import Pushing
from casd.mailbox.ews.subscriptions import STREAMING_LIFE, Subscription, Subscriptions
from casd.mailbox.ews.telling import events
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import envelope, notifications, responses
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element, m, text
from protocols.ews.notifications import Interest

_STREAM = "GetStreamingEvents"
_HEARTBEAT = 30.0
"""Seconds between signs of life on a quiet stream: less than any relay's idle time limit."""


async def subscribe(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve Subscribe."""
    interest = notifications.parse(body)
    try:
        folders, position = await call.database.run(_wanted, call.mailbox, interest)
        made = _made(call, interest, folders, position)
    except Refusal as refusal:
        return responses.answer("Subscribe", [responses.error("Subscribe", refusal)])
    watermark = m("Watermark", made.watermark) if interest.life is not None else None
    return responses.answer("Subscribe", [responses.success("Subscribe", m("SubscriptionId", made.id), watermark)])


def _wanted(mailbox: MailboxStore, interest: Interest) -> tuple[frozenset[str] | None, int]:
    """Return the folders that a client wants to hear of, and where the mailbox is now.

    Raises `Refusal` for a watermark of the past: what has happened since is not known any more.
    """
    position = mailbox.position
    if interest.watermark and interest.watermark.partition("-")[0] != str(position):
        raise Refusal("ErrorInvalidWatermark")
    if interest.folders is None:
        return None, position
    return frozenset(places.folder(mailbox, wanted).id for wanted in interest.folders), position


def _made(call: Call, interest: Interest, folders: frozenset[str] | None, position: int) -> Subscription:
    if interest.url and (call.push is None or not call.push.allows(interest.url)):
        words = "The URL is not of the places that [mailbox:NAME] push lists."
        raise Refusal("ErrorInvalidPushSubscriptionUrl", words)
    life = STREAMING_LIFE if interest.life is None else interest.life * 60
    made = _held(call).add(
        Subscription.new(call.mailbox.guid, folders, interest.types, life, origin=position, url=interest.url)
    )
    if interest.url and call.push is not None:
        Pushing(call.mailbox, _held(call), made, call.push, call.clock).begin()
    return made


def _held(call: Call) -> Subscriptions:
    return subscriptions.of(call.database, call.clock)


async def unsubscribe(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve Unsubscribe."""
    try:
        _held(call).leave(_held(call).get(call.mailbox.guid, text(body, "SubscriptionId")))
    except Refusal as refusal:
        return responses.answer("Unsubscribe", [responses.error("Unsubscribe", refusal)])
    return responses.answer("Unsubscribe", [responses.success("Unsubscribe")])


async def get_events(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve GetEvents: the events of a pull subscription behind a watermark, all at once."""
    name, watermark = text(body, "SubscriptionId"), text(body, "Watermark")
    try:
        found = _held(call).get(call.mailbox.guid, name)
        noted = found.after(watermark)
    except Refusal as refusal:
        return responses.answer("GetEvents", [responses.error("GetEvents", refusal)])
    _held(call).touch(found)
    told = notifications.write(name, events(call.mailbox, noted), "Notification", previous=watermark)
    return responses.answer("GetEvents", [responses.success("GetEvents", told)])


async def get_streaming_events(call: Call, body: Element, _zone: tzinfo) -> Element | None:
    """Serve GetStreamingEvents: one document after the other, until the time is over or the client goes."""
    names, minutes = notifications.parse_streaming(body)
    held, found, unknown = _held(call), list[Subscription](), list[str]()
    for name in names:
        try:
            found.append(held.get(call.mailbox.guid, name))
        except Refusal:
            unknown.append(name)
    if unknown:
        ids = m("ErrorSubscriptionIds", *(m("SubscriptionId", name) for name in unknown))
        gone = all(map(subscriptions.is_name, unknown))
        code = "ErrorSubscriptionNotFound" if gone else "ErrorInvalidSubscription"
        message = responses.error(_STREAM, Refusal(code), ids)
        return responses.answer(_STREAM, [message])
    _Stream(call, held, found).begin(minutes * 60)
    return None


class _Stream:
    """One open GetStreamingEvents; a `subscriptions.Listener`."""

    def __init__(self, call: Call, held: Subscriptions, told: list[Subscription]) -> None:
        self._call = call
        self._held = held
        self._told = told
        self._open = True
        self._timers: list[IDelayedCall] = []
        self._news: IDelayedCall | None = None

    def begin(self, seconds: float) -> None:
        """Send what has happened, and stay for what will."""
        self._call.exchange.begin(200, ((b"Content-Type", envelope.CONTENT_TYPE),))
        self._call.exchange.on_lost(self._leave)
        self._timers = [self._call.clock.callLater(seconds, self.close)]
        for subscription in self._told:
            self._held.connect(subscription, self)
        self._beat()
        self._send()

    def tell(self) -> None:
        """Send what has happened since, once all that happened together has been noted."""
        self._news = self._news or self._call.clock.callLater(0, self._send)

    def _send(self) -> None:
        self._news = None
        told = [(one.id, events(self._call.mailbox, one.take())) for one in self._told]
        notes = [notifications.write(name, news, "Notifications") for name, news in told if news]
        if notes:
            self._write(m("Notifications", notes))

    def close(self) -> None:
        """Say that it is over, and end."""
        if self._open:
            self._send()
            self._write(m("ConnectionStatus", "Closed"))
            self._leave()
            self._call.exchange.finish()

    def _beat(self) -> None:
        self._write(m("ConnectionStatus", "OK"))
        self._timers[1:] = [self._call.clock.callLater(_HEARTBEAT, self._beat)]

    def _write(self, content: Element) -> None:
        message = responses.success(_STREAM, content)
        self._call.exchange.write(envelope.answer(responses.answer(_STREAM, [message])))

    def _leave(self) -> None:
        self._open = False
        for timer in (*self._timers, self._news):
            if timer is not None and timer.active():
                timer.cancel()
        for subscription in self._told:
            self._held.disconnect(subscription, self)
