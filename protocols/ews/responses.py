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


def alone(operation: str, *content: Child) -> Element:
    """Return the answer to an operation that does one thing: it is its own response message."""
    return m(f"{operation}Response", m("ResponseCode", "NoError"), *content, ResponseClass="Success")


def refused(operation: str, refusal: Refusal, *content: Child) -> Element:
    """Return the answer to an operation that could not be done at all, in the form that the schema has for it."""
    name = f"{operation}Response"
    if "ResponseClass" not in grammar.ROWS[name].attributes:
        return answer(operation, [error(operation, refusal)])
    code, words = m("ResponseCode", refusal.code), m("MessageText", refusal.words)
    more = content or (_required(name),)
    return m(name, words, code, m("DescriptiveLinkKey", "0"), *more, ResponseClass="Error")


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
