"""Restrictions: which items or folders a client looks for, as a tree of values."""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from protocols.ews import paths
from protocols.ews.codecs import choice
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.fields import KINDS, Field
from protocols.ews.markup import Element, child, local
from protocols.ews.paths import Extended, Path, Property
from protocols.ews.values import Address

_MODE = choice("FullString", "Prefixed", "Substring", "PrefixOnWords", "ExactPhrase")
_COMPARISON = choice(
    *("Exact", "IgnoreCase", "IgnoreNonSpacingCharacters", "Loose", "IgnoreCaseAndNonSpacingCharacters"),
    *("LooseAndIgnoreCase", "LooseAndIgnoreNonSpace", "LooseAndIgnoreCaseAndIgnoreNonSpace"),
)
_ORDERS = {
    "IsGreaterThan": operators.gt,
    "IsGreaterThanOrEqualTo": operators.ge,
    "IsLessThan": operators.lt,
    "IsLessThanOrEqualTo": operators.le,
}
MAX_NODES = 255
"""Expressions of one restriction: Exchange's own bound (ErrorRestrictionTooComplex)."""

MAX_DEPTH = 24
"""Expressions inside one another: SQLite's parser takes some three times as many (its stack has 100 places)."""

_CODECS = {row.uri: row.codec for rows in KINDS.values() for row in rows if isinstance(row, Field)}


@frozen
class Comparison:
    """A property against a constant (already of the property's type) or another property.

    `operator` is the element's name: IsEqualTo, IsGreaterThan, ...
    """

    operator: str
    path: Path
    other: Path | object


@frozen
class Contains:
    """A property holds some text; `mode` and `comparison` are words of the schema."""

    path: Path
    text: str
    mode: str
    comparison: str


@frozen
class Exists:
    """An item has this property."""

    path: Path


@frozen
class Excludes:
    """A property has none of these bits."""

    path: Path
    mask: int


@frozen
class And:
    """All of them."""

    parts: tuple[Restriction, ...]


@frozen
class Or:
    """One of them at least."""

    parts: tuple[Restriction, ...]


@frozen
class Not:
    """The opposite."""

    part: Restriction


Restriction = Comparison | Contains | Exists | Excludes | And | Or | Not


def parse(node: Element) -> Restriction | None:
    """Return the Restriction of a FindItem or FindFolder, None if it has none. Raises `BadDocument`."""
    found = child(node, "Restriction")
    return None if found is None else parse_alone(found)


def parse_alone(node: Element) -> Restriction:
    """Return the restriction that a Restriction is. Raises `BadDocument` and `Refusal`."""
    if sum(local(each) in _EXPRESSIONS for each in node.iter()) > MAX_NODES:
        raise Refusal("ErrorRestrictionTooComplex")
    return _expression(_only(node), MAX_DEPTH)


def matches(restriction: Restriction, get: Callable[[Path], Any]) -> bool:
    """Say whether something whose properties `get` returns (None: it has none) is looked for."""
    match restriction:
        case And(parts):
            return all(matches(part, get) for part in parts)
        case Or(parts):
            return any(matches(part, get) for part in parts)
        case Not(part):
            return not matches(part, get)
        case _:
            return _passes(restriction, get)


def _passes(test: Comparison | Contains | Exists | Excludes, get: Callable[[Path], Any]) -> bool:
    value = get(test.path)
    match test:
        case Exists():
            return value is not None
        case Excludes(_, mask):
            return isinstance(value, int) and not value & mask
        case Contains(_, text, mode, comparison):
            return _holds(value, text, mode, ignore_case="IgnoreCase" in comparison or "Loose" in comparison)
        case Comparison(operator, _, other):
            return _compares(operator, value, get(other) if isinstance(other, Property | Extended) else other)


def _holds(value: Any, text: str, mode: str, *, ignore_case: bool) -> bool:
    if isinstance(value, Address):
        value = (value.name, value.address)
    if isinstance(value, tuple):
        return any(_holds(one, text, mode, ignore_case=ignore_case) for one in value)
    if not isinstance(value, str):
        return False
    held, text = (value.casefold(), text.casefold()) if ignore_case else (value, text)
    return {"FullString": held == text, "Prefixed": held.startswith(text)}.get(mode, text in held)


def _compares(operator: str, value: Any, other: Any) -> bool:
    """Compare; of several values one that passes is enough, but to be unequal none may be equal."""
    if operator == "IsNotEqualTo":
        return not _compares("IsEqualTo", value, other)
    if isinstance(value, Address):
        value = (value.name, value.address)
    if isinstance(value, tuple):
        return any(_compares(operator, one, other) for one in value)
    value, other = (one.casefold() if isinstance(one, str) else one for one in (value, other))
    if operator == "IsEqualTo":
        return bool(value == other)
    try:
        return bool(_ORDERS[operator](value, other))
    except TypeError:  # something absent is neither less nor greater
        return False


def _only(node: Element, count: int = 1) -> Element:
    if len(node) != count:
        raise BadDocument(f"The element '{local(node)}' has {len(node)} children instead of {count}.")
    return node[0]


def _expression(node: Element, depth: int) -> Restriction:
    read = _EXPRESSIONS.get(local(node))
    if read is None:
        raise BadDocument(f"The element '{local(node)}' is not a search expression.")
    if not depth:
        raise Refusal("ErrorRestrictionTooComplex", f"A restriction has {MAX_DEPTH} levels at most.")
    return read(node, depth - 1)


def _comparison(node: Element, _depth: int) -> Comparison:
    path = paths.parse(_only(node, 2))
    return Comparison(local(node), path, _operand(path, _only(node[1])))


def _excludes(node: Element, _depth: int) -> Excludes:
    return Excludes(paths.parse(_only(node, 2)), _bitmask(node[1].get("Value", "")))


def _contains(node: Element, _depth: int) -> Contains:
    path = paths.parse(_only(node, 2))
    mode = _MODE.constant(node.get("ContainmentMode", "FullString"))
    return Contains(path, _constant(node[1]), mode, _COMPARISON.constant(node.get("ContainmentComparison", "Exact")))


def _constant(node: Element) -> str:
    if local(node) != "Constant" or node.get("Value") is None:
        raise BadDocument(f"The element '{local(node)}' is not a Constant with a Value.")
    return node.get("Value", "")


def _operand(path: Path, node: Element) -> Path | object:
    if local(node) != "Constant":
        return paths.parse(node)
    text = _constant(node)
    codec = _CODECS.get(path.uri) if isinstance(path, Property) else None
    return codec.constant(text) if codec else text


def _bitmask(text: str) -> int:
    try:
        return int(text, 16 if text[:2].lower() == "0x" else 10)
    except ValueError:
        raise BadDocument(f"'{text[:40]}' is not a bit mask.") from None


_EXPRESSIONS: Mapping[str, Callable[[Element, int], Restriction]] = {
    "And": lambda node, depth: And(tuple(_expression(each, depth) for each in node)),
    "Or": lambda node, depth: Or(tuple(_expression(each, depth) for each in node)),
    "Not": lambda node, depth: Not(_expression(_only(node), depth)),
    "Exists": lambda node, _depth: Exists(paths.parse(_only(node))),
    "Contains": _contains,
    "Excludes": _excludes,
    "IsEqualTo": _comparison,
    "IsNotEqualTo": _comparison,
    "IsGreaterThan": _comparison,
    "IsGreaterThanOrEqualTo": _comparison,
    "IsLessThan": _comparison,
    "IsLessThanOrEqualTo": _comparison,
}
