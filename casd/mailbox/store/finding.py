"""How a page of items is found: the index of words first where it narrows, the order's own index where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from attrs import frozen

from casd.mailbox.store import kql, rows, sql
from casd.mailbox.store.connections import Connections
from casd.mailbox.store.index import first_place, table
from casd.mailbox.store.query import And, Compare, Filter, Match, Not, Operator, Or, Order, Page, Search
from casd.mailbox.store.values import Found, Kind

COUNTED = 10_000
"""Hits of a search that are counted: nobody reads more, and a word that everybody writes has them all."""


_ALL_MAIL = And((Compare("kind", Operator.EQUAL, Kind.MAIL),))
"""What mail programs and web mail ask for when they show a folder."""


@frozen
class Where:
    """Which items of a mailbox: `inside` is a condition on their folders, `total` how many those hold."""

    mailbox: int
    inside: str
    total: int


def find(connection: Connections, place: Where, where: Filter | None, order: Sequence[Order], page: Page) -> Found:
    """Return one page. `where` holds no `Search`. Raises `BadQuery`."""
    match, rest = _parted(where)
    condition, parameters = sql.where(rest, place.mailbox)
    source, named = "item", f"{place.inside} AND ({condition})"
    newest = _by_time(order)
    if match:
        words = table(place.mailbox)
        joined = f"item.mailbox = {place.mailbox} AND item.place = +{words}.rowid"  # not to be guessed from a range
        source = f"{words} CROSS JOIN item INDEXED BY item_place ON {joined}"
        times = "".join(f" AND {words}.rowid {test}" for test in _places(rest))
        named, parameters = f"{words} MATCH ?{times} AND {named}", (match, *parameters)
    total = place.total
    if rest == _ALL_MAIL and not match:
        other = f"SELECT count(*) FROM item INDEXED BY item_no_mail WHERE {place.inside} AND kind <> 'mail'"  # noqa: S608 - our own numbers
        total -= connection.execute(other).fetchone()[0]
    elif where is not None:
        most = COUNTED if match and not page.backwards else -1
        counted = f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {named} LIMIT {most})"  # noqa: S608
        total = connection.execute(counted, parameters).fetchone()[0]
    offset, limit = _slice(page, total)
    terms, more = sql.order_by(order, place.mailbox)
    by_place = match and newest is not None
    inner_terms = f"{words}.rowid{' DESC' if newest else ''}" if by_place else terms
    numbers = f"SELECT item.number FROM {source} WHERE {named} ORDER BY {inner_terms} LIMIT ? OFFSET ?"  # noqa: S608
    query = f"{rows.SELECT_ITEM} WHERE item.number IN ({numbers}) ORDER BY {terms}"
    inner = (*parameters, *(() if by_place else more), limit, offset)
    found = connection.execute(query, (*inner, *more))
    return Found(tuple(map(rows.item, found)), total, offset)


def understood(where: Filter | None, now: datetime) -> Filter | None:
    """Return a filter in which what people typed is what it means."""
    match where:
        case Search(text, zone):
            return kql.parse(text, now, zone)
        case And(parts) | Or(parts):
            return type(where)(tuple(understood(part, now) or And(()) for part in parts))
        case Not(part):
            return Not(understood(part, now) or And(()))
    return where


def _parted(where: Filter | None) -> tuple[str, Filter]:
    """Return the looks into the index that every hit passes, as one, and what remains to be tested."""
    parts = _flat(where) if where is not None else []
    matches = [part.text for part in parts if isinstance(part, Match)]
    rest = tuple(part for part in parts if not isinstance(part, Match))
    return " AND ".join(matches), And(rest)


def _flat(where: Filter) -> list[Filter]:
    return [inner for part in where.parts for inner in _flat(part)] if isinstance(where, And) else [where]


def _places(where: Filter) -> Iterator[str]:
    """Yield how the time of receipt limits the rows of the index, so that it need not be read beyond."""
    for part in _flat(where):
        if isinstance(part, Compare) and part.field == "received" and isinstance(part.value, datetime):
            if part.operator in {Operator.GREATER, Operator.GREATER_OR_EQUAL}:
                yield f">= {first_place(part.value)}"
            elif part.operator in {Operator.LESS, Operator.LESS_OR_EQUAL}:
                yield f"< {first_place(part.value + timedelta(seconds=1))}"


def _by_time(order: Sequence[Order]) -> bool | None:
    """Say whether items are wanted newest first (True) or oldest first (False)."""
    return order[0].descending if len(order) == 1 and order[0].field == "received" else None


def _slice(page: Page, total: int) -> tuple[int, int]:
    """Return offset and limit, counted from the start."""
    if not page.backwards:
        return page.offset, page.limit
    end = max(0, total - page.offset)
    offset = max(0, end - page.limit)
    return offset, end - offset
