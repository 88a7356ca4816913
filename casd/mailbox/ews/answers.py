"""Batches: each thing of a request for itself, and the table from the store's errors to response codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from casd.mailbox.store import errors
from protocols.ews import responses
from protocols.ews.errors import Refusal
from protocols.ews.markup import Child, Element

T = TypeVar("T")

_CODES: Sequence[tuple[type[errors.StoreError], str]] = (
    (errors.NotFound, "ErrorItemNotFound"),
    (errors.Conflict, "ErrorIrresolvableConflict"),
    (errors.FolderExists, "ErrorFolderExists"),
    (errors.NotAllowed, "ErrorDeleteDistinguishedFolder"),
    (errors.BadContent, "ErrorMimeContentInvalid"),
    (errors.BadQuery, "ErrorUnsupportedPathForQuery"),
    (errors.Forbidden, "ErrorAccessDenied"),
    (errors.QuotaExceeded, "ErrorQuotaExceeded"),
    (errors.BadState, "ErrorInvalidSyncStateData"),
)


def refusal(error: errors.StoreError | Refusal) -> Refusal:
    """Return what EWS says of an error. Raises what is no matter of one thing alone (`NotMounted`)."""
    if isinstance(error, Refusal):
        return error
    for kind, code in _CODES:
        if isinstance(error, kind):
            return Refusal(code)
    raise error


def attempt(operation: str, do: Callable[[T], Iterable[Child]], thing: T) -> Element:
    """Do something for one thing, and return its response message with the content that `do` returns."""
    try:
        return responses.success(operation, *do(thing))
    except (errors.StoreError, Refusal) as error:
        return responses.error(operation, refusal(error))


def each(operation: str, do: Callable[[T], Iterable[Child]], things: Iterable[T]) -> Element:
    """Do something for each thing, and return the answer to the operation."""
    return responses.answer(operation, [attempt(operation, do, thing) for thing in things])
