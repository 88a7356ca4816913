"""What every party is measured on: the demo organisation, the mailbox server's stand-in, and the parties themselves."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import evolve, frozen

from bench import processes
from bench.processes import LOAD, PROXY, free_ports, process
from casd.casctl.provision import provision, tls_name

CIPHER = "TLS_AES_128_GCM_SHA256"
OPENSSL = f"""
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = everybody
[everybody]
MinProtocol = TLSv1.3
Ciphersuites = {CIPHER}
"""
"""What clients and the mailbox server offer, so that every proxy between them speaks the same."""

PATH = "/EWS/Exchange.asmx"
USERS = ("alice", "bob", "carol", "dave")


class Unfit(Exception):
    """A party cannot do this, and why."""


@frozen
class Ground:
    """Where a party stands: the demo organisation, a folder for files, both ports of the mailbox server's stand-in.

    `polls` is how many requests will wait at a time, for those who need a thread for each.
    """

    demo: Path
    folder: Path
    plain: int
    encrypted: int
    polls: int

    @property
    def authority(self) -> Path:
        """The certificate of the demo organisation's authority."""
        return self.demo / "ca.pem"

    @property
    def authorization(self) -> str:
        """The first user's Authorization."""
        return self.authorizations()[0]

    @property
    def server(self) -> str:
        """The name in the mailbox server's certificate."""
        return tls_name("mbx1")

    @property
    def environment(self) -> dict[str, str]:
        """What restricts the TLS of whoever runs with it."""
        return {"OPENSSL_CONF": str(self.demo.with_name("openssl.cnf"))}

    def authorizations(self) -> list[str]:
        """Return every user's Authorization."""
        password = (self.demo / "password").read_text().strip()
        return ["Basic " + base64.b64encode(f"{user}@example.org:{password}".encode()).decode() for user in USERS]

    def write(self, name: str, text: str) -> Path:
        """Write a file into the folder."""
        file = self.folder / name
        file.write_text(text)
        file.chmod(0o600)
        return file

    def pair(self, name: str) -> Path:
        """Return one file with a certificate and its key."""
        return self.write(
            f"{name}.pair.pem", "".join((self.demo / f"{name}{end}").read_text() for end in (".pem", ".key"))
        )

    def waiting(self) -> int:
        """Return how many requests wait at the mailbox server."""
        return int(self._backend("waiting"))

    def release(self) -> None:
        """Have every waiting request answered."""
        self._backend("release")

    def _backend(self, word: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.plain}/{word}", timeout=30) as answer:
            return bytes(answer.read())


@frozen
class Peer:
    """A proxy that can be measured. `commands` returns what to run, each with its port, the proxy itself last."""

    name: str
    label: str
    commands: Callable[[Ground, int], Sequence[tuple[Sequence[str], int]]]
    cores: Sequence[int] = tuple(PROXY)


@frozen
class Party:
    """A peer that runs: where clients find it, and the processes that do its work."""

    name: str
    label: str
    port: int
    pids: tuple[int, ...]

    @property
    def family(self) -> list[int]:
        """Every process of it."""
        return [pid for root in self.pids for pid in processes.family(root)]

    @property
    def cpu(self) -> float:
        """User and system time so far, in seconds."""
        return processes.cpu(self.family)

    @property
    def memory(self) -> int:
        """Proportional set size, in KiB."""
        return processes.memory(self.family)

    def forget_peak(self) -> None:
        """Let `peak` count from now on."""
        processes.forget_peak(self.family)

    @property
    def peak(self) -> int:
        """The most that was resident, in KiB."""
        return processes.peak(self.family)

    @property
    def url(self) -> str:
        """Where clients ask."""
        return f"https://localhost:{self.port}{PATH}"

    def connections_to(self, port: int) -> int:
        """Return how many connections it has to a port of this machine."""
        return processes.connections_to(port, self.family)


@contextmanager
def ground(folder: Path, polls: int) -> Iterator[Ground]:
    """Make the demo organisation and run the stand-in for its mailbox server."""
    plain, encrypted = free_ports(2)
    here = Ground(folder / "demo", folder, plain, encrypted, polls)
    provision(here.demo, ports={"front": 1, "mbx1": encrypted, "mbx2": encrypted})
    here.write("openssl.cnf", OPENSSL)
    command = [sys.executable, "-m", "bench.backend", "mbx1", str(encrypted), str(here.demo), str(plain)]
    with process(command, plain, LOAD, folder / "backend.err", here.environment):
        yield here


@contextmanager
def party(peer: Peer, here: Ground) -> Iterator[Party]:
    """Run a peer until the end of the block."""
    port = free_ports(1)[0]
    with TemporaryDirectory(dir=here.folder, prefix=f"{peer.name}-") as folder, ExitStack() as running:
        Path(folder).chmod(0o755)  # Apache's worker is another user
        own = evolve(here, folder=Path(folder))
        pids = tuple(
            running.enter_context(process(command, ready, peer.cores, own.folder / "printed"))
            for command, ready in peer.commands(own, port)
        )
        yield Party(peer.name, peer.label, port, pids)


def shake_hands(one: Party, here: Ground, protocols: str = "http/1.1") -> tuple[str, str, str]:
    """Return what a client and a party agree on: version, cipher, and protocol (empty: none was named)."""
    command = [
        "openssl",
        "s_client",
        "-connect",
        f"127.0.0.1:{one.port}",
        "-servername",
        "localhost",
        "-alpn",
        protocols,
    ]
    said = subprocess.run(
        [*command, "-CAfile", str(here.authority), "-verify_return_error"],
        env={**os.environ, **here.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=30,
    ).stdout.decode(errors="replace")
    agreed = re.search(r"New, (\S+), Cipher is (\S+)", said)
    protocol = re.search(r"ALPN protocol: (\S+)", said)
    return agreed[1] if agreed else "", agreed[2] if agreed else "", protocol[1] if protocol else ""
