"""Response messages: what became of each thing that a request asked for."""

from __future__ import annotations

from collections.abc import Iterable

from protocols.ews import paths
from protocols.ews.errors import Refusal
from protocols.ews.markup import Child, Element, m

_ALWAYS = {
    **dict.fromkeys(("GetItem", "CreateItem", "UpdateItem", "MoveItem", "CopyItem"), "Items"),
    **dict.fromkeys(("GetFolder", "CreateFolder", "UpdateFolder", "MoveFolder"), "Folders"),
    **dict.fromkeys(("GetAttachment", "CreateAttachment"), "Attachments"),
}
"""What the schema wants in a response message even of an error, though empty."""


def answer(operation: str, messages: Iterable[Element]) -> Element:
    """Return the answer to an operation: one response message for each thing asked for, in its order."""
    return m(f"{operation}Response", m("ResponseMessages", messages))


def success(operation: str, *content: Child) -> Element:
    """Return the response message of something that was done."""
    code = m("ResponseCode", "NoError")
    return m(f"{operation}ResponseMessage", code, *content, ResponseClass="Success")


def alone(operation: str, *content: Child) -> Element:
    """Return the answer to an operation that does one thing: it is its own response message."""
    return m(f"{operation}Response", m("ResponseCode", "NoError"), *content, ResponseClass="Success")


def refused(operation: str, refusal: Refusal, *content: Child) -> Element:
    """Return the answer to such an operation that could not be done."""
    code, words = m("ResponseCode", refusal.code), m("MessageText", refusal.words)
    return m(f"{operation}Response", words, code, m("DescriptiveLinkKey", "0"), *content, ResponseClass="Error")


def warning(operation: str, refusal: Refusal, *content: Child) -> Element:
    """Return the response message of something that was done, but for what `refusal` says."""
    return m(
        f"{operation}ResponseMessage",
        m("MessageText", refusal.words),
        m("ResponseCode", refusal.code),
        m("DescriptiveLinkKey", "0"),
        *content,
        ResponseClass="Warning",
    )


def error(operation: str, refusal: Refusal, *content: Child) -> Element:
    """Return the response message of something that could not be done."""
    return m(
        f"{operation}ResponseMessage",
        m("MessageText", refusal.words),
        m("ResponseCode", refusal.code),
        m("DescriptiveLinkKey", "0"),
        None if refusal.path is None else m("MessageXml", paths.write(refusal.path)),
        m(_ALWAYS[operation]) if operation in _ALWAYS else None,
        *content,
        ResponseClass="Error",
    )
