"""The figures of paired runs: medians, ratios to each peer, percentiles; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from statistics import median
from textwrap import shorten
from typing import Any

import attrs
from attrs import frozen

Figures = Mapping[str, float]
"""What one measurement of one party found, by the figure's name."""

Run = Mapping[str, Figures]
"""One round: what was found of each party, measured one after the other."""


@frozen
class Result:
    """What was found under one load: every round, and why some parties have no figures.

    `shown` is the figure that a chart draws, `more` whether more of it is better.
    """

    name: str
    title: str
    shown: str
    more: bool
    runs: Sequence[Run]
    unfit: Mapping[str, str]

    def parties(self) -> list[str]:
        """Return the names of all that were measured or would not be, in order."""
        return list(dict.fromkeys([name for run in self.runs for name in run] + list(self.unfit)))

    def why(self, party: str) -> str:
        """Return in a few words why a party has no figures; nothing when it has."""
        return shorten(self.unfit.get(party, "").partition("\n")[0], 44, placeholder=" ...")

    def medians(self, party: str) -> dict[str, float]:
        """Return the median of each figure of a party, over the rounds that have it."""
        found = [run[party] for run in self.runs if party in run]
        names = dict.fromkeys(name for figures in found for name in figures)
        return {name: median(figures[name] for figures in found if name in figures) for name in names}

    def ratio(self, figure: str, one: str, other: str) -> float | None:
        """Return the median of one party's figure over another's in the same round; None when no round has both."""
        ratios = [
            run[one][figure] / run[other][figure]
            for run in self.runs
            if run.get(one, {}).get(figure) is not None and run.get(other, {}).get(figure)
        ]
        return median(ratios) if ratios else None


@frozen
class Report:
    """All results of one measurement, with the machine's name and the parties' names in the order of the tables."""

    machine: str
    rounds: int
    seconds: int
    parties: Mapping[str, str]
    results: Sequence[Result]

    def result(self, name: str) -> Result | None:
        """Return what was found under one load."""
        return next((result for result in self.results if result.name == name), None)

    def in_order(self, result: Result) -> list[str]:
        """Return the parties of a result in the order of the tables."""
        return sorted(result.parties(), key=list(self.parties).index)

    def to_json(self) -> str:
        """Return it as text for a file."""
        return json.dumps(attrs.asdict(self), indent=1) + "\n"


def from_json(text: str) -> Report:
    """Return the report that a file holds."""
    value: dict[str, Any] = json.loads(text)
    return Report(**value | {"results": [Result(**result) for result in value["results"]]})


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value that `part` of all are not above."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def figure(value: float | None) -> str:
    """Return a figure with as many digits as mean something; nothing for None."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
