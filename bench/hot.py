"""What one request costs in a real front end's objects, without a socket: microseconds, Python calls, instructions.

    python -m bench.hot               microseconds of processor time and Python calls for each request
    python -m bench.hot --calls       which functions these calls are, the most called first
    python -m bench.hot --profile     where the time goes, by cProfile
    python -m bench.hot --callgrind   instructions for each request, under valgrind

Clients ask, each on a connection of its own; all wait; then the mailbox server answers all. Only the front end's own
part is timed: the answers are built and sealed in between. A client that says the same again takes the way of its last
request; in a second measurement each asks GET and POST in turn, so that every request finds its way anew.
"""

from __future__ import annotations

import base64
import cProfile
import logging
import pstats
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from twisted.internet.address import IPv4Address

from bench.peers.casd import INI
from casd.casctl.provision import provision
from casd.net.handover import read_keys
from casd.plan import read_plan
from casd.tap import FrontService, settle_collector
from protocols.handover import ANSWER_HEADER, seal, verify

CLIENTS = 32
ROUNDS = 40
BATCHES = 60
BODY = b"x" * 1024
TARGET = "/EWS/Exchange.asmx"


class StillReactor:
    """A reactor whose timers never go off and whose threads are calls."""

    def __init__(self) -> None:
        self.seconds = time.monotonic

    def callLater(self, _seconds: float, _call: Callable[..., Any], *_args: Any) -> StillReactor:
        return self

    def cancel(self) -> None: ...

    def active(self) -> bool:
        return False

    def getThreadPool(self) -> StillReactor:
        return self

    def callInThreadWithCallback(self, on_result: Callable[..., Any], call: Callable[..., Any], *args: Any) -> None:
        on_result(True, call(*args))

    def callFromThread(self, call: Callable[..., Any], *args: Any) -> None:
        call(*args)


class Wire:
    """A transport that keeps the last bytes written, and costs next to nothing."""

    PEER = IPv4Address("TCP", "127.0.0.1", 50000)

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.written: list[bytes] = []
        self.write = self.written.append
        self.disconnecting = False
        protocol.makeConnection(self)

    def writeSequence(self, data: list[bytes]) -> None:
        self.write(b"".join(data))

    def taken(self) -> bytes:
        """Return what was written since this was asked last."""
        data = b"".join(self.written)
        self.written.clear()
        return data

    def getPeer(self) -> IPv4Address:
        return self.PEER

    getHost = getPeer

    def registerProducer(self, _producer: Any, _streaming: bool) -> None: ...

    def unregisterProducer(self) -> None: ...

    def pauseProducing(self) -> None: ...

    def resumeProducing(self) -> None: ...

    def loseConnection(self) -> None:
        raise AssertionError("the front end closed a connection")

    abortConnection = loseConnection


class Hot:
    """A front end with 32 clients and as many connections to its mailbox server."""

    def __init__(self, folder: Path) -> None:
        demo = folder / "demo"
        provision(demo)
        ini = folder / "cas.ini"
        ini.write_text(INI.format(demo=demo, folder=folder, name="access", port=1, workers=1))
        plan = read_plan(ini)
        reactor = StillReactor()
        front = FrontService(plan, reactor).front
        front.pool._connector = self._connect
        self._log = front.log
        self._keys = read_keys(demo / "keys" / "mbx1.key")
        self._backends: list[Wire] = []
        self._answers: list[tuple[Any, bytes]] = []
        door = front.doors["http"]
        self._clients = [Wire(door.buildProtocol(Wire.PEER)) for _ in range(CLIENTS)]
        login = b"alice@example.org:" + (demo / "password").read_text().strip().encode()
        self._kinds = (request(login, b""), request(login, b"<Envelope/>" * 40))
        self._turn = 0
        self.in_turn = False
        self._asking: list[bytes] = []
        self.round(lambda phase: phase())
        for client in self._clients:
            assert (answer := client.taken()).startswith(b"HTTP/1.1 200 "), answer

    async def _connect(self, endpoint: Any, protocol: Any, tls: Any, timeout: float) -> None:
        self._backends.append(Wire(protocol))

    def round(self, timed: Callable[[Callable[[], None]], object]) -> None:
        """Let every client ask once and be answered; what is the front end's own work goes through `timed`."""
        for client in self._clients:
            client.written.clear()
        self._turn += self.in_turn
        self._asking = [self._kinds[(self._turn + number) % 2] for number in range(CLIENTS)]
        timed(self.ask)
        self._answers = [
            (backend.protocol.dataReceived, self._answer(data))
            for backend in self._backends
            if (data := backend.taken())
        ]
        assert len(self._answers) == CLIENTS, "not every request came to the mailbox server"
        timed(self.answer)

    def close(self) -> None:
        """Let go of the access log's file."""
        self._log.close()

    def ask(self) -> None:
        """Let all requests arrive."""
        for client, data in zip(self._clients, self._asking, strict=True):
            client.protocol.dataReceived(data)

    def answer(self) -> None:
        """Let all answers arrive."""
        for receive, data in self._answers:
            receive(data)

    def _answer(self, asked: bytes) -> bytes:
        """Return the mailbox server's answer, sealed."""
        method, target = asked.split(b" ", 2)[:2]
        token = re.search(rb"\r\nX-CASD-Identity: ([^\r]*)", asked, re.IGNORECASE)
        assert token is not None, asked
        assertion = verify(
            token[1], self._keys, server="mbx1", method=method.decode(), target=target.decode(), now=time.time()
        )
        key_id, key = next(iter(self._keys.items()))
        served = seal(assertion.request_id, assertion.mailbox, key_id, key)
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
            b"%b: %b\r\nContent-Length: %d\r\n\r\n%b" % (ANSWER_HEADER, served, len(BODY), BODY)
        )


def request(login: bytes, body: bytes) -> bytes:
    """Return a whole request, as an ordinary client sends it: POST if it has a body."""
    head = (
        b"%b %b HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\nAuthorization: Basic %b\r\n"
    ) % (b"POST" if body else b"GET", TARGET.encode(), base64.b64encode(login))
    about = b"Content-Type: text/xml\r\nContent-Length: %d\r\n" % len(body) if body else b""
    return head + about + b"\r\n" + body


def microseconds(hot: Hot) -> list[float]:
    """Return the processor time of a request in each of many batches, in microseconds."""
    batches = []
    for _ in range(BATCHES):
        spent = 0

        def timed(phase: Callable[[], None]) -> None:
            nonlocal spent
            begun = time.process_time_ns()
            phase()
            spent += time.process_time_ns() - begun

        for _ in range(ROUNDS):
            hot.round(timed)
        batches.append(spent / (ROUNDS * CLIENTS) / 1000)
    return batches


def calls(hot: Hot, rounds: int = 10) -> tuple[Counter[str], Counter[str]]:
    """Return how often each Python function and each C function is called by a request, on an average of `rounds`."""
    found: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    ours = {Hot.ask.__code__, Hot.answer.__code__}

    def seen(frame: Any, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code not in ours:
            code = frame.f_code
            found[0][f"{Path(code.co_filename).name}:{code.co_firstlineno} {code.co_qualname}"] += 1
        elif event == "c_call" and argument is not sys.setprofile:
            found[1][argument.__qualname__] += 1

    def timed(phase: Callable[[], None]) -> None:
        sys.setprofile(seen)
        phase()
        sys.setprofile(None)

    for _ in range(rounds):
        hot.round(timed)
    return found


def per_request(count: Counter[str], rounds: int = 10) -> float:
    """Return the calls of one request."""
    return count.total() / (rounds * CLIENTS)


def callgrind() -> None:
    """Count the instructions of a request, by running this module once more under valgrind."""
    with tempfile.TemporaryDirectory(prefix="casd-hot-") as folder:
        out = Path(folder) / "callgrind.out"
        # CPython's PyObject_Dir is what dir() calls, and nothing on a request's way does.
        valgrind = [
            "valgrind",
            "-q",
            "--tool=callgrind",
            f"--callgrind-out-file={out}",
            "--toggle-collect=PyObject_Dir",
        ]
        command = [*valgrind, sys.executable, "-m", "bench.hot", "--under-valgrind"]
        counted = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        total = re.search(r"^summary: (\d+)", out.read_text(), re.MULTILINE)
        assert total is not None
        print(f"{int(total[1]) / counted:.0f} instructions for each request")


class Within:
    """Calls a function when it is asked for its `dir`."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call

    def __dir__(self) -> list[str]:
        self._call()
        return []


def under_valgrind(hot: Hot, rounds: int = 10) -> None:
    """Do some rounds within dir(), and say how many requests that was."""
    for _ in range(2 * rounds):
        hot.round(lambda phase: phase())  # let the interpreter specialise its code first
    for _ in range(rounds):
        hot.round(lambda phase: dir(Within(phase)))
    print(rounds * CLIENTS)


def profile(hot: Hot) -> None:
    """Print the functions that take most time."""
    profiler = cProfile.Profile()
    for _ in range(10 * ROUNDS):
        hot.round(profiler.runcall)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(45)


def report(hot: Hot) -> None:
    """Print the figures."""
    microseconds(hot)  # warm
    for in_turn in (False, True):
        hot.in_turn = in_turn
        batches = microseconds(hot)
        python, c = calls(hot)
        what = "GET and POST in turn on each connection" if in_turn else "half of the connections GET, half POST"
        print(
            f"{median(batches):6.1f} us (least {min(batches):.1f}), {per_request(python):.1f} Python calls, "
            f"{per_request(c):.1f} C calls for each request: {what}"
        )


def list_calls(hot: Hot) -> None:
    """Print which functions are called how often by a request."""
    for count in calls(hot):
        for name, number in count.most_common():
            if number >= 10 * CLIENTS / 4:
                print(f"{number / (10 * CLIENTS):6.1f}  {name}")
        print(f"{per_request(count):6.1f}  in all\n")


def main(argument: str) -> None:
    """Measure in a folder of its own."""
    if argument == "--callgrind":
        callgrind()
        return
    jobs = {"": report, "--calls": list_calls, "--profile": profile, "--under-valgrind": under_valgrind}
    logging.disable()
    with tempfile.TemporaryDirectory(prefix="casd-hot-") as folder:
        hot = Hot(Path(folder))
        settle_collector()
        jobs[argument](hot)
        hot.close()


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else "")
