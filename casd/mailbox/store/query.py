"""What to find in folders: filters, order, page, as values.

A field is the name of an attribute of `Item` (but `id`, `folder`, `properties`), `body` (the text of the
content, filters only), or `properties.NAME` for a key of `Item.properties`.
`categories` has several values: a test on it is true when one of them passes.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from attrs import frozen

Scalar = str | int | float | bool | datetime


class Operator(StrEnum):
    """How `Compare` compares. Something absent (None) is never equal, less or greater."""

    EQUAL = "="
    NOT_EQUAL = "<>"
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


class Mode(StrEnum):
    """Where `Contains` looks for its text."""

    SUBSTRING = "substring"
    PREFIX = "prefix"
    FULL = "full"


@frozen
class Compare:
    """`field` against a constant; text is compared without regard to case."""

    field: str
    operator: Operator
    value: Scalar


@frozen
class CompareFields:
    """One field against another of the same item."""

    field: str
    operator: Operator
    other: str


@frozen
class Contains:
    """`field` holds `text`."""

    field: str
    text: str
    mode: Mode = Mode.SUBSTRING
    ignore_case: bool = True


@frozen
class Exists:
    """`field` is there: neither None nor empty."""

    field: str


@frozen
class Bits:
    """`field & mask` is not zero, or is zero when `zero`."""

    field: str
    mask: int
    zero: bool = False


@frozen
class Search:
    """What somebody typed: every word, as a prefix, somewhere in subject, people, body, attachments' names and texts.

    `"two words"` is a phrase; AND, OR, NOT, a minus sign in front and parentheses work. Names narrow it: `from:`,
    `to:` (any recipient), `cc:`, `subject:`, `body:`, `attachment:`, `has:attachment`, `is:unread`, `kind:meetings`,
    `category:`, `importance:high`, `size>1mb`, `received>=2024-12-31`, `received:"last week"`, days being those of
    `zone`. Never an error: what is not understood is taken as words.
    """

    text: str
    zone: tzinfo = UTC


@frozen
class Match:
    """A look into the full-text index, in its own language (https://sqlite.org/fts5.html section 3)."""

    text: str


@frozen
class And:
    """All of them (true when empty)."""

    parts: tuple[Filter, ...]


@frozen
class Or:
    """One of them at least (false when empty)."""

    parts: tuple[Filter, ...]


@frozen
class Not:
    """Whatever `part` does not match."""

    part: Filter


Filter = Compare | CompareFields | Contains | Exists | Bits | Search | Match | And | Or | Not


@frozen
class Order:
    """Sort by `field`; ties are broken by age, in the same direction."""

    field: str
    descending: bool = False


NEWEST_FIRST = (Order("received", descending=True),)


@frozen
class Page:
    """`limit` items from `offset`, or the last `limit` before `offset` from the end when `backwards`."""

    limit: int = 1000
    offset: int = 0
    backwards: bool = False
