"""Property paths: how a request names one property of an item or a folder."""

from __future__ import annotations

import re

from attrs import frozen

from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Element, local, t

_KNOWN = re.compile(
    "(?:folder|item|message|calendar|contacts|task|meeting|meetingRequest|postitem|conversation|persona"
    "|distributionlist|role|abchperson|network|person):[A-Za-z0-9:_]+"
)
_EXTENDED = {
    "DistinguishedPropertySetId": "distinguished",
    "PropertySetId": "set_id",
    "PropertyTag": "tag",
    "PropertyName": "name",
    "PropertyId": "number",
    "PropertyType": "type",
}


@frozen(cache_hash=True)
class Property:
    """A property of the schema (FieldURI), or one entry of a dictionary of them (IndexedFieldURI)."""

    uri: str
    index: str = ""

    def __str__(self) -> str:
        return f"{self.uri}/{self.index}" if self.index else self.uri


@frozen
class Extended:
    """A property of MAPI, by its tag or by its set with a name or a number (ExtendedFieldURI)."""

    type: str
    distinguished: str = ""
    set_id: str = ""
    tag: str = ""
    name: str = ""
    number: str = ""

    def __str__(self) -> str:
        return "/".join((self.distinguished or self.set_id, self.tag, self.name, self.number, self.type))


Path = Property | Extended


def parse(node: Element) -> Path:
    """Return the path that a FieldURI, IndexedFieldURI or ExtendedFieldURI is. Raises `BadDocument`."""
    if local(node) == "ExtendedFieldURI":
        return _extended(node)
    uri, index = node.get("FieldURI", ""), node.get("FieldIndex", "")
    if local(node) not in {"FieldURI", "IndexedFieldURI"} or not _KNOWN.fullmatch(uri):
        raise BadDocument(f"'{local(node)}' with the value '{uri}' is not a property path.")
    if bool(index) != (local(node) == "IndexedFieldURI"):
        raise BadDocument(f"'{uri}' and its FieldIndex do not go together.")
    return Property(uri, index)


def _extended(node: Element) -> Extended:
    found = {key: node.get(name, "") for name, key in _EXTENDED.items()}
    if not found["type"]:
        raise BadDocument("The required attribute 'PropertyType' is missing.")
    by_tag, by_set = bool(found["tag"]), bool(found["set_id"] or found["distinguished"])
    if by_tag == by_set or by_set != bool(found["name"] or found["number"]):
        raise Refusal("ErrorInvalidRequest", "An extended property needs a tag, or a set with a name or an id.")
    tag = hex(_integer(found["tag"])) if by_tag else ""  # clients write 0x0e1d, 0xE1D and 3613
    return Extended(**{**found, "tag": tag, "set_id": found["set_id"].lower()})


def _integer(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise BadDocument(f"'{text}' is not a property tag.") from None


def write(path: Path) -> Element:
    """Return the element that names a path."""
    if isinstance(path, Extended):
        named = {name: value for name, key in _EXTENDED.items() if (value := str(getattr(path, key)))}
        return t("ExtendedFieldURI", **named)
    if path.index:
        return t("IndexedFieldURI", FieldURI=path.uri, FieldIndex=path.index)
    return t("FieldURI", FieldURI=path.uri)
