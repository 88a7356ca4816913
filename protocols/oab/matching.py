"""Finds in new bytes what a decoder has already: word by word, as records repeat their words."""

from __future__ import annotations

import re

from protocols.oab.lzx_delta import Step, farthest

_WORDS = re.compile(rb"[^\0@=/ .-]*[\0@=/ .-]+|[^\0@=/ .-]+")
_WORTH = 3
"""Bytes of a word that is worth looking up: a shorter copy takes as much room as the bytes."""


class Matcher:
    """Expresses parts of a window, in their order, by copies from what lies before them.

    A copy that goes on where the last one ended costs nothing, so it is tried first; else the last place is taken where
    a word stood. Nothing is searched for, so that the time taken depends on the number of words alone.
    """

    def __init__(self, window: bytes, bits: int) -> None:
        self.steps: list[Step] = []
        self._window = window
        self._farthest = farthest(bits)
        self._last: dict[bytes, int] = {}
        self._distance = 0
        self._copied = 0  # bytes of the copy that may still grow
        self._new: list[bytes] = []

    def learn(self, begin: int, end: int) -> None:
        """Take note of the words in a part of the window that is not to be expressed."""
        last = self._last
        for word in _WORDS.finditer(self._window, begin, end):
            last[word[0]] = word.start()

    def copy(self, length: int, distance: int) -> None:
        """Express the next bytes by a copy, as the caller knows."""
        if self._copied and distance == self._distance:
            self._copied += length
        elif length:
            self._end()
            self._copied, self._distance = length, distance

    def match(self, begin: int, end: int) -> None:
        """Express a part of the window by copies and new bytes."""
        window, last, longest = self._window, self._last, self._farthest
        for found in _WORDS.finditer(window, begin, end):
            word, position = found[0], found.start()
            size, distance = len(word), self._distance
            if self._copied and window[position - distance : position - distance + size] == word and size <= distance:
                self._copied += size
            elif size >= _WORTH and word in last and position - last[word] <= longest:
                self.copy(size, position - last[word])
            else:
                if self._copied:
                    self._end()
                self._new.append(word)
            last[word] = position

    def finish(self) -> list[Step]:
        """Return all steps."""
        self._end()
        return self.steps

    def _end(self) -> None:
        """Let what is under way stand as a step."""
        if self._new:
            self.steps.append(b"".join(self._new))
            self._new.clear()
        if self._copied:
            self.steps.append((self._copied, self._distance))
            self._copied = 0
