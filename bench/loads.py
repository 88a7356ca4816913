"""The loads: what clients do to a party, and what that tells of it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence

from attrs import frozen

from bench.estate import PATH, Ground, Party, Peer, Unfit, shake_hands
from bench.figures import percentile
from bench.hold import holder
from bench.peers.casd import WORKERS
from bench.processes import CORES, LOAD, ROOT, busy_cores, machine_time, wrapped

LARGE = 10 * 1024 * 1024
IDLE = 400
FOREGROUND = 8
PING = "/Microsoft-Server-ActiveSync?Cmd=Ping&User=alice&DeviceId=bench&DeviceType=bench"
"""The request by which a phone waits for mail."""

REACHES = 60.0
PATIENCE = 120.0

Measure = Callable[[Party, Ground, int], dict[str, float]]
"""Loads a party for some seconds; `Unfit` says why it cannot do this."""


@frozen
class Load:
    """One load. `shown` is the figure of it that the chart draws, `more` whether more of that is better.

    `once`: one round says it all. `peers`: who takes part, if not the usual ones.
    """

    name: str
    title: str
    measure: Measure
    shown: str = "cpu"
    more: bool = False
    once: bool = False
    peers: Sequence[Peer] | None = None


def run_wrk(
    party: Party,
    here: Ground,
    seconds: int,
    connections: int,
    query: str = "",
    *,
    post: int = 0,
    close: bool = False,
    cores: Sequence[int] = LOAD,
) -> dict[str, float]:
    """Have wrk ask a party without a pause; return microseconds of CPU for each, requests a second, milliseconds."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "30s", "-s", "bench/wrk.lua"]
    command += ["-H", f"Authorization: {here.authorization}", party.url + query]
    command += ["--", str(post), "close" if close else "keep"]
    before = party.cpu
    printed = output(command, here, cores)
    spent = party.cpu - before
    said = json.loads(printed.splitlines()[-1])
    if not said["requests"]:
        raise Unfit("answered nothing")
    if said["refused"]:
        raise Unfit(f"answered {said['refused']} of {said['requests']} requests with errors")
    if said["broken"]:
        raise Unfit(f"broke {said['broken']} of {said['requests']} requests off")
    return {
        "cpu": spent / said["requests"] * 1e6,
        "rate": said["requests"] / said["seconds"],
        "p50": said["p50"],
        "p99": said["p99"],
    }


def small(party: Party, here: Ground, seconds: int) -> dict[str, float]:
    """Ask for 1 KiB on 32 kept connections."""
    return run_wrk(party, here, seconds, 32)


def connect(party: Party, here: Ground, seconds: int) -> dict[str, float]:
    """Ask for 1 KiB on a new connection each time, 16 at once."""
    return run_wrk(party, here, seconds, 16, close=True)


def down(party: Party, here: Ground, seconds: int) -> dict[str, float]:
    """Fetch 10 MiB on 4 connections."""
    return large(party, here, seconds, f"?size={LARGE}", 0)


def up(party: Party, here: Ground, seconds: int) -> dict[str, float]:
    """Send 10 MiB on 4 connections."""
    return large(party, here, seconds, "", LARGE)


def large(party: Party, here: Ground, seconds: int, query: str, post: int) -> dict[str, float]:
    """Move 10 MiB on 4 connections; return also MB a second, and the MiB by which the party grew at most."""
    party.forget_peak()
    before = party.peak
    found = run_wrk(party, here, seconds, 4, query, post=post)
    return found | {"mb": found["rate"] * LARGE / 1e6, "grew": max(0, party.peak - before) / 1024}


def idle(party: Party, here: Ground, _seconds: int) -> dict[str, float]:
    """Hold connections that have had one answer."""
    with holder(party, here, "GET", PATH, answered=True) as held:
        held.hold(IDLE // 4)  # what the first ones cost is not theirs
        before = party.memory
        held.hold(IDLE)
        return {"memory": (party.memory - before) / IDLE}


def polls(party: Party, here: Ground, seconds: int) -> dict[str, float]:
    """Hold requests that wait for their answer, and ask for 1 KiB on 8 other connections, without them and with."""
    run_wrk(party, here, 1, FOREGROUND)  # warm
    alone = run_wrk(party, here, seconds, FOREGROUND)
    before = party.memory
    with holder(party, here, "POST", PING, answered=False) as held:
        try:
            held.hold(here.polls)
            reached(here, here.polls)
            cost = (party.memory - before) / here.polls
            backends = party.connections_to(here.plain) + party.connections_to(here.encrypted)
            beside = run_wrk(party, here, seconds, FOREGROUND)
        finally:
            here.release()  # or some would hold on to them for good
    return beside | {"memory": cost, "backends": backends, "p50_alone": alone["p50"], "p99_alone": alone["p99"]}


def reached(here: Ground, count: int) -> None:
    """Wait until that many requests wait at the mailbox server."""
    until = time.monotonic() + REACHES
    while (there := here.waiting()) < count:
        if time.monotonic() > until:
            raise Unfit(f"let only {there} of {count} waiting requests through")
        time.sleep(0.1)


def http2(party: Party, here: Ground, seconds: int) -> dict[str, float]:
    """Ask for 1 KiB over HTTP/2: 8 connections with 8 requests at a time on each."""
    if shake_hands(party, here, "h2,http/1.1")[2] != "h2":
        raise Unfit("not offered")
    log = here.folder / "h2load.log"
    log.unlink(missing_ok=True)
    command = ["h2load", "-t1", "-c8", "-m8", f"-D{seconds}", f"--log-file={log}"]
    command += ["-H", f"authorization: {here.authorization}", party.url]
    before = party.cpu
    printed = output(command, here)
    spent = party.cpu - before
    rows = [line.split() for line in log.read_text().splitlines()]
    if not rows or "h2" not in printed or (wrong := sum(row[1] != "200" for row in rows)):
        raise Unfit(f"answered {wrong if rows else 'all'} requests with errors")
    taken = [int(row[2]) / 1000 for row in rows]
    return {
        "cpu": spent / len(rows) * 1e6,
        "rate": len(rows) / seconds,
        "p50": percentile(taken, 0.5),
        "p99": percentile(taken, 0.99),
    }


def workers(party: Party, here: Ground, seconds: int) -> dict[str, float]:
    """Ask as `small` does, with all cores for everybody; see how much faster the machine could be asked: `room`.

    Where clients and the mailbox server need the same cores, that is less than the number of cores.
    """
    before = machine_time()
    found = run_wrk(party, here, seconds, 32, cores=CORES)
    busy = busy_cores(before, machine_time())
    return found | {"busy": busy, "room": len(CORES) / busy}


def output(command: Sequence[str], here: Ground, cores: Sequence[int] = LOAD) -> str:
    """Run a client to its end; return what it prints."""
    try:
        done = subprocess.run(
            wrapped(command, cores),
            cwd=ROOT,
            env={**os.environ, **here.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise Unfit(f"{command[0]} came to no end") from None
    if done.returncode:
        raise Unfit(f"{command[0]}: {(done.stderr or done.stdout).strip()[-200:]}")
    return done.stdout


LOADS = (
    Load("small", "1 KiB, kept TLS connection", small),
    Load("connect", "1 KiB, new TLS connection each time", connect, "rate", more=True),
    Load("down", "10 MiB down", down, "mb", more=True),
    Load("up", "10 MiB up", up, "mb", more=True),
    Load("idle", "idle TLS connection", idle, "memory", once=True),
    Load("polls", "{polls} waiting requests", polls, "memory", once=True),
    Load("h2", "1 KiB, HTTP/2", http2),
    Load("workers", "1 KiB, all cores", workers, "rate", more=True, peers=WORKERS),
)
