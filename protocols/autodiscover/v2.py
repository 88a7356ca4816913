"""Where one protocol of an address is, asked by URL and answered in JSON, before anybody signs in."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl, urlencode

from attrs import frozen

from protocols.autodiscover.markup import MAX_ADDRESS

CONTENT_TYPE = b"application/json; charset=utf-8"

_PATH = re.compile(r"/autodiscover/autodiscover\.json(?:/v1\.0/(?P<address>[^/]+))?/?", re.IGNORECASE)
_PROTOCOLS = {
    name.lower(): name
    for name in ("AutodiscoverV1", "Ews", "ActiveSync", "Rest", "Substrate", "SubstrateSearchService", "Actions")
}
_MOST_REDIRECTS = 10


@frozen
class Question:
    """Which protocol of which address; `redirects` is how often the client has been sent on."""

    address: str
    protocol: str
    redirects: int = 0


@frozen
class Refusal:
    """An error in place of a URL."""

    code: str
    words: str

    @property
    def status(self) -> int:
        """The status of HTTP that goes with it."""
        return 404 if self.code == "UserNotFound" else 400


MISSING_PARAMETER = Refusal("MandatoryParameterMissing", "A valid smtp address must be provided.")
MISSING_PROTOCOL = Refusal("MissingProtocol", "A protocol must be provided.")
NOT_SUPPORTED = Refusal("ProtocolNotSupported", "This protocol is not offered for this address.")
NOT_FOUND = Refusal("UserNotFound", "The given user is not found.")


def parse(path: str, query: str) -> Question | Refusal:
    """Return what a decoded path and a query ask: `?Email=A&Protocol=P`, or `/v1.0/A?Protocol=P`."""
    found = _PATH.fullmatch(path)
    said = _fields(query)
    address = (found and found["address"]) or said.get("email", "")
    if not found or not _is_address(address):
        return MISSING_PARAMETER
    protocol = said.get("protocol", "")
    if not protocol:
        return MISSING_PROTOCOL
    count = said.get("redirectcount", "0")
    redirects = int(count) if re.fullmatch(r"\d{1,3}", count, re.ASCII) else _MOST_REDIRECTS
    if protocol.lower() not in _PROTOCOLS:
        return NOT_SUPPORTED
    return Question(address, _PROTOCOLS[protocol.lower()], redirects)


def answer(protocol: str, url: str) -> bytes:
    """Return the document that tells where a protocol is."""
    return json.dumps({"Protocol": protocol, "Url": url}).encode()


def refusal(refused: Refusal) -> bytes:
    """Return the document that tells why no URL can be told."""
    return json.dumps({"ErrorCode": refused.code, "ErrorMessage": refused.words}).encode()


def question(base: str, asked: Question) -> str:
    """Return the URL that asks another front door the same."""
    fields = {"Email": asked.address, "Protocol": asked.protocol, "RedirectCount": asked.redirects + 1}
    return f"{base}/autodiscover/autodiscover.json?{urlencode(fields)}"


def may_go_on(asked: Question) -> bool:
    """Say whether a client may be sent on once more; ten times is what Outlook follows."""
    return asked.redirects < _MOST_REDIRECTS


def _fields(query: str) -> dict[str, str]:
    """Return a query's fields by their names in lower case; a plus sign stands for itself, as addresses have it."""
    try:
        pairs = parse_qsl(query.replace("+", "%2B"), max_num_fields=32)
    except ValueError:
        return {}
    return {name.lower(): value.strip() for name, value in pairs}


def _is_address(address: str) -> bool:
    local, at, domain = address.rpartition("@")
    return (
        bool(local and at and domain) and len(address) <= MAX_ADDRESS and address.isprintable() and " " not in address
    )
