"""Answers to meetings as elements: accept, accept tentatively, decline, cancel, remove."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from protocols.ews.codecs import BODY, MOMENT
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Element, child, local
from protocols.ews.values import Body

WORDS: Mapping[str, str] = {
    "AcceptItem": "Accept",
    "TentativelyAcceptItem": "Tentative",
    "DeclineItem": "Decline",
    "CancelCalendarItem": "Cancel",
    "RemoveItem": "Remove",
}
"""What each element does to a meeting."""


@frozen
class MeetingAnswer:
    """What to do with the meeting that `reference` (an ItemId) names; `proposed` is another time for it."""

    word: str
    reference: Element
    note: Body | None = None
    proposed: tuple[datetime, datetime] | None = None


def parse(node: Element) -> MeetingAnswer:
    """Return the answer that an element is. Raises `BadDocument`, and `Refusal` if it refers to nothing."""
    reference = child(node, "ReferenceItemId")
    if reference is None:
        raise Refusal("ErrorMissingInformationReferenceItemId")
    named = "NewBodyContent" if local(node) == "CancelCalendarItem" else "Body"
    note = child(node, named)
    return MeetingAnswer(WORDS[local(node)], reference, None if note is None else BODY.read(note), _proposed(node))


def _proposed(node: Element) -> tuple[datetime, datetime] | None:
    start, end = child(node, "ProposedStart"), child(node, "ProposedEnd")
    if start is None and end is None:
        return None
    if start is None or end is None:
        raise BadDocument("A proposed time has a start and an end.")
    return MOMENT.read(start), MOMENT.read(end)
