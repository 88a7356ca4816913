"""What people type into a search box, as a filter.

    expression  = conjunction *( "OR" conjunction )
    conjunction = negation *( ["AND"] negation )
    negation    = *( "NOT" / "-" ) ( "(" expression ")" / name ":" "(" expression ")" / [name operator] value )

The words are those of Outlook and of KQL. Never an error: what is not understood is taken as words to look for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo

from attrs import define

from casd.mailbox.store import kql_names
from casd.mailbox.store.query import And, Filter, Match, Not, Or

_TOKENS = 100
"""More than anybody types; each costs a look into the index."""

_DEEPEST = 20
"""Parentheses in each other."""

_TOKEN = re.compile(
    r"""(?P<open>\()|(?P<close>\))|(?P<minus>-(?=[^\s-]))
    |(?P<name>\w+)(?P<operator>:[<>]=?|:=|:|<=|>=|<>|[<>=])(?=(?P<group>\()|\S)
    |"(?P<phrase>[^"]*)"?|(?P<word>[^\s()"]+)""",
    re.VERBOSE,
)


@define
class _Token:
    kind: str
    text: str
    operator: str = ""


def parse(text: str, now: datetime, zone: tzinfo) -> Filter:
    """Return the filter for a text, in which `today` is that of `zone`; everything passes when it says nothing."""
    return _Reader(list(_tokens(text)), now.astimezone(zone)).read()


def _tokens(text: str) -> Iterator[_Token]:
    for count, found in enumerate(_TOKEN.finditer(text)):
        if count == _TOKENS:
            return
        kind, whole = str(found.lastgroup), found[0]
        if found["name"] is not None:
            known = found["name"].lower() in kql_names.NAMES
            kind = "name" if known else "word"
            yield _Token(kind, found["name"], found["operator"].lstrip(":") or ":")
            continue
        if kind == "word" and whole in {"AND", "OR", "NOT"}:
            kind = whole
        yield _Token(kind, found["phrase"] if kind == "phrase" else whole)


class _Reader:
    """Reads the tokens of one text from left to right."""

    def __init__(self, tokens: list[_Token], now: datetime) -> None:
        self._tokens = tokens
        self._now = now
        self._name = ""
        self._depth = 0

    def read(self) -> Filter:
        parts = []
        while self._tokens:
            parts.append(self._expression())
            if self._tokens:  # a parenthesis that closes nothing
                self._tokens.pop(0)
        return joined(And, parts)

    def _expression(self) -> Filter:
        parts = [self._conjunction()]
        while self._take("OR"):
            parts.append(self._conjunction())
        return joined(Or, parts)

    def _conjunction(self) -> Filter:
        parts = []
        while self._tokens and self._tokens[0].kind not in {"OR", "close"}:
            if not self._take("AND"):
                parts.append(self._negation())
        return joined(And, parts)

    def _negation(self) -> Filter:
        negative = False
        while self._take("NOT") or self._take("minus"):
            negative = not negative
        if not self._tokens or self._tokens[0].kind in {"OR", "AND", "close"}:
            return And(())
        part = self._primary(self._tokens.pop(0))
        return Not(part) if negative and part != And(()) else part

    def _primary(self, token: _Token) -> Filter:
        if token.kind == "open":
            return self._group(self._name)
        if token.kind == "name":
            return self._named(token)
        if token.kind == "word" and token.operator:  # a name that is not known
            following = self._value()
            return kql_names.words("", f"{token.text} {following.text}", phrase=True)
        return kql_names.words(self._name, token.text, phrase=token.kind == "phrase")

    def _named(self, token: _Token) -> Filter:
        if self._tokens and self._tokens[0].kind == "open":
            self._tokens.pop(0)
            return self._group(token.text.lower())
        value = self._value()
        return kql_names.test(token.text.lower(), token.operator, value.text, self._now, phrase=value.kind == "phrase")

    def _value(self) -> _Token:
        return (
            self._tokens.pop(0) if self._tokens and self._tokens[0].kind in {"word", "phrase"} else _Token("word", "")
        )

    def _group(self, name: str) -> Filter:
        if self._depth == _DEEPEST:
            return And(())
        outer, self._name = self._name, name
        self._depth += 1
        part = self._expression()
        self._depth -= 1
        self._name = outer
        self._take("close")
        return part

    def _take(self, kind: str) -> bool:
        if self._tokens and self._tokens[0].kind == kind:
            self._tokens.pop(0)
            return True
        return False


def joined(how: type[And] | type[Or], parts: Iterable[Filter]) -> Filter:
    """Return a filter of several, those that look into the index made one; what says nothing is left out."""
    listed = [inner for part in parts for inner in (part.parts if isinstance(part, how) else (part,)) if _says(inner)]
    found = [part.text for part in listed if isinstance(part, Match)]
    others = [part for part in listed if not isinstance(part, Match)]
    match = (" OR " if how is Or else " AND ").join(found)
    if how is And and found:
        unwanted = [part.part.text for part in others if isinstance(part, Not) and isinstance(part.part, Match)]
        others = [part for part in others if not (isinstance(part, Not) and isinstance(part.part, Match))]
        match = " NOT ".join([match, *unwanted])
    whole = [*([Match(f"({match})")] if match else []), *others]
    if not whole:
        return And(())
    return whole[0] if len(whole) == 1 else how(tuple(whole))


def _says(part: Filter) -> bool:
    return part != And(())
