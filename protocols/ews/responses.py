"""Response messages: what became of each thing that a request asked for."""

from __future__ import annotations

from collections.abc import Iterable

from protocols.ews import paths
from protocols.ews.errors import Refusal
from protocols.ews.markup import Child, Element, m
from protocols.ews.schema import grammar


def answer(operation: str, messages: Iterable[Element]) -> Element:
    """Return the answer to an operation: one response message for each thing asked for, in its order."""
    return m(f"{operation}Response", m("ResponseMessages", messages))


def success(operation: str, *content: Child) -> Element:
    """Return the response message of something that was done."""
    code = m("ResponseCode", "NoError")
    return m(f"{operation}ResponseMessage", code, *content, ResponseClass="Success")


def alone(operation: str, refusal: Refusal | None, *content: Child) -> Element:
    """Return the answer to an operation that does one thing, which is its own response message."""
    code = m("ResponseCode", refusal.code if refusal else "NoError")
    words, link = (m("MessageText", refusal.words), m("DescriptiveLinkKey", "0")) if refusal else (None, None)
    outcome = "Error" if refusal else "Success"
    return m(f"{operation}Response", words, code, link, *content, ResponseClass=outcome)


def refused(operation: str, refusal: Refusal) -> Element:
    """Return the answer to an operation that has not been begun, in the form that the schema has for it."""
    if "ResponseClass" not in grammar.ROWS[f"{operation}Response"].attributes:
        return answer(operation, [error(operation, refusal)])
    return alone(operation, refusal, *_required(f"{operation}Response"))


def _required(name: str) -> list[Element]:
    """Return what the schema wants in a response message even of an error, though empty."""
    return [m(local) for local in grammar.ROWS[name].required]


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
        _required(f"{operation}ResponseMessage"),
        *content,
        ResponseClass="Error",
    )
