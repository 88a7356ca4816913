"""Views: which part of what was found a client wants to see, and in which order."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from protocols.ews import paths, restrictions
from protocols.ews.codecs import choice, parse_integer, parse_moment
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Element, child, children, local, m, t
from protocols.ews.paths import Path, Property
from protocols.ews.restrictions import Restriction

MAX_ENTRIES = 1000
"""Entries of one page: Exchange's own bound (EWSFindCountLimit)."""

MAX_SORTS = 64
"""Fields of one order: no list has so many columns, and a database's expression has bounds."""

_DIRECTION = choice("Ascending", "Descending")


@frozen
class Page:
    """`limit` entries from `offset`, counted from the end when `backwards`."""

    limit: int = MAX_ENTRIES
    offset: int = 0
    backwards: bool = False


@frozen
class Fraction:
    """`limit` entries from `numerator`/`denominator` of all."""

    limit: int
    numerator: int
    denominator: int


@frozen
class Window:
    """All appointments between two moments, each occurrence of a series for itself."""

    start: datetime
    end: datetime
    limit: int = MAX_ENTRIES


@frozen
class Names:
    """The contacts from one name to another, both inclusive, by their names; an empty one is no bound."""

    first: str = ""
    last: str = ""
    limit: int = MAX_ENTRIES


@frozen
class Seek:
    """`limit` entries from the first that meets a condition, or up to the last that does when `backwards`."""

    condition: Restriction
    limit: int = MAX_ENTRIES
    backwards: bool = False


@frozen
class Sort:
    """Order by a property."""

    path: Path
    descending: bool = False


@frozen
class Group:
    """Put together what has the same value of the property by which the items are sorted first."""

    sort: Sort


View = Page | Fraction | Window


def parse(node: Element) -> View:
    """Return the view that a FindItem or FindFolder asks for. Raises `BadDocument` and `Refusal`."""
    for each in node:
        match local(each):
            case "IndexedPageItemView" | "IndexedPageFolderView":
                return Page(_limit(each), _least(each, "Offset", 0), _from_end(each))
            case "FractionalPageItemView" | "FractionalPageFolderView":
                return Fraction(_limit(each), _least(each, "Numerator", 0), _least(each, "Denominator", 1))
            case "CalendarView":
                return _window(each)
            case "SeekToConditionPageItemView" | "ContactsView":
                raise Refusal("ErrorInvalidRequest", f"The server does not page by {local(each)}.")
    return Page()


def parse_of_items(node: Element) -> View | Names | Seek:
    """Return the view that a FindItem asks for. Raises `BadDocument` and `Refusal`."""
    for each in node:
        match local(each):
            case "ContactsView":
                return Names(each.get("InitialName", ""), each.get("FinalName", ""), _limit(each))
            case "SeekToConditionPageItemView":
                condition = child(each, "Condition")
                if condition is None:
                    raise BadDocument("The required element 'Condition' is missing.")
                return Seek(restrictions.parse_alone(condition), _limit(each), _from_end(each))
    return parse(node)


def _from_end(node: Element) -> bool:
    return bool(choice("Beginning", "End").constant(node.get("BasePoint", "")) == "End")


def _limit(node: Element) -> int:
    if node.get("MaxEntriesReturned") is None:
        return MAX_ENTRIES
    return min(_least(node, "MaxEntriesReturned", 1), MAX_ENTRIES)


def _least(node: Element, name: str, least: int) -> int:
    if (value := parse_integer(node.get(name, ""))) < least:
        raise BadDocument(f"The attribute '{name}' must be {least} at least.")
    return value


def _window(node: Element) -> Window:
    start, end = (parse_moment(node.get(name, "")) for name in ("StartDate", "EndDate"))
    return Window(start, end, _limit(node))


def parse_order(node: Element) -> tuple[Sort, ...]:
    """Return the SortOrder of a FindItem, empty if there is none. Raises `BadDocument`."""
    fields = children(node, "SortOrder")
    if len(fields) > MAX_SORTS:
        raise BadDocument(f"A SortOrder has {MAX_SORTS} fields at most.")
    return tuple(map(_sort, fields))


def _sort(node: Element) -> Sort:
    if local(node) != "FieldOrder" or len(node) != 1:
        raise BadDocument("A SortOrder is made of FieldOrders with a property path each.")
    return Sort(paths.parse(node[0]), _DIRECTION.constant(node.get("Order", "")) == "Descending")


def parse_group(node: Element) -> Group | None:
    """Return by what a FindItem wants its items grouped, None if by nothing. Raises `BadDocument`."""
    for each in node:
        if local(each) in {"GroupBy", "DistinguishedGroupBy"}:  # the one grouping that has a name
            path = (
                Property("message:ConversationTopic") if local(each) == "DistinguishedGroupBy" else paths.parse(each[0])
            )
            return Group(Sort(path, _DIRECTION.constant(each.get("Order", "")) == "Descending"))
    return None


def query_string(node: Element) -> str:
    """Return the words to search for (Advanced Query Syntax), empty if there are none."""
    found = child(node, "QueryString")
    return "" if found is None else (found.text or "").strip()


@frozen
class Part:
    """What a view shows: entries `start` to `stop` of all, and the offset of the next page (None at the end)."""

    start: int
    stop: int
    following: int | None


def part(view: View, total: int) -> Part:
    """Return which of `total` entries a view shows."""
    match view:
        case Page(limit, offset, True):
            stop = max(0, total - offset)
            start = max(0, stop - limit)
            return Part(start, stop, offset + stop - start if start else None)
        case Fraction(limit, numerator, denominator):
            start = min(total, total * numerator // denominator)
        case Page(limit, offset):
            start = min(total, offset)
        case Window(_, _, limit):
            start = 0
    stop = min(total, start + limit)
    return Part(start, stop, stop if stop < total else None)


def write_page(name: str, entries: list[Element], total: int, shown: Part) -> Element:
    """Return the RootFolder of an answer; `name` is Items or Folders."""
    more = {} if shown.following is None else {"IndexedPagingOffset": str(shown.following)}
    last = "true" if shown.following is None else "false"
    return m("RootFolder", t(name, entries), **more, TotalItemsInView=str(total), IncludesLastItemInRange=last)
