"""The document in which an office server says what it opens, by which URLs, and what its proof keys are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from lxml import etree

from protocols.wopi import ProofKeys, public_key

LARGEST = 4 * 1024 * 1024
_ZONES = ("external-https", "internal-https")
_ACTIONS = ("view", "edit")
"""The words of MS-WOPI 3.1.5.1.1.2 for what shows a document; Collabora knows some kinds by `edit` only, and shows
them read-only when the host says that they are."""

_PLACEHOLDER = re.compile(r"<[^<>]*>")


class BadDiscovery(Exception):
    """This is no discovery document that can be used."""


class Discovery(NamedTuple):
    """URLs that show a document, by suffix (`.docx`), each to be continued by `WOPISrc=`; and proof keys, if any."""

    actions: Mapping[str, str]
    keys: ProofKeys | None


def parse(document: bytes) -> Discovery:
    """Read a discovery document."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(document[:LARGEST], parser)
    except etree.XMLSyntaxError as error:
        raise BadDiscovery(f"not XML: {error}") from error
    zones = {zone.get("name"): zone for zone in root.iter("net-zone")}
    zone = next((zones[name] for name in _ZONES if name in zones), next(iter(zones.values()), None))
    if zone is None:
        raise BadDiscovery("it names no zone")
    return Discovery(_actions(zone), _keys(root))


def _actions(zone: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _ACTIONS:
        for action in zone.iter("action"):
            extension, url = action.get("ext"), action.get("urlsrc")
            if action.get("name") == name and extension and url:
                found.setdefault(f".{extension.lower()}", _continued(url))
    return found


def _continued(url: str) -> str:
    """Return a URL without what is optional in it, ready for one more parameter."""
    url = _PLACEHOLDER.sub("", url)
    return url if url.endswith(("?", "&")) else url + ("&" if "?" in url else "?")


def _keys(root: Any) -> ProofKeys | None:
    found = next(root.iter("proof-key"), None)
    if found is None:
        return None
    try:
        return ProofKeys(
            public_key(found.get("modulus"), found.get("exponent")),
            public_key(found.get("oldmodulus"), found.get("oldexponent")),
        )
    except (ValueError, TypeError) as error:
        raise BadDiscovery("its proof keys are none") from error
