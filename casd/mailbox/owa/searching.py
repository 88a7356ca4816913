"""What a search shows beside what it finds: where its words stand, and what else might be searched for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from casd.mailbox.owa.arguments import Arguments
from casd.mailbox.owa.people import listed, shape
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.marking import Marked

_PEOPLE = 4
_SUBJECTS = 3


def find_suggestion(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Return people and subjects that begin with what somebody has typed."""
    found = mailbox.items.suggestions(arguments.text("query"))
    people = [person for display in found.people[:_PEOPLE] for person in listed(display)]
    return {"people": shape(people), "subjects": list(found.subjects[:_SUBJECTS])}


def marked(mailbox: MailboxStore, query: str, items: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Return subject and passage of each item that a search found, by its id: pieces, of which each other one is a hit.

    There is no passage where the words stand elsewhere.
    """
    found = mailbox.items.marked(query, items) if query else {}
    return {
        item: {"subject": _pieces(marks.subject), **({"passage": _pieces(marks.passage)} if marks.passage.hits else {})}
        for item, marks in found.items()
    }


def _pieces(marked: Marked) -> list[str]:
    ends = [0, *(end for hit in marked.hits for end in hit), len(marked.text)]
    return [marked.text[start:end] for start, end in pairwise(ends)]
