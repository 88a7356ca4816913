"""The parties of a measurement, each a process of its own: a mailbox server's stand-in, casd, nginx twice."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import frozen

from casd.casctl.provision import provision, tls_name

ROOT = Path(__file__).parents[1]

CASD = """
[cas]
name = bench
[sqlite]
file = {demo}/directory.sqlite
[forms]
secret = {demo}/array.secret
[pool]
certificate = {demo}/client.pem
private key = {demo}/client.key
keys = {demo}/keys
[accesslog]
file = {folder}/access.log
[http]
listen = 127.0.0.1:{front}
plain =
namespaces = localhost
certificate = {demo}/front.pem
private key = {demo}/front.key
"""

NGINX = """
worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.err;
events {{ worker_connections 8192; }}
http {{
  access_log {folder}/{name}.log combined buffer=64k flush=1s;
  client_body_temp_path {folder}/{name}.b; proxy_temp_path {folder}/{name}.p; fastcgi_temp_path {folder}/{name}.f;
  uwsgi_temp_path {folder}/{name}.u; scgi_temp_path {folder}/{name}.s;
  keepalive_requests 1000000000; keepalive_timeout 1h;
  upstream mailbox {{ server 127.0.0.1:{backend}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {demo}/front.pem; ssl_certificate_key {demo}/front.key;
    location / {{ proxy_http_version 1.1; proxy_set_header Connection ""; {proxy} }}
  }}
}}
"""

PLAIN = "proxy_pass http://mailbox;"
VERIFIED = """proxy_pass https://mailbox;
 proxy_ssl_certificate {demo}/client.pem; proxy_ssl_certificate_key {demo}/client.key;
 proxy_ssl_trusted_certificate {demo}/ca.pem; proxy_ssl_verify on; proxy_ssl_name {name}; proxy_ssl_server_name on;"""


@frozen
class Party:
    """A proxy under measurement: where clients find it, and the process that does its work."""

    name: str
    port: int
    pid: int

    @property
    def cpu(self) -> float:
        """User and system time so far, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    @property
    def memory(self) -> int:
        """Proportional set size, in KiB."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


@frozen
class Estate:
    """What runs: casd, nginx before a plain backend, nginx before a verified one; the user's Authorization."""

    casd: Party
    nginx: Party
    nginx_tls: Party
    authorization: str
    authority: Path


@contextmanager
def estate(folder: Path) -> Iterator[Estate]:
    """Start everything in a folder of its own, on free ports; stop it at the end."""
    front, encrypted, plain, first, second = free_ports(5)
    demo = folder / "demo"
    provision(demo, ports={"front": front, "mbx1": encrypted, "mbx2": encrypted})
    password = (demo / "password").read_text().strip()
    ini = folder / "cas.ini"
    ini.write_text(CASD.format(demo=demo, folder=folder, front=front))
    proxies = {
        "nginx": (first, plain, PLAIN),
        "nginx_tls": (second, encrypted, VERIFIED.format(demo=demo, name=tls_name("mbx1"))),
    }
    with ExitStack() as running:
        backend = [sys.executable, "-m", "bench.backend", "mbx1", str(encrypted), str(demo), str(plain)]
        running.enter_context(process(backend, plain))
        twistd = [
            str(Path(sys.executable).with_name("twistd")),
            "--nodaemon",
            f"--pidfile={folder}/cas.pid",
            "cas",
            "--config",
            str(ini),
        ]
        parties = {"casd": Party("casd", front, running.enter_context(process(twistd, front)))}
        for name, (port, behind, proxy) in proxies.items():
            config = folder / f"{name}.conf"
            config.write_text(NGINX.format(folder=folder, demo=demo, name=name, port=port, backend=behind, proxy=proxy))
            master = running.enter_context(process(["nginx", "-c", str(config), "-e", f"{folder}/{name}.err"], port))
            parties[name] = Party(name, port, child_of(master))
        authorization = "Basic " + base64.b64encode(f"alice@example.org:{password}".encode()).decode()
        yield Estate(**parties, authorization=authorization, authority=demo / "ca.pem")


@contextmanager
def process(command: list[str], port: int) -> Iterator[int]:
    """Run a command until the end of the block, ready when its port takes connections; the value is its pid."""
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if running.poll() is not None:
                raise SystemExit(f"{command[0]} ended with {running.returncode}")
            time.sleep(0.05)
        yield running.pid
    finally:
        running.terminate()
        running.wait(40)


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in sockets]
    for probe in sockets:
        probe.close()
    return ports


def child_of(pid: int) -> int:
    """Return nginx's worker process."""
    for _ in range(100):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return int(children[0])
        time.sleep(0.02)
    raise SystemExit("nginx has no worker")


def client(party: Party, authority: Path) -> ssl.SSLSocket:
    """Return a TLS connection to a party."""
    context = ssl.create_default_context(cafile=str(authority))
    return context.wrap_socket(socket.create_connection(("127.0.0.1", party.port)), server_hostname="localhost")
