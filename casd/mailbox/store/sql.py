"""Filters and orders as SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import singledispatch
from typing import Any

from attrs import fields, frozen

from casd.mailbox.store.errors import BadQuery
from casd.mailbox.store.index import table
from casd.mailbox.store.query import (
    And,
    Bits,
    Compare,
    CompareFields,
    Contains,
    Exists,
    Filter,
    Match,
    Mode,
    Not,
    Operator,
    Or,
    Order,
    Scalar,
)
from casd.mailbox.store.rows import FLAGS, TIMES, seconds
from casd.mailbox.store.values import Item

Sql = tuple[str, tuple[Any, ...]]
"""An expression with its parameters."""


@frozen
class _Field:
    """A field as an expression. `values`, if it may have several, is what SELECTs them as `value`."""

    name: str
    expression: str
    parameters: tuple[Any, ...] = ()
    types: tuple[type, ...] = (str,)
    values: str = ""
    exact: bool = False

    def any(self, test: str, *parameters: Any) -> Sql:
        """Return that `test`, in which `{}` stands for the field, is true for one of its values."""
        if not self.values:
            return test.format(self.expression), (*self.parameters, *parameters)
        return f"EXISTS ({self.values} WHERE {test.format('value')})", (*self.parameters, *parameters)

    def bound(self, value: Scalar) -> Any:
        """Return a constant to compare this field with."""
        if not isinstance(value, self.types) or (isinstance(value, datetime) and self.values):
            raise BadQuery(f"{self.name} cannot be compared with {value!r}")
        if isinstance(value, datetime):
            return seconds(value)
        return value.casefold() if isinstance(value, str) and not self.exact else value

    def folded(self, value: Scalar) -> str:
        """Return how the field stands in a comparison with this constant."""
        return "fold({})" if isinstance(value, str) and not self.exact else "{}"


# Identifiers, compared as they are so that an index serves.
_EXACT = frozenset({"kind", "message_id", "in_reply_to", "uid", "conversation"})
_NUMBERS = frozenset({"number", "change", "arrival", "size", "percent", "importance", "sensitivity", "flag", *FLAGS})
_CATEGORIES = "SELECT value FROM json_each(item.categories)"
# Nested, so that a property with several values is tested value by value.
_PROPERTY = (
    "SELECT value FROM (SELECT each.value AS value FROM json_each(item.properties) AS property,"
    " json_each(CASE property.type WHEN 'array' THEN property.value ELSE json_array(property.value) END) AS each"
    " WHERE property.key = ?)"
)


def _known() -> Mapping[str, _Field]:
    known: dict[str, _Field] = {}
    for name in (field.name for field in fields(Item)):
        expression = f'item."{name}"'
        if name in TIMES:
            known[name] = _Field(name, expression, types=(datetime,))
        elif name in _NUMBERS:
            known[name] = _Field(name, expression, types=(int, float))
        elif name not in {"id", "folder", "properties", "categories"}:
            known[name] = _Field(name, expression, exact=name in _EXACT)
    known["categories"] = _Field("categories", expression="nullif(item.categories, '[]')", values=_CATEGORIES)
    return known


_KNOWN = _known()


def _field(name: str, mailbox: int) -> _Field:
    if name == "body":
        words = table(mailbox)
        return _Field(name, f"(SELECT body FROM {words} WHERE {words}.rowid = item.place)")  # noqa: S608 - a number
    if name.startswith("properties."):
        first = f"({_PROPERTY} LIMIT 1)"
        return _Field(name, first, (name.partition(".")[2],), types=(str, int, float), values=_PROPERTY)
    try:
        return _KNOWN[name]
    except KeyError:
        raise BadQuery(f"there is no field {name}") from None


@singledispatch
def where(filter: Filter, mailbox: int) -> Sql:  # noqa: A002 - the field's word
    """Return the condition that holds for the items of a mailbox which a filter matches. Raises `BadQuery`."""
    raise BadQuery(f"{filter!r} is not a filter")


@where.register
def _(test: Compare, mailbox: int) -> Sql:
    field = _field(test.field, mailbox)
    operator = {Operator.EQUAL: "IS", Operator.NOT_EQUAL: "IS NOT"}.get(test.operator, test.operator)
    return field.any(f"{field.folded(test.value)} {operator} ?", field.bound(test.value))


@where.register
def _(test: CompareFields, mailbox: int) -> Sql:
    left, right = _field(test.field, mailbox), _field(test.other, mailbox)
    return (
        f"fold({left.expression}) {test.operator} fold({right.expression})",
        (*left.parameters, *right.parameters),
    )


@where.register
def _(test: Contains, mailbox: int) -> Sql:
    field = _field(test.field, mailbox)
    if str not in field.types:
        raise BadQuery(f"{field.name} is not text")
    value, text = ("fold({})", test.text.casefold()) if test.ignore_case else ("{}", test.text)
    condition = {Mode.SUBSTRING: "> 0", Mode.PREFIX: "= 1", Mode.FULL: ""}[test.mode]
    if test.mode is Mode.FULL:
        return field.any(f"{value} = ?", text)
    return field.any(f"instr({value}, ?) {condition}", text)


@where.register
def _(test: Exists, mailbox: int) -> Sql:
    return _field(test.field, mailbox).any("ifnull({}, '') <> ''")


@where.register
def _(test: Bits, mailbox: int) -> Sql:
    field = _field(test.field, mailbox)
    if int not in field.types:
        raise BadQuery(f"{field.name} is not a number")
    return field.any(f"({{}} & ?) {'=' if test.zero else '<>'} 0", test.mask)


@where.register
def _(test: And, mailbox: int) -> Sql:
    return _joined(" AND ", "TRUE", test.parts, mailbox)


@where.register
def _(test: Or, mailbox: int) -> Sql:
    return _joined(" OR ", "FALSE", test.parts, mailbox)


@where.register
def _(test: Not, mailbox: int) -> Sql:
    condition, parameters = where(test.part, mailbox)
    return f"({condition}) IS NOT TRUE", parameters


@where.register
def _(test: Match, mailbox: int) -> Sql:
    words = table(mailbox)
    return f"item.place IN (SELECT rowid FROM {words} WHERE {words} MATCH ?)", (test.text,)  # noqa: S608 - a number


def _joined(word: str, empty: str, parts: Sequence[Filter], mailbox: int) -> Sql:
    conditions = [where(part, mailbox) for part in parts]
    text = word.join(f"({condition})" for condition, _ in conditions)
    return text or empty, tuple(parameter for _, parameters in conditions for parameter in parameters)


def order_by(orders: Sequence[Order], mailbox: int) -> Sql:
    """Return what follows ORDER BY; the sequence of the items is always a definite one. Raises `BadQuery`."""
    terms: list[str] = []
    parameters: list[Any] = []
    for order in orders:
        field = _field(order.field, mailbox)
        value = "fold({})" if str in field.types and not field.exact else "{}"
        terms.append(value.format(field.expression) + _direction(order))
        parameters.extend(field.parameters)
    terms.append("item.number" + (_direction(orders[-1]) if orders else ""))
    return ", ".join(terms), tuple(parameters)


def _direction(order: Order) -> str:
    return " DESC" if order.descending else ""
