"""Why a document has no pages, in words for the person who wanted to see them."""

from __future__ import annotations

from enum import StrEnum


class Trouble(StrEnum):
    """What kept a document from being shown; the value is what its reader is told."""

    PROTECTED = "This document is protected by a password."
    BOMB = "This document unpacks to more than is shown here."
    BROKEN = "This document could not be read; it may be damaged."
    CRASHED = "The program that was to show this document broke down over it."
    SLOW = "It took too long to make pages of this document."
    TOO_LARGE = "This document is too large to be shown here."
    BUSY = "Many documents are being opened just now. Try again in a moment."


class NotShown(Exception):
    """There are no pages; `trouble` says why. The document itself can be downloaded all the same."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
