"""nginx: as a plain proxy, with verified TLS to the mailbox server, and doing all of casd's job that it can."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from bench.estate import USERS, Ground, Peer
from bench.processes import free_ports

CONFIG = """
worker_processes 1; worker_rlimit_nofile 20000; daemon off; pid {folder}/{name}.pid;
events {{ worker_connections 18000; }}
http {{
  access_log {folder}/{name}.log combined buffer=64k flush=1s;
  client_body_temp_path {folder}/{name}.b; proxy_temp_path {folder}/{name}.p; fastcgi_temp_path {folder}/{name}.f;
  uwsgi_temp_path {folder}/{name}.u; scgi_temp_path {folder}/{name}.s;
  keepalive_requests 1000000000; keepalive_timeout 1h; proxy_read_timeout 1h;
  client_max_body_size 0; proxy_request_buffering off; proxy_max_temp_file_size 0;
  upstream mailbox {{ server 127.0.0.1:{backend}; keepalive 64; keepalive_requests 1000000000; }}
  {before}
  server {{
    listen 127.0.0.1:{port} ssl http2 backlog=1024;
    ssl_certificate {demo}/front.pem; ssl_certificate_key {demo}/front.key; ssl_protocols TLSv1.2 TLSv1.3;
    proxy_http_version 1.1; proxy_set_header Connection "";
    {server}
  }}
}}
"""

PLAIN = "location / { proxy_pass http://mailbox; }"

VERIFIED = """
    proxy_ssl_certificate {demo}/client.pem; proxy_ssl_certificate_key {demo}/client.key;
    proxy_ssl_trusted_certificate {demo}/ca.pem; proxy_ssl_verify on; proxy_ssl_protocols TLSv1.2 TLSv1.3;
    proxy_ssl_name {verified}; proxy_ssl_server_name on;
"""

SAME_BEFORE = """
  upstream authenticator {{ server 127.0.0.1:{authenticator}; keepalive 64; keepalive_requests 1000000000; }}
  map $remote_user $mailbox_of {{ default ""; {users} }}
"""

SAME = """
    location / {
      auth_request /authenticate;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto https;
      proxy_set_header X-User $remote_user; proxy_set_header Authorization ""; proxy_set_header Connection "";
      proxy_pass https://$mailbox_of;
    }
    location = /authenticate {
      internal; proxy_pass http://authenticator;
      proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_set_header Connection "";
    }
"""


def commands(here: Ground, port: int, name: str) -> Sequence[tuple[Sequence[str], int]]:
    """Run one worker, and the authenticator beside it where there is one."""
    values = {"demo": here.demo, "verified": here.server}
    backend, before, server, beside = here.encrypted, "", VERIFIED.format(**values), []
    match name:
        case "nginx":
            backend, server = here.plain, PLAIN
        case "nginx-tls":
            server += "location / { proxy_pass https://mailbox; }"
        case "nginx-job":
            authenticator = free_ports(1)[0]
            users = " ".join(f'"{user}@example.org" mailbox;' for user in USERS)
            before, server = SAME_BEFORE.format(authenticator=authenticator, users=users), server + SAME
            table = here.write("table", "\n".join(here.authorizations()))
            beside = [([sys.executable, "-m", "bench.authenticator", str(authenticator), str(table)], authenticator)]
    config = here.write(
        f"{name}.conf",
        CONFIG.format(
            folder=here.folder, name=name, port=port, backend=backend, before=before, server=server, demo=here.demo
        ),
    )
    return [*beside, (["nginx", "-c", str(config), "-e", f"{here.folder}/{name}.log"], port)]


PEERS = tuple(
    Peer(name, label, partial(commands, name=name))
    for name, label in (
        ("nginx", "nginx"),
        ("nginx-tls", "nginx, verified TLS behind"),
        ("nginx-job", "nginx, same job"),
    )
)
