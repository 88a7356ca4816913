"""Items and folders as elements: read into properties by path, written in the order of the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from protocols.ews import attachments, paths
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.fields import ATTACHMENTS, EXTENDED, KINDS, Dictionary, Field, Row
from protocols.ews.markup import Element, child, children, local, t, text
from protocols.ews.paths import Extended, Path, Property
from protocols.ews.values import Item

_ROWS: Mapping[str, Mapping[str, Row]] = {
    kind: {row.rpartition(":")[2] if isinstance(row, str) else row.element: row for row in rows}
    for kind, rows in KINDS.items()
}


def read(node: Element) -> Item:
    """Return the item or folder that an element is.

    Raises `BadDocument` for what the schema does not know, `Refusal` for a kind that is not served.
    """
    rows = _ROWS.get(local(node))
    if rows is None:
        raise Refusal("ErrorInvalidRequest", f"'{local(node)}' is not a kind of object that this server makes.")
    properties: dict[Path, Any] = {}
    for each in node:
        row = rows.get(local(each))
        if row is None:
            raise BadDocument(f"The element '{local(node)}' has an invalid child element '{local(each)}'.")
        properties.update(_read_row(row, each))
    return Item(local(node), properties)


def _read_row(row: Row, node: Element) -> Iterator[tuple[Path, Any]]:
    if isinstance(row, Field):
        yield row.path, row.codec.read(node)
    elif isinstance(row, Dictionary):
        for entry in node:
            yield from _read_entry(row, entry)
    elif row == EXTENDED:
        yield _read_extended(node)
    else:
        yield Property(ATTACHMENTS), tuple(attachments.read(each, read) for each in node)


def _read_entry(row: Dictionary, entry: Element) -> Iterator[tuple[Path, Any]]:
    if (key := entry.get("Key", "")) not in row.keys:
        raise BadDocument(f"'{key}' is not a key of '{row.element}'.")
    if not row.parts:
        yield Property(row.entry, key), entry.text or ""
    for part in entry if row.parts else ():
        if local(part) not in row.parts:
            raise BadDocument(f"'{local(part)}' is not a part of an entry of '{row.element}'.")
        yield Property(f"{row.entry}:{local(part)}", key), part.text or ""


def _read_extended(node: Element) -> tuple[Path, Any]:
    if (uri := child(node, "ExtendedFieldURI")) is None:
        raise BadDocument("An ExtendedProperty needs an ExtendedFieldURI.")
    path = paths.parse(uri)
    if isinstance(path, Extended) and path.type.endswith("Array"):
        return path, tuple(value.text or "" for value in children(node, "Values"))
    return path, text(node, "Value")


def write(item: Item) -> Element:
    """Return an item or a folder as an element. A property whose value is None is left out."""
    found = {path: value for path, value in item.properties.items() if value is not None}
    written = t(item.element)
    for row in KINDS[item.element]:
        if not isinstance(row, Field):
            written.extend(_write_row(row, found))
        elif row.path in found:
            written.append(row.codec.write(row.element, found[row.path]))
    return written


def _write_row(row: Dictionary | str, properties: Mapping[Path, Any]) -> Iterator[Element]:
    if isinstance(row, Dictionary):
        entries = [entry for key in row.keys if (entry := _write_entry(row, key, properties)) is not None]
        if entries:
            yield t(row.element, entries)
    elif row == EXTENDED:
        yield from (_write_extended(path, value) for path, value in properties.items() if isinstance(path, Extended))
    elif held := properties.get(Property(ATTACHMENTS)):
        yield t("Attachments", (attachments.write(each, write) for each in held))


def _write_entry(row: Dictionary, key: str, properties: Mapping[Path, Any]) -> Element | None:
    values = {uri: properties[Property(uri, key)] for uri in row.uris if Property(uri, key) in properties}
    if not values:
        return None
    if row.parts:
        return t("Entry", *(t(uri.rpartition(":")[2], value) for uri, value in values.items()), Key=key)
    return t("Entry", values[row.entry], Key=key)


def _write_extended(path: Extended, value: Any) -> Element:
    if isinstance(value, (tuple, list)):
        return t("ExtendedProperty", paths.write(path), t("Values", *(t("Value", each) for each in value)))
    return t("ExtendedProperty", paths.write(path), t("Value", value))
