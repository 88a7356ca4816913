"""Response messages: what became of each thing that a request asked for."""

from __future__ import annotations

from collections.abc import Iterable

from protocols.ews.errors import Refusal
from protocols.ews.markup import Child, Element, m, t


def answer(operation: str, messages: Iterable[Element]) -> Element:
    """Return the answer to an operation: one response message for each thing asked for, in its order."""
    return m(f"{operation}Response", m("ResponseMessages", messages))


def success(operation: str, *content: Child) -> Element:
    """Return the response message of something that was done."""
    code = m("ResponseCode", "NoError")
    return m(f"{operation}ResponseMessage", code, *content, ResponseClass="Success")


def error(operation: str, refusal: Refusal, *content: Child) -> Element:
    """Return the response message of something that could not be done."""
    details = [t("Value", value, Name=name) for name, value in refusal.details.items()]
    return m(
        f"{operation}ResponseMessage",
        m("MessageText", refusal.words),
        m("ResponseCode", refusal.code),
        m("DescriptiveLinkKey", "0"),
        m("MessageXml", details) if details else None,
        *content,
        ResponseClass="Error",
    )
