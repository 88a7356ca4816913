"""Plain XML from the other side: another organisation is asked for an address, its answer read with distrust."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from protocols import documents
from protocols.autodiscover.markup import LIMITS, element, only, text, tostring
from protocols.autodiscover.pox import CONTENT_TYPE, NOT_FOUND, Redirection, Schema
from protocols.ews.markup import Element, local

__all__ = ["CONTENT_TYPE", "BadAnswer", "Settings", "Unknown", "read", "write"]

_BY_PREFERENCE = ("EXPR", "EXHTTP", "EXCH")
"""From outside first: whoever asks is another organisation (MS-OXDSCLI 2.2.4.1.1.2.6)."""


class BadAnswer(ValueError):
    """An answer that tells nothing; the text is for the log."""


class Unknown(BadAnswer):
    """There is no such address; another one may be known."""


@frozen
class Settings:
    """Where web services are, as an answer tells it, the best place first."""

    ews: tuple[str, ...]


def write(address: str) -> bytes:
    """Return the request for an address's settings (MS-OXDSCLI 2.2.3)."""
    asks, answers = Schema.OUTLOOK.value
    wanted = element(asks, "AcceptableResponseSchema", answers)
    request = element(asks, "Request", element(asks, "EMailAddress", address), wanted)
    return tostring(element(asks, "Autodiscover", request))


def read(document: bytes) -> Settings | Redirection:
    """Return what an answer tells (MS-OXDSCLI 2.2.4). Raises `BadAnswer`."""
    try:
        response = only(documents.read(document, LIMITS), "Response")
    except documents.BadXML as error:
        raise BadAnswer(error.words) from error
    if response is None:
        raise BadAnswer("The answer is none of Autodiscover.")
    if (refused := only(response, "Error")) is not None:
        kind = Unknown if text(refused, "ErrorCode") == str(NOT_FOUND) else BadAnswer
        raise kind(f"It answers {text(refused, 'ErrorCode')[:10]}: {text(refused, 'Message')[:100]}")
    account = only(response, "Account")
    if account is None:
        raise BadAnswer("The answer tells of no account.")
    match text(account, "Action"):
        case "redirectUrl":
            return Redirection(url=text(account, "RedirectUrl"))
        case "redirectAddr":
            return Redirection(address=text(account, "RedirectAddr"))
    return Settings(tuple(dict.fromkeys(filter(None, _places(account)))))


def _places(account: Element) -> Iterator[str]:
    """Yield the URLs of web services, empty where a section has none."""
    sections = [one for one in account if local(one) == "Protocol"]
    told = {one.get("Type") or text(one, "Type"): one for one in reversed(sections)}  # the first of a kind counts
    for kind in _BY_PREFERENCE:
        if kind in told:
            yield text(told[kind], "EwsUrl") or text(told[kind], "ASUrl")
    external = only(told["WEB"], "External") if "WEB" in told else None
    protocol = None if external is None else only(external, "Protocol")
    if protocol is not None:
        yield text(protocol, "ASUrl")
