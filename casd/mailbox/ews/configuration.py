"""The user configuration: what clients keep with a folder under names of their own ([MS-OXWSUSRCFG])."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any

from casd.mailbox.ews import identifiers, places
from casd.mailbox.ews.answers import each
from casd.mailbox.ews.identifiers import Kind
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Folder
from protocols.ews.codecs import parse_binary, parse_boolean, parse_moment, show_binary, show_boolean, show_moment
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Child, Element, child, children, local, m, t, text

_NAME = re.compile(r"(?!IPM\.Configuration)[A-Za-z0-9.]{1,237}")
_PROPERTIES = frozenset({"Id", "Dictionary", "XmlData", "BinaryData", "All"})
_BYTES = ("XmlData", "BinaryData")
_CANONICAL: Mapping[str, Callable[[str], str]] = {
    "Boolean": lambda value: show_boolean(parse_boolean(value)),
    "DateTime": lambda value: show_moment(parse_moment(value)),
}
"""How values are shown that may be written in several ways."""


def create_user_configuration(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve CreateUserConfiguration."""

    def create(node: Element) -> Sequence[Child]:
        folder, key = _place(mailbox, _named(node))
        if key in folder.properties:
            raise Refusal("ErrorItemSave", "There is a configuration of this name already.")
        return _keep(mailbox, folder, {key: _read(node)})

    return _one("CreateUserConfiguration", create, body, "UserConfiguration")


def update_user_configuration(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve UpdateUserConfiguration: what is not said stays."""

    def update(node: Element) -> Sequence[Child]:
        folder, key = _place(mailbox, _named(node))
        return _keep(mailbox, folder, {key: {**_found(folder, key), **_read(node)}})

    return _one("UpdateUserConfiguration", update, body, "UserConfiguration")


def delete_user_configuration(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve DeleteUserConfiguration."""

    def delete(node: Element) -> Sequence[Child]:
        folder, key = _place(mailbox, node)
        _found(folder, key)
        return _keep(mailbox, folder, {key: None})

    return _one("DeleteUserConfiguration", delete, body, "UserConfigurationName")


def get_user_configuration(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve GetUserConfiguration."""
    wanted = set(text(body, "UserConfigurationProperties").split())
    if not wanted <= _PROPERTIES:
        raise BadDocument(f"UserConfigurationProperties are of {', '.join(sorted(_PROPERTIES))}.")

    def get(node: Element) -> Sequence[Child]:
        folder, key = _place(mailbox, node)
        found, name = _found(folder, key), key.partition("/")[2]
        place = identifiers.of_folder(mailbox, folder)
        identity = identifiers.encode(Kind.CONFIGURATION, mailbox, f"{folder.id}/{name}")
        shown = {"Id": t("ItemId", Id=identity), **dict(_shown(found))}
        told = [element for word, element in shown.items() if word in wanted or "All" in wanted]
        named = t("UserConfigurationName", t("FolderId", Id=place.text, ChangeKey=place.change_key), Name=name)
        return [m("UserConfiguration", named, told)]

    return _one("GetUserConfiguration", get, body, "UserConfigurationName")


def xml_data(folder: Folder, name: str) -> bytes:
    """Return the XmlData of a configuration, empty if there is none."""
    said: Mapping[str, Any] = folder.properties.get(_key(name)) or {}
    return parse_binary(said.get("XmlData", ""))


def keep_xml_data(mailbox: MailboxStore, folder: Folder, name: str, data: bytes) -> None:
    """Set the XmlData of a configuration, which is made if there is none."""
    said: Mapping[str, Any] = folder.properties.get(_key(name)) or {}
    _keep(mailbox, folder, {_key(name): {**said, "XmlData": show_binary(data)}})


def _key(name: str) -> str:
    return f"configuration/{name}"


def _one(operation: str, do: Callable[[Element], Sequence[Child]], body: Element, name: str) -> Element:
    return each(operation, do, [node for node in body if local(node) == name])


def _named(node: Element) -> Element:
    if (name := child(node, "UserConfigurationName")) is None:
        raise BadDocument("A UserConfiguration needs a UserConfigurationName.")
    return name


def _place(mailbox: MailboxStore, name: Element) -> tuple[Folder, str]:
    """Return the folder and the key among its properties that a UserConfigurationName names."""
    if not _NAME.fullmatch(name.get("Name", "")):
        raise Refusal("ErrorInvalidRequest", "A configuration's name has up to 237 letters, digits and full stops.")
    return places.folder_of(mailbox, name[0]), _key(name.get("Name", ""))


def _found(folder: Folder, key: str) -> dict[str, Any]:
    if (found := folder.properties.get(key)) is None:
        raise NotFound(f"{folder.name} has no {key}")
    return dict(found)


def _keep(mailbox: MailboxStore, folder: Folder, properties: Mapping[str, Any]) -> Sequence[Child]:
    mailbox.folders.update(folder.id, properties=properties)
    return []


def _read(node: Element) -> dict[str, Any]:
    """Return what is said, as JSON keeps it: the dictionary as pairs of typed objects, bytes as base64."""
    said: dict[str, Any] = {name: show_binary(parse_binary(text(node, name))) for name in _BYTES if text(node, name)}
    if child(node, "Dictionary") is not None:
        said["Dictionary"] = [[_object(each) for each in entry] for entry in children(node, "Dictionary")]
    return said


def _object(node: Element) -> list[Any]:
    canonical = _CANONICAL.get(text(node, "Type"), str)
    return [text(node, "Type"), [canonical(each.text or "") for each in node if local(each) == "Value"]]


def _shown(found: Mapping[str, Any]) -> Iterator[tuple[str, Element]]:
    if "Dictionary" in found:
        pairs = (zip(("DictionaryKey", "DictionaryValue"), entry, strict=True) for entry in found["Dictionary"])
        entries = (t("DictionaryEntry", (_written(name, *one) for name, one in pair)) for pair in pairs)
        yield "Dictionary", t("Dictionary", entries)
    for name in _BYTES:
        if name in found:
            yield name, t(name, found[name])


def _written(name: str, kind: str, values: Sequence[str]) -> Element:
    return t(name, t("Type", kind), (t("Value", value) for value in values))
