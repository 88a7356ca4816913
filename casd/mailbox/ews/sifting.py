"""Items that the store cannot find or sort by itself: read one by one, as many as that is bearable for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from casd.mailbox.ews.reading import Renderer
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import NEWEST_FIRST, Filter, Page
from casd.mailbox.store.values import Item
from protocols.ews import restrictions
from protocols.ews.errors import Refusal
from protocols.ews.paths import Extended, Path, Property
from protocols.ews.restrictions import Comparison, Not, Restriction
from protocols.ews.shapes import Shape
from protocols.ews.values import Address
from protocols.ews.views import Sort

MOST = 5000
"""Items that one request may have read: some seconds of the database's thread."""


def sift(
    mailbox: MailboxStore,
    folders: Sequence[str],
    where: Filter | None,
    restriction: Restriction | None,
    sorts: Sequence[Sort],
) -> list[Item]:
    """Return the items that pass both the store's filter and a restriction, in this order.

    Raises `Refusal` (ErrorExceededFindCountLimit) when the filter lets too many pass.
    """
    found = mailbox.items.find(folders, where, NEWEST_FIRST, Page(limit=MOST + 1)).items
    if len(found) > MOST:
        raise Refusal("ErrorExceededFindCountLimit")
    paths = (*_paths(restriction), *(sort.path for sort in sorts))
    renderer = Renderer(mailbox, Shape(additional=tuple(paths)), finding=True)
    read = [(item, _getter(renderer.show(item).properties)) for item in found]
    passing = [one for one in read if restriction is None or restrictions.matches(restriction, one[1])]
    for sort in reversed(sorts):
        passing.sort(key=lambda one: _key(one[1](sort.path)), reverse=sort.descending)
    return [item for item, _ in passing]


def _getter(properties: Any) -> Callable[[Path], Any]:
    get: Callable[[Path], Any] = properties.get
    return get


def _paths(restriction: Restriction | None) -> Iterator[Path]:
    match restriction:
        case None:
            return
        case restrictions.And(parts) | restrictions.Or(parts):
            for part in parts:
                yield from _paths(part)
        case Not(part):
            yield from _paths(part)
        case _:
            yield restriction.path
            if isinstance(restriction, Comparison) and isinstance(restriction.other, Property | Extended):
                yield restriction.other


def _key(value: Any) -> Any:
    """Return what to sort a value by; what is not there comes first."""
    if isinstance(value, tuple):
        return (1, *map(_key, value))
    if isinstance(value, Address):
        return (1, (value.name or value.address).casefold())
    return (0,) if value is None else (1, value.casefold() if isinstance(value, str) else value)
