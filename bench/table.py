"""A report as one table, in Markdown that is also good to read as it is; pure."""

from __future__ import annotations

from collections.abc import Sequence

from bench.figures import Report, Result, figure

COLUMNS = {
    "cpu": "CPU µs",
    "rate": "per second",
    "mb": "MB/s",
    "grew": "grew MiB",
    "p50": "p50 ms",
    "p99": "p99 ms",
    "p99_alone": "p99 without",
    "memory": "KiB each",
    "backends": "backend conn.",
    "busy": "cores busy",
    "room": "room for",
}
"""The figures with the heads of their columns."""

OURS = "casd"


def table(report: Report) -> str:
    """Return a table: a row for each load and party, medians, and casd's CPU time and throughput over the party's."""
    used = [
        name
        for name in COLUMNS
        if any(name in run[party] for result in report.results for run in result.runs for party in run)
    ]
    head = ["load", "party", *(COLUMNS[name] for name in used), "casd's CPU ÷", "casd's rate ÷"]
    rows = [row for result in report.results for row in _rows(report, result, used)]
    return aligned([head, *rows])


def _rows(report: Report, result: Result, used: Sequence[str]) -> list[list[str]]:
    rows: list[list[str]] = []
    for party in report.in_order(result):
        found = result.medians(party)
        cells = [figure(found.get(name)) for name in used]
        other = party != OURS
        ratios = [figure(result.ratio(name, OURS, party)) if other else "" for name in ("cpu", "rate")]
        rows.append(
            [
                result.title if not rows else "",
                report.parties[party] + (f" ({why})" if (why := result.why(party)) else ""),
                *cells,
                *ratios,
            ]
        )
    return rows


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a Markdown table, the first being its head; the first two columns hold words."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| "
        + " | ".join(
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    rule = (
        "|"
        + "|".join("-" * (width + 2) if at < 2 else "-" * (width + 1) + ":" for at, width in enumerate(widths))
        + "|"
    )
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"
