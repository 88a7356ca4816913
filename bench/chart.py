"""A report as a chart: one panel a load, a dot for each party on a logarithmic scale; pure SVG for light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from bench.figures import Report, Result, figure

WIDTH = 1040
COLUMN = WIDTH // 2
NAMES = 200
SCALE = 225
ROW = 21
HEAD = 62
GAP = 26
TOP = 92

UNITS = {
    "cpu": "CPU µs for each request",
    "rate": "requests a second",
    "mb": "MB a second",
    "memory": "KiB for each",
}

STYLE = """
    text { fill: #1b2733 }
    .page { fill: #ffffff }
    .note { fill: #56646f; font-size: 12.5px }
    .title { font-weight: 600; font-size: 15px }
    .line { stroke: #d5dde4; stroke-width: 1 }
    .dot { fill: #8597a6 }
    .ours .dot { fill: #c2410c }
    .ours text { font-weight: 600 }
    .value { font-variant-numeric: tabular-nums }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .page { fill: #0d1117 }
      .note { fill: #9aa7b3 }
      .line { stroke: #30363d }
      .dot { fill: #8b9aa7 }
      .ours .dot { fill: #fb923c }
    }
"""


def chart(report: Report) -> str:
    """Return the whole picture."""
    results = [result for result in report.results if any(_values(result).values())]
    columns: list[list[Result]] = [[], []]
    heights = [TOP, TOP]
    panels = []
    for result in results:
        side = heights.index(min(heights))
        columns[side].append(result)
        panels.append(_panel(report, result, side * COLUMN + 30, heights[side]))
        heights[side] += HEAD + ROW * len(result.parties()) + GAP
    height = max(heights)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"
     aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="13.5">
  <title id="title">casd beside other proxies</title>
  <desc id="desc">{escape(_described(report, results))}</desc>
  <style>{STYLE}  </style>
  <rect class="page" width="{WIDTH}" height="{height}"/>
  <text x="30" y="38" font-size="19" font-weight="600">casd beside other proxies</text>
  <text class="note" x="30" y="60">{escape(_method(report))}</text>
{"".join(panels)}</svg>
"""


def _method(report: Report) -> str:
    runs = f"medians of {report.rounds} paired runs" if report.rounds > 1 else "one run"
    return f"{runs} of {report.seconds} s; logarithmic scales; {report.machine}"


def _described(report: Report, results: Sequence[Result]) -> str:
    return " ".join(
        f"{result.title}, {UNITS[result.shown]}: "
        + ", ".join(f"{report.parties[party]} {figure(value)}" for party, value in _values(result).items())
        + "."
        for result in results
    )


def _values(result: Result) -> dict[str, float]:
    """Return the shown figure of each party that has one above zero, which a logarithm can show."""
    found = {party: result.medians(party).get(result.shown, 0) for party in result.parties()}
    return {party: value for party, value in found.items() if value > 0}


def _panel(report: Report, result: Result, left: int, top: int) -> str:
    values = _values(result)
    low, high = scale(list(values.values()))
    better = "more" if result.more else "less"
    lines = [
        f'  <g transform="translate({left} {top})">',
        f'    <text class="title" y="16">{escape(result.title)}</text>',
        f'    <text class="note" y="35">{escape(UNITS[result.shown])}; {better} is better</text>',
    ]
    for number, party in enumerate(report.in_order(result)):
        lines.append(_row(report, result, party, HEAD + ROW * number, values.get(party), low, high))
    return "\n".join([*lines, "  </g>\n"])


def _row(report: Report, result: Result, party: str, y: int, value: float | None, low: float, high: float) -> str:
    name = escape(report.parties[party])
    kind = ' class="ours"' if report.parties[party].startswith("casd") else ""
    start = f'    <g{kind}><text x="{NAMES - 12}" y="{y}" text-anchor="end">{name}</text>'
    if value is None:
        said = escape(result.why(party) or "nothing measurable")
        return f'{start}<text class="note" x="{NAMES}" y="{y}">{said}</text></g>'
    x = NAMES + SCALE * (math.log10(value) - low) / (high - low)
    return (
        f'{start}<path class="line" d="M{NAMES} {y - 5}H{NAMES + SCALE}"/>'
        f'<circle class="dot" cx="{x:.1f}" cy="{y - 5}" r="5.5"/>'
        f'<text class="value" x="{NAMES + SCALE + 12}" y="{y}">{figure(value)}</text></g>'
    )


def scale(values: Sequence[float]) -> tuple[float, float]:
    """Return the logarithms (to ten) of a scale's ends: room around all values, at least a decade."""
    low, high = math.log10(min(values)) - 0.1, math.log10(max(values)) + 0.1
    middle = (low + high) / 2
    return min(low, middle - 0.5), max(high, middle + 0.5)
