"""HAProxy: as a plain proxy, and with verified TLS to the mailbox server; one thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bench.estate import Ground, Peer

CONFIG = """
global
  nbthread 1
  maxconn 9000
defaults
  mode http
  maxconn 9000
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
  http-reuse always
frontend clients
  bind 127.0.0.1:{port} ssl crt {front} alpn h2,http/1.1
  default_backend mailbox
backend mailbox
  server mailbox 127.0.0.1:{backend} {encrypted}
"""
"""No access log: HAProxy sends each line by itself, which is not cheap."""

VERIFIED = "ssl verify required ca-file {ca} crt {client} sni str({name}) verifyhost {name} alpn http/1.1"


def commands(here: Ground, port: int, name: str) -> Sequence[tuple[Sequence[str], int]]:
    """Run in the foreground."""
    verified = VERIFIED.format(ca=here.authority, client=here.pair("client"), name=here.server)
    backend, encrypted = (here.plain, "") if name == "haproxy" else (here.encrypted, verified)
    text = CONFIG.format(port=port, front=here.pair("front"), backend=backend, encrypted=encrypted)
    return [(["haproxy", "-db", "-f", str(here.write(f"{name}.cfg", text))], port)]


PEERS = tuple(
    Peer(name, label, partial(commands, name=name))
    for name, label in (("haproxy", "HAProxy"), ("haproxy-tls", "HAProxy, verified TLS behind"))
)
