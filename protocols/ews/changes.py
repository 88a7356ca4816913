"""The changes of an UpdateItem or UpdateFolder: which properties to set, append to and delete."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from protocols.ews import items, paths
from protocols.ews.errors import BadDocument
from protocols.ews.markup import Element, children, local
from protocols.ews.paths import Path


@frozen
class Set:
    """Give a property a value."""

    path: Path
    value: Any


@frozen
class Append:
    """Put something behind what a property holds."""

    path: Path
    value: Any


@frozen
class Delete:
    """Take a property away."""

    path: Path


Change = Set | Append | Delete


def parse(node: Element) -> list[Change]:
    """Return the changes in the Updates of an ItemChange or a FolderChange. Raises `BadDocument` and `Refusal`."""
    return [_change(each) for each in children(node, "Updates")]


def _change(node: Element) -> Change:
    action = local(node).removesuffix("ItemField").removesuffix("FolderField")
    if action not in {"Set", "AppendTo", "Delete"} or len(node) != (1 if action == "Delete" else 2):
        raise BadDocument(f"The element '{local(node)}' is not a change of one property.")
    path = paths.parse(node[0])
    if action == "Delete":
        return Delete(path)
    properties = items.read(node[1]).properties
    if list(properties) != [path]:
        raise BadDocument(f"The change of '{path}' must carry just this property.")
    return (Set if action == "Set" else Append)(path, properties[path])
