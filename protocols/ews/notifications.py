"""Notifications: what a client subscribes to, and the events that it is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from attrs import frozen

from protocols.ews.codecs import (
    choice,
    parse_boolean,
    parse_integer,
    read_folder_id,
    show_boolean,
    show_moment,
    write_id,
)
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Element, children, local, m, t, text
from protocols.ews.values import Distinguished, Id

_TYPES = choice(
    *("CopiedEvent", "CreatedEvent", "DeletedEvent", "ModifiedEvent", "MovedEvent", "NewMailEvent"),
    "FreeBusyChangedEvent",
)

_LIVES = {"Streaming": "", "Pull": "Timeout", "Push": "StatusFrequency"}
"""The kinds of subscriptions, and which element says how long one lives."""

MAX_LIFE = 1440
"""Minutes (SubscriptionTimeoutType and SubscriptionStatusFrequencyType)."""

MAX_SUBSCRIPTIONS = 200
"""Subscriptions of one GetStreamingEvents (reference of the operation; Exchange has the same bound)."""


@frozen
class Interest:
    """What a subscription is about: the folders (None: all of them) and the types of events.

    `life` is for how many minutes a pull subscription lives unasked, or a push one unheard; None for a streaming one.
    `watermark` is where it is to begin, if not now; `url` where the client of a push subscription waits.
    """

    folders: tuple[Id | Distinguished, ...] | None
    types: frozenset[str]
    life: int | None = None
    watermark: str = ""
    url: str = ""


@frozen
class Event:
    """One event. `subject` is the item or folder, `is_item` says which; `old` is where it came from."""

    type: str
    watermark: str
    timestamp: datetime
    is_item: bool
    subject: Id
    parent: Id
    old: Id | None = None
    old_parent: Id | None = None


def parse(node: Element) -> Interest:
    """Return what a Subscribe asks for. Raises `BadDocument` and `Refusal`."""
    if len(node) != 1:
        raise BadDocument("A Subscribe holds one subscription request.")
    wish = node[0]
    kind = local(wish).removesuffix("SubscriptionRequest")
    if kind not in _LIVES:
        raise BadDocument(f"The element '{local(wish)}' is not a subscription request.")
    folders = None if parse_boolean(wish.get("SubscribeToAllFolders", "false")) else children(wish, "FolderIds")
    if folders == []:
        raise Refusal("ErrorInvalidSubscription", "A subscription is to folders.")
    types = frozenset(_TYPES.constant(each.text or "") for each in children(wish, "EventTypes"))
    life = parse_integer(text(wish, _LIVES[kind])) if _LIVES[kind] else None
    if life is not None and not 1 <= life <= MAX_LIFE:
        raise BadDocument(f"A subscription lives for 1 to {MAX_LIFE} minutes.")
    ids = None if folders is None else tuple(map(read_folder_id, folders))
    return Interest(ids, types, life, text(wish, "Watermark"), text(wish, "URL") if kind == "Push" else "")


def parse_streaming(node: Element) -> tuple[tuple[str, ...], int]:
    """Return the subscription ids and the minutes of a GetStreamingEvents. Raises `BadDocument`."""
    ids = tuple((each.text or "").strip() for each in children(node, "SubscriptionIds"))
    minutes = parse_integer(text(node, "ConnectionTimeout"))
    if not 1 <= len(ids) <= MAX_SUBSCRIPTIONS or not 1 <= minutes <= 30:
        raise BadDocument("Streaming takes 1 to 200 subscriptions and 1 to 30 minutes.")
    return ids, minutes


def write(subscription: str, events: Sequence[Event], name: str, *, previous: str = "", more: bool = False) -> Element:
    """Return a Notification; without events it holds a StatusEvent. `previous` is the watermark asked with, if any."""
    pull = [t("PreviousWatermark", previous), t("MoreEvents", show_boolean(more))] if previous else []
    told: Iterable[Element] = map(_event, events) if events else [t("StatusEvent", t("Watermark", previous or "0"))]
    make = m if name == "Notification" else t
    return make("Notification", t("SubscriptionId", subscription), pull, told)


def write_push(notification: Element) -> Element:
    """Return the request by which a server brings a Notification to a client (SendNotification)."""
    message = m("SendNotificationResponseMessage", m("ResponseCode", "NoError"), notification, ResponseClass="Success")
    return m("SendNotification", m("ResponseMessages", message))


def parse_result(node: Element) -> bool:
    """Return whether a client that has got a notification wants more of them. Raises `BadDocument`."""
    return str(choice("OK", "Unsubscribe").constant(text(node, "SubscriptionStatus"))) == "OK"


def _event(event: Event) -> Element:
    noun = "ItemId" if event.is_item else "FolderId"
    old = [write_id(f"Old{noun}", event.old)] if event.old else []
    old += [write_id("OldParentFolderId", event.old_parent)] if event.old_parent else []
    return t(
        event.type,
        t("Watermark", event.watermark),
        t("TimeStamp", show_moment(event.timestamp)),
        write_id(noun, event.subject),
        write_id("ParentFolderId", event.parent),
        old,
    )
