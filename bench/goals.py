"""What casd is to reach beside its peers, and whether a report shows it; pure."""

from __future__ import annotations

from attrs import evolve, frozen

from bench.figures import Report, figure


@frozen
class Goal:
    """One figure of a party under a load, over that of another (or by itself): at most, or at least, so much.

    `beside` is a figure of the other that says what this one could come to.
    """

    text: str
    load: str
    figure: str
    party: str
    over: str = ""
    most: float | None = None
    least: float | None = None
    beside: str = ""

    def value(self, report: Report) -> float | None:
        """Return what the report shows; None when it was not measured."""
        result = report.result(self.load)
        if result is None:
            return None
        if self.over in report.parties:
            return result.ratio(self.figure, self.party, self.over)
        found = result.medians(self.party)
        if self.over:
            return found[self.figure] / found[self.over] if found.get(self.over) else None
        return found.get(self.figure)

    def compiled(self) -> Goal:
        """Return the same goal for casd compiled; itself if it is not about casd as it stands."""
        if "casd" not in {self.party, self.over}:
            return self
        party, over = ("casd-compiled" if name == "casd" else name for name in (self.party, self.over))
        return evolve(self, text=f"{self.text}; compiled", party=party, over=over)

    def met(self, value: float) -> bool:
        """Say whether a value is good enough."""
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)


GOALS = (
    Goal("CPU of a small request over nginx's", "small", "cpu", "casd", "nginx", most=1.5),
    Goal("CPU of a small request over HAProxy's", "small", "cpu", "casd", "haproxy", most=1.6),
    Goal("CPU of a small request over that of nginx doing the same job", "small", "cpu", "casd", "nginx-job", most=1),
    Goal("twisted.web's CPU of a small request over casd's", "small", "cpu", "twisted-web", "casd", least=8),
    Goal("mitmproxy's CPU of a small request over casd's", "small", "cpu", "mitmproxy", "casd", least=5),
    Goal("new connections a second over nginx's", "connect", "rate", "casd", "nginx", least=0.6),
    Goal("CPU of a new connection over nginx's", "connect", "cpu", "casd", "nginx", most=1 / 0.6),
    Goal("download over nginx's", "down", "mb", "casd", "nginx", least=0.8),
    Goal("CPU of a download over nginx's", "down", "cpu", "casd", "nginx", most=1 / 0.8),
    Goal("upload over nginx's", "up", "mb", "casd", "nginx", least=0.8),
    Goal("CPU of an upload over nginx's", "up", "cpu", "casd", "nginx", most=1 / 0.8),
    Goal("KiB for an idle connection", "idle", "memory", "casd", most=32),
    Goal("KiB for a waiting request", "polls", "memory", "casd", most=40),
    Goal("connections to the server for all waiting requests", "polls", "backends", "casd", most=100),
    Goal("p99 beside waiting requests over p99 without them", "polls", "p99", "casd", "p99_alone", most=2),
    Goal("two workers over one", "workers", "rate", "two-workers", "one-worker", least=1.7, beside="room"),
)


def verdicts(report: Report) -> str:
    """Return a line for each goal that the report has something to say about."""
    lines = []
    compiled = [goal.compiled() for goal in GOALS]
    for goal in dict.fromkeys([*GOALS, *compiled]):
        if (value := goal.value(report)) is not None:
            bound = f"at most {figure(goal.most)}" if goal.most is not None else f"at least {figure(goal.least)}"
            lines.append(f"{'met' if goal.met(value) else 'NOT MET':8} {figure(value):>6} ({bound})  {goal.text}")
            if goal.beside and (result := report.result(goal.load)) is not None:
                lines.append(f"; there was {goal.beside} for {figure(result.medians(goal.over).get(goal.beside))}")
            lines.append("\n")
    return "".join(lines)
