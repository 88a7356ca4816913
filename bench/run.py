"""`make bench`: one table of casd beside nginx, medians of paired runs."""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.estate import Estate, Party, client, estate

PATH = "/EWS/Exchange.asmx"
ROUNDS = 5
SECONDS = 4
IDLE = 400


def wrk(party: Party, authorization: str, path: str, connections: int) -> str:
    """Load a party for some seconds; return what wrk prints."""
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{SECONDS}",
        "-H",
        f"Authorization: {authorization}",
        f"https://localhost:{party.port}{path}",
    ]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        raise SystemExit(f"{party.name} answered with errors:\n{printed}")
    return printed


def number(pattern: str, text: str) -> float:
    """Return the first number of a pattern."""
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"wrk printed no {pattern}:\n{text}")
    return float(match[1])


def cpu_per_request(party: Party, running: Estate) -> float:
    """Return the party's CPU time per 1 KiB request, in microseconds."""
    before = party.cpu
    printed = wrk(party, running.authorization, PATH, 32)
    return (party.cpu - before) / number(r"(\d+) requests in", printed) * 1e6


def download(party: Party, running: Estate) -> float:
    """Return the throughput of 10 MiB answers, in MB/s."""
    printed = wrk(party, running.authorization, f"{PATH}?size={10 * 1024 * 1024}", 4)
    unit = {"KB": 1e-3, "MB": 1.0, "GB": 1e3}[re.search(r"Transfer/sec:\s+[\d.]+(KB|MB|GB)", printed)[1]]  # type: ignore[index]
    return number(r"Transfer/sec:\s+([\d.]+)", printed) * unit


def memory_per_idle(party: Party, running: Estate) -> float:
    """Return what one idle TLS connection costs after one request, in KiB."""
    held = [asked(party, running) for _ in range(IDLE // 4)]  # what the first ones cost is not theirs
    before = party.memory
    held += [asked(party, running) for _ in range(IDLE)]
    cost = (party.memory - before) / IDLE
    for connection in held:
        connection.close()
    return cost


def asked(party: Party, running: Estate) -> ssl.SSLSocket:
    """Return a connection that has had one answer."""
    connection = client(party, running.authority)
    connection.sendall(
        f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {running.authorization}\r\n\r\n".encode()
    )
    received = 0
    while received < 1024:
        received += len(connection.recv(65536))
    return connection


def compare(
    running: Estate, what: str, unit: str, measure: Callable[[Party, Estate], float], rounds: int = ROUNDS
) -> None:
    """Measure the parties in turn, and print a row of medians and of casd's ratio to each."""
    parties = (running.casd, running.nginx, running.nginx_tls)
    if rounds > 1:
        for party in parties:
            measure(party, running)  # warm
    runs: list[list[float]] = [[measure(party, running) for party in parties] for _ in range(rounds)]
    figures = [median(run[column] for run in runs) for column in range(3)]
    ratios = [median(run[0] / run[column] for run in runs) for column in (1, 2)]
    print(
        f"{what:38} {unit:6}"
        + "".join(f"{figure:12.1f}" for figure in figures)
        + "".join(f"{ratio:10.2f}" for ratio in ratios),
        flush=True,
    )


def main() -> None:
    """Print the table."""
    chosen = sys.argv[1:] or ["cpu", "memory", "download"]
    with tempfile.TemporaryDirectory(prefix="casd-bench-") as folder, estate(Path(folder)) as running:
        print(
            f"{f'medians of {ROUNDS} paired runs':45}{'casd':>12}{'nginx':>12}{'nginx, TLS':>12}"
            f"{'casd/ngx':>10}{'casd/TLS':>10}"
        )
        if "cpu" in chosen:
            compare(running, "CPU per 1 KiB authenticated request", "us", cpu_per_request)
        if "memory" in chosen:
            compare(running, "memory per idle TLS connection", "KiB", memory_per_idle, 1)
        if "download" in chosen:
            compare(running, "10 MiB download", "MB/s", download)
    print(
        "nginx: no authentication, plain HTTP to the server behind.\n"
        "nginx, TLS: the same with verified TLS to it, as casd always has."
    )


if __name__ == "__main__":
    main()
