"""Restrictions and sort orders as the store's own filters and orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Any

from attrs import evolve, frozen

from casd.mailbox.ews import kept, zones
from casd.mailbox.ews.columns import COLUMNS
from casd.mailbox.ews.kinds import KINDS
from casd.mailbox.store import query
from casd.mailbox.store.query import Filter, Mode, Operator, Order
from casd.mailbox.store.values import Kind
from protocols.ews import restrictions
from protocols.ews.errors import Refusal
from protocols.ews.paths import Extended, Path, Property
from protocols.ews.restrictions import Comparison, Contains, Excludes, Exists, Not, Restriction
from protocols.ews.views import Sort

_OPERATORS = {
    "IsEqualTo": Operator.EQUAL,
    "IsNotEqualTo": Operator.NOT_EQUAL,
    "IsGreaterThan": Operator.GREATER,
    "IsGreaterThanOrEqualTo": Operator.GREATER_OR_EQUAL,
    "IsLessThan": Operator.LESS,
    "IsLessThanOrEqualTo": Operator.LESS_OR_EQUAL,
}
_MODES = {"FullString": Mode.FULL, "Prefixed": Mode.PREFIX}
_SEARCHED = {
    "item:Body": "body",
    "item:TextBody": "body",
    "message:ToRecipients": "to",
    "message:CcRecipients": "cc",
    "message:BccRecipients": "bcc",
    "calendar:RequiredAttendees": "to",
    "calendar:OptionalAttendees": "cc",
    "calendar:Resources": "bcc",
    "contacts:EmailAddress/EmailAddress1": "sender",
}
"""Properties that the store searches but does not show."""


_READ = frozenset(uri for known in KINDS.values() for uri in known.reads) - {"item:MimeContent"}
"""Properties that the contents of items say."""

_ALL = query.And(())


@frozen
class Narrowed:
    """A filter that lets pass whatever a restriction does; `exact`: and nothing else."""

    filter: Filter
    exact: bool = True


def narrow(restriction: Restriction, zone: tzinfo) -> Narrowed:
    """Return the filter nearest to a restriction; times without an offset are of `zone`.

    Raises `Refusal` (ErrorUnsupportedPathForQuery) for a property that nobody can search.
    """
    match restriction:
        case restrictions.And(parts):
            return _joined(query.And, [narrow(part, zone) for part in parts])
        case restrictions.Or(parts):
            return _joined(query.Or, [narrow(part, zone) for part in parts])
        case Not(part):
            inner = narrow(part, zone)
            return Narrowed(query.Not(inner.filter)) if inner.exact else Narrowed(_ALL, exact=False)
    try:
        test = _comparison(restriction, zone) if isinstance(restriction, Comparison) else _test(restriction)
    except Refusal:
        if not is_read(restriction.path):
            raise
        return _of_contents(restriction)
    if kept.keeps(restriction.path) and _holders(restriction.path):
        return _of_contents(restriction, test)
    if restriction.path == kept.SUBJECT:
        return Narrowed(_called(test))
    if str(restriction.path) in kept.VERBATIM and isinstance(test, query.Compare | query.Contains | query.Exists):
        test = query.Or((test, evolve(test, field=f"properties.{restriction.path}")))
    return Narrowed(test)


_CONTACT = query.Compare("kind", Operator.EQUAL, Kind.CONTACT)
_CALLED = f"properties.{kept.SUBJECT}"


def _called(test: Filter) -> Filter:
    """Return a test of subjects that knows that a contact may be called otherwise than it is named."""
    if isinstance(test, query.Not):
        return query.Not(_called(test.part))
    if not isinstance(test, query.Compare | query.Contains | query.Exists):
        return test
    otherwise = query.And((_CONTACT, query.Exists(_CALLED)))
    return query.Or((query.And((test, query.Not(otherwise))), query.And((_CONTACT, evolve(test, field=_CALLED)))))


def _holders(path: Path) -> list[Kind]:
    """Return the kinds of items whose contents have a place for a property."""
    return [kind for kind, known in KINDS.items() if isinstance(path, Property) and path.uri in known.reads]


def _of_contents(test: Comparison | Contains | Exists | Excludes, *others: Filter) -> Narrowed:
    """Return which items may pass a test on a property that contents say, beside those that pass other filters."""
    if isinstance(test, Comparison) and test.operator == "IsNotEqualTo":  # so is what has no such property
        return Narrowed(_ALL, exact=False)
    kinds = (query.Compare("kind", Operator.EQUAL, kind) for kind in _holders(test.path))
    return Narrowed(query.Or((*others, *kinds)), exact=False)


def _joined(join: Callable[[tuple[Filter, ...]], Filter], parts: Sequence[Narrowed]) -> Narrowed:
    return Narrowed(join(tuple(part.filter for part in parts)), all(part.exact for part in parts))


def is_read(path: Path) -> bool:
    """Say whether the content of an item may hold a property, so that items can be sifted by it."""
    return isinstance(path, Property) and path.uri in _READ


def _test(restriction: Contains | Exists | Excludes) -> Filter:
    field = _field(restriction.path)
    match restriction:
        case Contains(path, text, mode, comparison):
            ignore_case = comparison not in {"Exact", "IgnoreNonSpacingCharacters"}
            return query.Contains(field, _constant(path, text), _MODES.get(mode, Mode.SUBSTRING), ignore_case)
        case Exists():
            return query.Exists(field)
        case Excludes(_, mask):
            return query.Bits(field, mask, zero=True)


def _comparison(test: Comparison, zone: tzinfo) -> Filter:
    field, operator = _field(test.path), _OPERATORS[test.operator]
    if isinstance(test.other, Property | Extended):
        return query.CompareFields(field, operator, _field(test.other))
    settled = zones.settle(test.other, zone) if isinstance(test.other, datetime) else test.other
    constant = _constant(test.path, settled)
    if operator is Operator.NOT_EQUAL:  # of several values none is equal, not one is unequal
        return query.Not(_equal(field, constant))
    return _equal(field, constant) if operator is Operator.EQUAL else query.Compare(field, operator, constant)


def _equal(field: str, constant: Any) -> Filter:
    """Return that a field equals a constant; of a person the name or the address may."""
    whole = query.Compare(field, Operator.EQUAL, constant)
    if field != "sender":
        return whole
    name = query.Contains(field, f"{constant} <", Mode.PREFIX)
    return query.Or((whole, name, query.Contains(field, f"<{constant}>")))


def _constant(path: Path, value: Any) -> Any:
    if isinstance(path, Property) and path.uri in COLUMNS:
        return COLUMNS[path.uri].keep(value)
    return kept.dump(path, value)


def _field(path: Path, code: str = "ErrorUnsupportedPathForQuery") -> str:
    """Return the store's field for a property. Raises `Refusal`."""
    if isinstance(path, Property) and path.uri in COLUMNS:
        return COLUMNS[path.uri].field
    if str(path) in _SEARCHED:
        return _SEARCHED[str(path)]
    if kept.keeps(path):
        return f"properties.{path}"
    raise Refusal(code, path=path)


def order(sorts: Sequence[Sort]) -> tuple[Order, ...] | None:
    """Return the store's order for a sort order, None if it has none but the contents may.

    Raises `Refusal` (ErrorUnsupportedPathForSortGroup) for a property that nobody can sort by.
    """
    try:
        return tuple(Order(_field(sort.path, "ErrorUnsupportedPathForSortGroup"), sort.descending) for sort in sorts)
    except Refusal as refusal:
        if not is_read(refusal.path):
            raise
        return None
