"""iCalendar as components within components, lines taken apart and nothing else (RFC 5545 sections 3.1 and 3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from attrs import field, frozen

from protocols.freebusy import BadFreeBusy, unfolded

_LINE = re.compile(
    r'([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)', re.DOTALL
)
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=(?:"([^"]*)"|([^";:]*))')

_DEEPEST = 8
"""Components within each other; a calendar has an event, and that an alarm."""


class BadCalendar(BadFreeBusy):
    """What is no calendar of iCalendar, or one that nobody should follow."""


@frozen
class Line:
    """The value of a property, with its parameters by names in upper case."""

    value: str
    parameters: Mapping[str, str]


@frozen
class Component:
    """A component: properties and components within it, names in upper case, in the order in which they stand."""

    name: str
    lines: dict[str, list[Line]] = field(factory=dict)
    within: list[Component] = field(factory=list)

    def all(self, name: str) -> list[Line]:
        """Return a property's lines."""
        return self.lines.get(name, [])

    def first(self, name: str) -> Line | None:
        """Return a property's line, the first if there are several."""
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str:
        """Return a property's value in upper case, empty if there is none."""
        found = self.first(name)
        return found.value.strip().upper() if found else ""

    def named(self, name: str) -> Iterator[Component]:
        """Yield the components of a name within it."""
        return (one for one in self.within if one.name == name)


def read(content: bytes, names: frozenset[str]) -> list[Component]:
    """Return the outermost components, with properties of these names alone. Raises `BadCalendar`."""
    outermost = Component("")
    stack = [outermost]
    for line in unfolded(content):
        name, _, rest = line.partition(":")
        match name.strip().upper():
            case "BEGIN":
                stack.append(Component(rest.strip().upper()))
                stack[-2].within.append(stack[-1])
                if len(stack) > _DEEPEST:
                    raise BadCalendar("components stand too deep")
            case "END":
                if len(stack) == 1 or stack.pop().name != rest.strip().upper():
                    raise BadCalendar(f"{rest[:40]!r} ends what has not begun")
            case other if (known := other.partition(";")[0]) in names and len(stack) > 1:
                stack[-1].lines.setdefault(known, []).append(_taken_apart(line))
    if len(stack) > 1:
        raise BadCalendar(f"{stack[-1].name[:40]!r} has no end")
    return outermost.within


def _taken_apart(line: str) -> Line:
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadCalendar(f"{line[:40]!r} is no line of iCalendar")
    parameters = {name.upper(): quoted or plain for name, quoted, plain in _PARAMETER.findall(found[2])}
    return Line(found[3].strip(), parameters)


def moment(text: str) -> datetime:
    """Return a DATE-TIME or a DATE by whatever clock it is said to be by. Raises `BadCalendar`."""
    value = text.strip().upper().removesuffix("Z")
    try:
        return datetime.strptime(value, "%Y%m%dT%H%M%S" if "T" in value else "%Y%m%d")  # noqa: DTZ007 (which one is said)
    except ValueError:
        raise BadCalendar(f"{text[:40]!r} is no time") from None
