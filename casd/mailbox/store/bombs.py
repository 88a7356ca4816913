"""Rules of recurrence that would keep whoever reads them busy for ever, found before a library follows them."""

from __future__ import annotations

import re

_FOLD = re.compile(r"(?:\r?\n)+[ \t]")
_RULE = re.compile(r"^\s*(?:RRULE|EXRULE)\b.*", re.MULTILINE)
_EVERY = re.compile(r"FREQ=([^;,:\s]*)")
_INTERVAL = re.compile(r"INTERVAL=([^;:\r\n]*)")
_SOUND = re.compile(r"[1-9][0-9]{0,5}\s*")
_ZONE = re.compile(r"^\s*BEGIN\b.*VTIMEZONE", re.MULTILINE)
_END = re.compile(r"^\s*END:VTIMEZONE", re.MULTILINE)


def check(content: bytes) -> None:
    """Raise `ValueError` for an iCalendar object with a rule that goes nowhere, or a time zone not ruled by the year.

    What converts times of a zone counts its rule from 1970 on each time: by the second, that has no end.
    """
    lines = _FOLD.sub("", content.decode("utf-8", "replace").upper())
    if not all(_SOUND.fullmatch(said) for rule in _RULE.findall(lines) for said in _INTERVAL.findall(rule)):
        raise ValueError("a rule of recurrence without a sound interval")
    for part in _ZONE.split(lines)[1:]:
        zone = _END.split(part, maxsplit=1)[0]
        if any(set(_EVERY.findall(rule)) != {"YEARLY"} for rule in _RULE.findall(zone)):
            raise ValueError("a time zone that changes more often than by the year")
