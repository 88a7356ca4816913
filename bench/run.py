"""`make bench`: casd beside its peers under each load, in turn; one table, one chart, and whether the goals are met."""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.chart import chart
from bench.estate import CIPHER, PATH, Ground, Party, Peer, Unfit, ground, party, shake_hands
from bench.figures import Figures, Report, Result, Run, figure, from_json
from bench.goals import verdicts
from bench.hold import holder
from bench.loads import LOADS, Load
from bench.peers import apache, casd, haproxy, least, mitmproxy, nginx, twisted_web
from bench.processes import CORES, Failed
from bench.table import table

PEERS = [peer for module in (casd, least, nginx, haproxy, apache, twisted_web, mitmproxy) for peer in module.PEERS]
WARM = 1
"""Seconds of the load before it counts."""

FIRST = 8
"""Requests before any load."""


def main() -> None:
    """Measure what the arguments say, or read what was measured before."""
    given = arguments()
    report = from_json(given.read.read_text()) if given.read else measured(given)
    print(table(report), verdicts(report), sep="\n")
    if given.json:
        given.json.write_text(report.to_json())
    if given.chart:
        given.chart.write_text(chart(report))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    names = [load.name for load in LOADS]
    parser.add_argument("loads", nargs="*", metavar="LOAD", help=f"of {' '.join(names)}; all without")
    parser.add_argument("--parties", default="", help=f"some of {','.join(peer.name for peer in PEERS)}")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=2, help="of each run")
    parser.add_argument("--polls", type=int, default=1000, help="how many requests wait at a time")
    parser.add_argument("--json", type=Path, help="where every run's figures are kept")
    parser.add_argument("--read", type=Path, help="measure nothing: read such a file")
    parser.add_argument("--chart", type=Path, help="where the chart goes")
    given = parser.parse_args()
    if wrong := set(given.loads) - set(names):
        parser.error(f"no such load: {' '.join(wrong)}")
    given.loads = [load for load in LOADS if not given.loads or load.name in given.loads]
    wanted = given.parties.split(",") if given.parties else [peer.name for peer in PEERS]
    if wrong := set(wanted) - {peer.name for peer in PEERS}:
        parser.error(f"no such party: {' '.join(wrong)}")
    given.parties = [peer for peer in PEERS if peer.name in wanted]
    return given


def measured(given: argparse.Namespace) -> Report:
    """Put every party under every load."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what was started, as Ctrl-C does
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    parties = {peer.name: peer.label for peer in [*given.parties, *casd.WORKERS]}
    with tempfile.TemporaryDirectory(prefix="casd-bench-") as folder, ExitStack() as running:
        Path(folder).chmod(0o755)
        here = running.enter_context(ground(Path(folder), given.polls))
        bench = Bench(here, running, given.rounds, given.seconds)
        planned = [(load, load.peers or given.parties) for load in given.loads]
        bench.total = sum(len(peers) * bench.rounds(load) for load, peers in planned)
        results = [bench.result(load, peers) for load, peers in planned]
    return Report(machine(), given.rounds, given.seconds, parties, results)


class Bench:
    """The parties that run, and what they are put under."""

    def __init__(self, here: Ground, running: ExitStack, rounds: int, seconds: int) -> None:
        self._here = here
        self._running = running
        self._rounds = rounds
        self._seconds = seconds
        self._parties: dict[str, Party] = {}
        self.total = 0  # measurements planned, for those who wait for the end
        self._done = 0
        self._begun = time.monotonic()

    def rounds(self, load: Load) -> int:
        """Return how many rounds a load has, with the first that only warms up."""
        return 1 if load.once else self._rounds + 1

    def result(self, load: Load, peers: Sequence[Peer]) -> Result:
        """Put all peers under one load, in turn within each round; whoever cannot do it is left out from then on."""
        runs: list[dict[str, Figures]] = []
        unfit: dict[str, str] = {}
        for number in range(self.rounds(load)):
            run: dict[str, Figures] = {}
            warm = number == 0 and not load.once
            for peer in peers:
                self._done += 1
                if peer.name in unfit:
                    continue
                try:
                    run[peer.name] = self._measure(load, peer, WARM if warm else self._seconds)
                except (Unfit, Failed) as error:
                    unfit[peer.name] = str(error)
                self._tell(load, peer, run, unfit, warm=warm)
            if not warm:
                runs.append(run)
        return Result(load.name, load.title.format(polls=self._here.polls), load.shown, load.more, runs, unfit)

    def _measure(self, load: Load, peer: Peer, seconds: int) -> Figures:
        if load.once:  # memory is told of a process that has done nothing else yet
            with party(peer, self._here) as fresh:
                return load.measure(self._checked(fresh), self._here, seconds)
        if peer.name not in self._parties:
            self._parties[peer.name] = self._checked(self._running.enter_context(party(peer, self._here)))
        return load.measure(self._parties[peer.name], self._here, seconds)

    def _checked(self, one: Party) -> Party:
        """Return a party that speaks as all others do, and has answered; what only a first request costs is over."""
        version, cipher, _ = shake_hands(one, self._here)
        if (version, cipher) != ("TLSv1.3", CIPHER):
            raise Unfit(f"speaks {version} with {cipher}")
        with holder(one, self._here, "GET", PATH, answered=True) as held:
            held.hold(FIRST)
        return one

    def _tell(self, load: Load, peer: Peer, run: Run, unfit: Mapping[str, str], *, warm: bool) -> None:
        """Show how far it has come, and what was found."""
        how_far = f"{time.monotonic() - self._begun:4.0f} s {100 * self._done // self.total:3} %"
        what = f"{load.name}{' (warm-up)' if warm else ''}, {peer.name}"
        found = run.get(peer.name)
        said = "  ".join(f"{name} {figure(value)}" for name, value in found.items()) if found else unfit[peer.name]
        print(f"{how_far}  {what}: {said}", file=sys.stderr)


def machine() -> str:
    """Return what this machine is, in a few words."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "",
    )
    return f"{len(CORES)} cores, {model}".rstrip(", ")


if __name__ == "__main__":
    try:
        main()
    except (Failed, KeyboardInterrupt) as error:
        sys.exit(str(error) or "stopped")
