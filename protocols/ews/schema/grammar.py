"""The structure that an element must have: the tables of this package read, and documents checked against them.

A row is `NAME ... = PART ...`. A part is a child element with `?` (may be absent), `*` (any number) or `+` (one at
least) behind it; `(a | b)` is one of several, `&ROW` what another row holds, `@name` an attribute (`@name!`: a
required one). A child has the row of its own name, or the one behind its colon; without a row it holds text, and
`any` stands for whatever we neither read nor write. A child is of its table's namespace; `t.` and `m.` say otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from protocols.ews.errors import BadDocument
from protocols.ews.markup import MESSAGES, TYPES, Element, local
from protocols.ews.schema import changes, finding, items, operations, people

_PREFIXES = {"m": MESSAGES, "t": TYPES}
_PART = re.compile(r"\((?P<choice>[^)]*)\)(?P<often>[?*+]?)|(?P<word>[&@]?[\w.:]+)(?P<mark>[?*+!]?)")


@frozen
class Part:
    """One of these children (tag to row), so often: `required` at least once, `many` any number of times."""

    rows: Mapping[str, str]
    required: bool
    many: bool


@frozen
class Row:
    """What an element may hold; `attributes` says which of them are required."""

    parts: tuple[Part, ...] = ()
    attributes: Mapping[str, bool] = {}

    @property
    def children(self) -> list[str]:
        """The names of the children, in their order."""
        return [tag.rpartition("}")[2] for part in self.parts for tag in part.rows]

    @property
    def required(self) -> list[str]:
        """The names of the children without which there is no such element; of several that would do, the first."""
        return [next(iter(part.rows)).rpartition("}")[2] for part in self.parts if part.required]


def _lines(table: str) -> Iterator[tuple[str, str]]:
    for line in table.replace("\n    ", " ").strip().splitlines():
        names, _, held = line.partition("=")
        for name in names.split():
            yield name, held


def _sources() -> dict[str, tuple[str, str]]:
    """Return for each row its namespace and its text, the response messages of all operations among them."""
    tables = [(MESSAGES, operations.MESSAGES), (MESSAGES, people.MESSAGES)]
    tables += [(TYPES, module.TYPES) for module in (items, finding, changes, people)]
    found = {name: (namespace, held) for namespace, table in tables for name, held in _lines(table)}
    messages = [name for name in found if name.endswith("ResponseMessage") and name != "ResponseMessage"]
    answers = {name.removesuffix("Message"): (MESSAGES, "ResponseMessages") for name in messages}
    return answers | found | {"ResponseMessages": (MESSAGES, f"({' | '.join(messages)})+")}


_SOURCES = _sources()


def _row(name: str) -> Row:
    namespace, held = _SOURCES[name]
    parts: list[Part] = []
    attributes: dict[str, bool] = {}
    for match in _PART.finditer(held):
        word, often = match["word"] or "", match["often"] or match["mark"] or ""
        if word.startswith("@"):
            attributes[word[1:]] = often == "!"
        elif word.startswith("&"):
            base = _row(word[1:])
            parts += [_repeated(part, often) for part in base.parts]
            attributes |= base.attributes
        else:
            choices = (match["choice"] or word).split("|")
            parts.append(_repeated(Part(dict(_child(namespace, each.strip()) for each in choices), True, False), often))
    return Row(tuple(parts), attributes)


def _repeated(part: Part, often: str) -> Part:
    return Part(part.rows, part.required and often not in "?*", part.many or often in "*+") if often else part


def _child(namespace: str, text: str) -> tuple[str, str]:
    name, _, row = text.partition(":")
    prefix, _, rest = name.rpartition(".")
    if prefix:
        namespace, name = _PREFIXES[prefix], rest
    return f"{{{namespace}}}{name}", row or name


ROWS: Mapping[str, Row] = {name: _row(name) for name in _SOURCES}
"""All rows by name. What has none is text."""

_TEXT = Row()


def check(node: Element, name: str = "") -> None:
    """Check an element with all below it against the row of this name, or of its own. Raises `BadDocument`."""
    row = ROWS.get(name or local(node), _TEXT)
    _check_attributes(node, row)
    children, at = list(node), 0
    for part in row.parts:
        at = _check_part(node, part, children, at)
    if at < len(children):
        raise _violation(children[at], f"'{local(node)}' has an invalid child element '{local(children[at])}'.")


def _check_part(node: Element, part: Part, children: Sequence[Element], start: int) -> int:
    """Check the children from `start` on that belong to a part, and return where the rest begins."""
    at = start
    while at < len(children) and (part.many or at == start):
        row = part.rows.get(children[at].tag)
        if row is None:
            break
        if row != "any":
            check(children[at], row)
        at += 1
    if part.required and at == start:
        wanted = ", ".join(tag.rpartition("}")[2] for tag in part.rows)
        raise _violation(node, f"'{local(node)}' has incomplete content: expected is {wanted}.")
    return at


def _check_attributes(node: Element, row: Row) -> None:
    names = [str(name) for name in node.attrib if not str(name).startswith("{")]
    for name in names:
        if name not in row.attributes:
            raise _violation(node, f"the attribute '{name}' is not declared on '{local(node)}'.")
    for name, required in row.attributes.items():
        if required and name not in names:
            raise _violation(node, f"the required attribute '{name}' is missing on '{local(node)}'.")


def _violation(node: Element, words: str) -> BadDocument:
    line: Any = node.sourceline
    return BadDocument(words, line or 0)
