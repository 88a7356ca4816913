"""What somebody may be about to type: people and subjects of a mailbox that begin so, the latest first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from attrs import frozen

from casd.mailbox.store.connections import Connections
from casd.mailbox.store.index import table

_LOOKED_AT = 300
"""Of the newest items that hold the words; who does not write any more is not suggested."""

_MOST = 8

_WORDS = 10
"""Of what was typed; who types more than that is told by them already, and each word is one more walk in the index."""

_ANSWER = re.compile(r"\s*(?:(?:re|aw|antw|fw|fwd|wg|tr|sv)(?:\[\d+\])?:\s*)+", re.IGNORECASE)
"""What mail programs put in front of a subject, in several languages."""


@frozen
class Suggestions:
    """People as `Name <address>`, subjects without what answers put in front."""

    people: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


def suggest(connection: Connections, mailbox: int, text: str) -> Suggestions:
    """Return what begins with a text: subjects as a whole, people with each of its words in a name or address."""
    words = [word.group() for word in islice(re.finditer(r"\w+", text), _WORDS)]
    if not words:
        return Suggestions()
    begin = text.strip().casefold()
    people = _first(
        person
        for lists in _newest(connection, mailbox, "sender recipients", words, 'item.sender, item."to", item.cc')
        for person in "; ".join(lists).split("; ")
        if _begins(person, words)
    )
    subjects = _first(
        subject
        for (whole,) in _newest(connection, mailbox, "subject", words, "item.subject")
        if (subject := _ANSWER.sub("", whole, count=1)).casefold().startswith(begin)
    )
    return Suggestions(people, subjects)


def _newest(
    connection: Connections, mailbox: int, columns: str, words: Iterable[str], wanted: str
) -> Iterator[tuple[str, ...]]:
    index = table(mailbox)
    match = " AND ".join(f'{{{columns}}} : "{word}" *' for word in words)
    return connection.execute(
        f"SELECT {wanted} FROM {index} CROSS JOIN item ON item.mailbox = {mailbox}"  # noqa: S608 - our own names
        f" AND item.place = +{index}.rowid WHERE {index} MATCH ? ORDER BY {index}.rowid DESC LIMIT {_LOOKED_AT}",
        (match,),
    )


def _begins(person: str, words: Iterable[str]) -> bool:
    own = [word.casefold() for word in re.findall(r"\w+", person)]
    return all(any(each.startswith(word.casefold()) for each in own) for word in words)


def _first(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the first different ones."""
    found: dict[str, str] = {}
    for text in texts:
        found.setdefault(text.casefold(), text)
        if len(found) == _MOST:
            break
    return tuple(found.values())
