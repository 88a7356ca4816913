"""etc/cas.ini as frozen values; the only module that reads configuration files.

A module that has a section declares a frozen attrs class named `Settings`, each attribute made by
`key(converter, default, doc)`. Everything wrong with a file is found in one reading: `Ini.finish` raises
`BadConfiguration` with one `Problem` for each mistake.
"""

from __future__ import annotations

import configparser
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar

import attrs
from attrs import frozen

from casd.model import Endpoint, Networks

S = TypeVar("S")
Converter = Callable[[str, Path], Any]

_REQUIRED = "\0required"
_UNITS_OF_TIME = {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400}
_UNITS_OF_SIZE = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


@frozen
class Problem:
    """One mistake in a configuration file, with what to do about it."""

    file: Path
    line: int
    section: str
    key: str
    text: str

    def __str__(self) -> str:
        where = f"[{self.section}] {self.key}".rstrip() + ": " if self.section else ""
        line = f":{self.line}" if self.line else ""  # of what is missing there is none
        return f"{self.file}{line}: {where}{self.text}"


class BadConfiguration(Exception):
    """A configuration that must not be started; `problems` lists everything found wrong."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def key(converter: Converter, default: str = _REQUIRED, doc: str = "") -> Any:
    """Declare one key of a section: `default` is text as it would stand in the file."""
    return attrs.field(metadata={"converter": converter, "default": default, "doc": doc})


# Converters: (text, folder of the ini) -> value; ValueError says what would be right.


def text(value: str, _folder: Path) -> str:
    """Take the value as it stands."""
    return value


def words(value: str, _folder: Path) -> tuple[str, ...]:
    """Split at blanks and commas."""
    return tuple(value.replace(",", " ").split())


def boolean(value: str, _folder: Path) -> bool:
    """Read yes or no."""
    try:
        return configparser.ConfigParser.BOOLEAN_STATES[value.lower()]
    except KeyError:
        raise ValueError(f"{value!r} is neither yes nor no") from None


def integer(least: int = 0, most: int = 2**31) -> Converter:
    """Read a whole number between two bounds, both included."""

    def convert(value: str, _folder: Path) -> int:
        if not re.fullmatch(r"-?\d+", value) or not least <= int(value) <= most:
            raise ValueError(f"{value!r} is not a whole number from {least} to {most}")
        return int(value)

    return convert


def _measure(units: Mapping[str, float], example: str) -> Converter:
    def convert(value: str, _folder: Path) -> float:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)", value)
        if match is None or match[2] not in units:
            raise ValueError(f"{value!r} needs a number and a unit ({', '.join(units)}), for example {example}")
        return float(match[1]) * units[match[2]]

    return convert


seconds = _measure(_UNITS_OF_TIME, "30 s")
"""A duration such as `30 s` or `8 h`, in seconds (float)."""


def size(value: str, folder: Path) -> int:
    """Read a size such as `64 KiB`, in bytes."""
    return int(_measure(_UNITS_OF_SIZE, "64 KiB")(value, folder))


def endpoint(value: str, _folder: Path) -> Endpoint:
    """Read `address:port`; an IPv6 address stands in brackets."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]+)):(\d{1,5})", value)
    if match is None or int(match[3]) > 65535:
        raise ValueError(f"{value!r} is not address:port, for example 127.0.0.1:8443 or [::1]:8443")
    return Endpoint(match[1] or match[2], int(match[3]))


def endpoints(value: str, folder: Path) -> tuple[Endpoint, ...]:
    """Read several `address:port`, separated by blanks."""
    return tuple(endpoint(word, folder) for word in words(value, folder))


def networks(value: str, folder: Path) -> Networks:
    """Read networks such as `10.0.0.0/8 fd00::/8`; one address is a network by itself."""
    return tuple(ip_network(word) for word in words(value, folder))


def path(value: str, folder: Path) -> Path:
    """Read a path; a relative one starts at the folder of the configuration file."""
    return (folder / value).resolve()


def file(value: str, folder: Path) -> Path:
    """Read the path of a file that can be read."""
    name = path(value, folder)
    try:
        with name.open("rb"):
            return name
    except OSError as error:
        denied = isinstance(error, PermissionError)
        remedy = "let the user that casd runs as read it" if denied else "create it or correct the path"
        raise ValueError(f"{name} cannot be read ({error.strerror}): {remedy}") from None


def several(converter: Converter) -> Converter:
    """Read several of a kind, separated by blanks; at least one."""

    def convert(value: str, folder: Path) -> tuple[Any, ...]:
        found = words(value, folder)
        if not found:
            raise ValueError("needs a value")
        return tuple(converter(word, folder) for word in found)

    return convert


def optional(converter: Converter) -> Converter:
    """Let an empty value mean None."""
    return lambda value, folder: converter(value, folder) if value else None


def secret(value: str, folder: Path) -> Path:
    """Read the path of a file that nobody but its owner and group may read."""
    name = file(value, folder)
    if name.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        raise ValueError(f"{name} holds a secret but anyone may read it: chmod o= {name}")
    return name


@frozen
class _Entry:
    value: str
    line: int


class Ini:
    """One configuration file, read; `take` turns its sections into values and collects what is wrong."""

    def __init__(self, name: Path, content: str) -> None:
        self.file = name
        self.problems: list[Problem] = []
        self._taken: set[str] = set()
        self._lines: dict[str, int] = {}
        self._sections = self._parse(content)

    @classmethod
    def read(cls, name: Path) -> Ini:
        """Read a file; `BadConfiguration` if there is none."""
        try:
            return cls(name, name.read_text(encoding="utf-8"))
        except OSError as error:
            raise BadConfiguration([Problem(name, 0, "", "", f"cannot be read: {error.strerror}")]) from None
        except UnicodeDecodeError:
            raise BadConfiguration([Problem(name, 0, "", "", "cannot be read: it is not text in UTF-8")]) from None

    @property
    def sections(self) -> tuple[str, ...]:
        """The names of all sections, in the file's order."""
        return tuple(self._sections)

    def take(self, section: str, settings: type[S]) -> S | None:
        """Turn a section into its module's value; None, with problems noted, when it is wrong."""
        self._taken.add(section)
        entries = dict(self._sections.get(section, {}))
        values: dict[str, Any] = {}
        before = len(self.problems)
        fields = {field.name.replace("_", " "): field for field in attrs.fields(settings)}  # type: ignore[arg-type]
        for name, field in fields.items():
            entry = entries.pop(name, None)
            if entry is None and field.metadata["default"] == _REQUIRED:
                self.note(section, "", f"needs the key {name!r}: {field.metadata['doc']}")
                continue
            value = field.metadata["default"] if entry is None else entry.value
            try:
                values[field.name] = field.metadata["converter"](value, self.file.parent)
            except ValueError as error:
                self.note(section, name, str(error))
        for name in entries:
            self.note(section, name, f"unknown key; {_nearest(name, fields)}")
        return settings(**values) if len(self.problems) == before else None

    def note(self, section: str, key: str, text: str) -> None:
        """Add a problem."""
        entry = self._sections.get(section, {}).get(key)
        line = entry.line if entry else self._lines.get(section, 0)
        self.problems.append(Problem(self.file, line, section, key, text))

    def unknown(self, section: str, known: Iterable[str]) -> None:
        """Note a section that belongs to no module."""
        self._taken.add(section)
        self.note(section, "", f"unknown section; {_nearest(section, known)}")

    def finish(self) -> None:
        """Raise `BadConfiguration` if anything was wrong or a section was left unread."""
        for section in self._sections:
            if section not in self._taken:
                self.note(section, "", "unknown section; nothing reads it")
        if self.problems:
            raise BadConfiguration(sorted(self.problems, key=lambda problem: problem.line))

    def _parse(self, content: str) -> dict[str, dict[str, _Entry]]:
        sections: dict[str, dict[str, _Entry]] = {}
        current: dict[str, _Entry] | None = None
        section = last = ""
        for number, raw in enumerate(content.splitlines(), 1):
            line = raw.strip()
            if not line or line[0] in "#;":
                continue
            if header := re.fullmatch(r"\[\s*(.+?)\s*\]", line):
                section, last = header[1], ""
                current = self._open(section, number, sections)
            elif raw[0].isspace() and current is not None and last:
                current[last] = _Entry(f"{current[last].value} {line}".strip(), current[last].line)
            elif "=" in line and current is not None:
                last, value = (part.strip() for part in line.split("=", 1))
                if last in current:
                    said = f"stands twice (first in line {current[last].line})"
                    self.problems.append(Problem(self.file, number, section, last, said))
                current[last] = _Entry(value, number)
            else:
                self.problems.append(
                    Problem(self.file, number, "", "", f"{line!r} is neither [section] nor key = value")
                )
        return sections

    def _open(self, name: str, number: int, sections: dict[str, dict[str, _Entry]]) -> dict[str, _Entry]:
        if name in sections:
            self.problems.append(
                Problem(self.file, number, name, "", f"stands twice (first in line {self._lines[name]})")
            )
        else:
            self._lines[name] = number
        return sections.setdefault(name, {})


def _nearest(name: str, known: Iterable[str]) -> str:
    choices = sorted(known)
    near = get_close_matches(name, choices, 1, 0.5)
    return f"did you mean {near[0]!r}?" if near else "known are: " + ", ".join(choices)
