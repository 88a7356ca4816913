"""Where the words of a search stand in what it found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from casd.mailbox.store.connections import Connections
from casd.mailbox.store.index import COLUMNS, table
from casd.mailbox.store.query import And, Filter, Match, Or

_OPEN, _CLOSE = "\x02", "\x03"
"""What stands around a hit in what SQLite answers; taken out of the text that is shown."""

_WORDS = 24
"""Words of a body that are shown around its hits."""

_ORDER = (COLUMNS.index("body"), COLUMNS.index("attachments"))


@frozen
class Marked:
    """A text, and where hits begin and end in it."""

    text: str
    hits: tuple[tuple[int, int], ...]


@frozen
class Marks:
    """Subject and sender of a hit, and the passage of its body, or else of its attachments, that was looked for."""

    subject: Marked
    sender: Marked
    passage: Marked


def marks(connection: Connections, mailbox: int, where: Filter, items: Sequence[str]) -> dict[str, Marks]:
    """Return what to show of some of a filter's hits, by id; nothing where it looks for no words."""
    query = " OR ".join(_matches(where))
    if not query:
        return {}
    words, known = table(mailbox), ", ".join("?" * len(items))
    places = dict(connection.execute(f"SELECT place, id FROM item WHERE id IN ({known})", items).fetchall())  # noqa: S608
    if not places:
        return {}
    subject, sender = (f"highlight({words}, {COLUMNS.index(name)}, ?1, ?2)" for name in ("subject", "sender"))
    body, attachments = (f"snippet({words}, {column}, ?1, ?2, '…', {_WORDS})" for column in _ORDER)
    # One way through the hits: to ask for each row would gather all words of a prefix for each.
    found = connection.execute(
        f"SELECT rowid, {subject}, {sender}, {body}, {attachments} FROM {words} WHERE {words} MATCH ?3"  # noqa: S608
        f" AND rowid BETWEEN ?4 AND ?5 AND +rowid IN ({', '.join(map(str, places))})",
        (_OPEN, _CLOSE, query, min(places), max(places)),
    )
    return {places[place]: _shown(*texts) for place, *texts in found}


def _matches(where: Filter) -> Iterator[str]:
    """Yield what was looked for in the index; what must not be there is not shown."""
    match where:
        case Match(text):
            yield text
        case And(parts) | Or(parts):
            for part in parts:
                yield from _matches(part)


def _shown(subject: str, sender: str, body: str, attachments: str) -> Marks:
    passage = _marked(body)
    if not passage.hits:
        attached = _marked(attachments)
        passage = attached if attached.hits else passage
    return Marks(_marked(subject), _marked(sender), passage)


def _marked(text: str) -> Marked:
    hits, plain, length = [], [], 0
    for piece in text.split(_OPEN):
        hit, close, rest = piece.partition(_CLOSE)
        if close:
            hits.append((length, length + len(hit)))
        plain += [hit, rest]
        length += len(hit) + len(rest)
    return Marked("".join(plain), tuple(hits))
