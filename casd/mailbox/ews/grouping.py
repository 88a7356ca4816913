"""The items of a page in groups, as GroupBy and DistinguishedGroupBy want them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from casd.mailbox.ews.reading import Renderer
from casd.mailbox.store.values import Item
from protocols.ews.codecs import Codec
from protocols.ews.fields import KINDS, Field
from protocols.ews.markup import Element, t
from protocols.ews.paths import Path
from protocols.ews.shapes import Shape
from protocols.ews.values import Address
from protocols.ews.views import Group

_CODECS: Mapping[Path, Codec] = {
    row.path: row.codec for rows in KINDS.values() for row in rows if isinstance(row, Field)
}


def write(renderer: Renderer, group: Group, items: Sequence[Item]) -> list[Element]:
    """Return the groups of items that come sorted by what they are grouped by."""
    lookup = Renderer(renderer.mailbox, Shape(additional=(group.sort.path,)), finding=True)
    values = ((item, _text(group, lookup.show(item).properties.get(group.sort.path))) for item in items)
    return [_group(renderer, text, [item for item, _ in held]) for text, held in groupby(values, lambda one: one[1])]


def _text(group: Group, value: Any) -> str:
    """Return a value as a group is named by it."""
    if isinstance(value, Address):
        return value.name or value.address
    codec = _CODECS.get(group.sort.path)
    written = codec.write("x", value) if codec and value is not None else None
    return "; ".join(_texts(written)) if written is not None else str(value or "")


def _texts(node: Element) -> Iterator[str]:
    return (str(text) for text in node.itertext())


def _group(renderer: Renderer, text: str, items: Sequence[Item]) -> Element:
    return t("GroupedItems", t("GroupIndex", text), t("Items", (renderer.element(item) for item in items)))
