"""How a page of items is found: the index of words first where it narrows, the order's own index where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import frozen

from casd.mailbox.store import kql, rows, sql
from casd.mailbox.store.connections import Connections
from casd.mailbox.store.index import first_place, table
from casd.mailbox.store.query import And, Compare, Filter, Match, Not, Operator, Or, Order, Page, Search
from casd.mailbox.store.values import Found, Kind

COUNTED = 10_000
"""Hits of a search that are counted: nobody reads more, and a word that everybody writes has them all."""


_MAIL = And((Compare("kind", Operator.EQUAL, Kind.MAIL),))
"""What mail programs and web mail ask for when they show a folder."""


@frozen
class Where:
    """Which items of a mailbox: `inside` is a condition on their folders, `total` how many those hold."""

    mailbox: int
    inside: str
    total: int


@frozen
class _Source:
    """What stands behind FROM and WHERE; `words` is the index that it goes through, if it does."""

    tables: str
    condition: str
    parameters: tuple[Any, ...]
    words: str = ""

    def select(self, what: str, rest: str) -> str:
        return f"SELECT {what} FROM {self.tables} WHERE {self.condition} {rest}"  # noqa: S608 - our own names


def find(connection: Connections, place: Where, where: Filter | None, order: Sequence[Order], page: Page) -> Found:
    """Return one page. `where` holds no `Search`. Raises `BadQuery`."""
    match, rest = _parted(where)
    source = _searched(place, match, rest) if match else _listed(place, rest)
    if where is None:
        total = place.total
    elif rest == _MAIL and not match:
        total = place.total - _not_mail(connection, place)
    else:
        most = COUNTED if match and not page.backwards else -1
        counted = f"SELECT count(*) FROM ({source.select('1', f'LIMIT {most}')})"  # noqa: S608 - our own names
        total = connection.execute(counted, source.parameters).fetchone()[0]
    offset, limit = _slice(page, total)
    terms, more = sql.order_by(order, place.mailbox)
    sort, given = (f"{source.words}.rowid{_direction(order)}", ()) if match and _is_by_time(order) else (terms, more)
    numbers = source.select("item.number", f"ORDER BY {sort} LIMIT ? OFFSET ?")
    query = f"{rows.SELECT_ITEM} WHERE item.number IN ({numbers}) ORDER BY {terms}"
    found = connection.execute(query, (*source.parameters, *given, limit, offset, *more))
    return Found(tuple(map(rows.item, found)), total, offset)


def _listed(place: Where, rest: Filter) -> _Source:
    condition, parameters = sql.where(rest, place.mailbox)
    return _Source("item", f"{place.inside} AND ({condition})", parameters)


def _searched(place: Where, match: str, rest: Filter) -> _Source:
    """Go through the index of words, and from each of its rows to the item."""
    words, listed = table(place.mailbox), _listed(place, rest)
    # The plus keeps SQLite from looking for a range of places where there is one.
    joined = f"item.mailbox = {place.mailbox} AND item.place = +{words}.rowid"
    times = "".join(f" AND {words}.rowid {test}" for test in _places(rest))
    return _Source(
        f"{words} CROSS JOIN item INDEXED BY item_place ON {joined}",
        f"{words} MATCH ?{times} AND {listed.condition}",
        (match, *listed.parameters),
        words,
    )


def _not_mail(connection: Connections, place: Where) -> int:
    query = "SELECT count(*) FROM item INDEXED BY item_no_mail WHERE kind <> 'mail' AND"
    return int(connection.execute(f"{query} {place.inside}").fetchone()[0])


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


def _is_by_time(order: Sequence[Order]) -> bool:
    return len(order) == 1 and order[0].field == "received"


def _direction(order: Sequence[Order]) -> str:
    return " DESC" if order[0].descending else ""


def _slice(page: Page, total: int) -> tuple[int, int]:
    """Return offset and limit, counted from the start."""
    if not page.backwards:
        return page.offset, page.limit
    end = max(0, total - page.offset)
    offset = max(0, end - page.limit)
    return offset, end - offset
