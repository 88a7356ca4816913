"""The arguments of one action of web mail, read from JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class BadArgument(Exception):
    """The request is not what the action asks for; the text says what is wrong."""


class Arguments:
    """A JSON object whose values are taken by name, each with its type."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @classmethod
    def parse(cls, body: bytes) -> Arguments:
        """Read the body of a request."""
        try:
            values = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadArgument("The body is not JSON.") from error
        if not isinstance(values, dict):
            raise BadArgument("The body is not a JSON object.")
        return cls(values)

    def has(self, name: str) -> bool:
        """Say whether there is a value of this name."""
        return self._values.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """Take a text."""
        value: str = self._take(name, str, default)
        return value

    def optional_text(self, name: str) -> str | None:
        """Take a text, or None if it is not there or null."""
        return None if self._values.get(name) is None else self.text(name)

    def flag(self, name: str, default: bool | None = None) -> bool:
        """Take true or false."""
        value: bool = self._take(name, bool, default)
        return value

    def optional_flag(self, name: str) -> bool | None:
        """Take true or false, or None if it is not there or null."""
        return None if self._values.get(name) is None else self.flag(name)

    def number(self, name: str, most: int, default: int | None = None) -> int:
        """Take a whole number from 0 to `most`."""
        value: int = self._take(name, int, default)
        if isinstance(value, bool) or not 0 <= value <= most:
            raise BadArgument(f"{name} must be a whole number from 0 to {most}.")
        return value

    def texts(self, name: str, most: int = 1000) -> tuple[str, ...]:
        """Take a list of texts, empty if it is not there."""
        values = self._take(name, list, [])
        if len(values) > most or not all(isinstance(value, str) for value in values):
            raise BadArgument(f"{name} must be a list of at most {most} texts.")
        return tuple(values)

    def part(self, name: str) -> Arguments:
        """Take an object."""
        return Arguments(self._take(name, dict, None))

    def objects(self, name: str, most: int = 1000) -> tuple[Arguments, ...]:
        """Take a list of objects, empty if it is not there."""
        values = self._take(name, list, [])
        if len(values) > most or not all(isinstance(value, dict) for value in values):
            raise BadArgument(f"{name} must be a list of at most {most} objects.")
        return tuple(map(Arguments, values))

    def _take(self, name: str, kind: type, default: Any) -> Any:
        value = self._values.get(name, default)
        if not isinstance(value, kind):
            raise BadArgument(f"{name} must be {_WORDS[kind]}.")
        return value


_WORDS = {str: "a text", bool: "true or false", int: "a whole number", list: "a list", dict: "an object"}
