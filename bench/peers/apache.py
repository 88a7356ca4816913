"""Apache httpd: mod_proxy under the event MPM, one process with a thread for each request that waits."""

from __future__ import annotations

import os
from collections.abc import Sequence

from bench.estate import Ground, Peer

MODULES = ("mpm_event", "authz_core", "ssl", "socache_shmcb", "proxy", "proxy_http", "http2")

CONFIG = """
ServerName localhost
ServerRoot {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.err
{modules}
{user}
ServerLimit 1
StartServers 1
ThreadLimit {threads}
ThreadsPerChild {threads}
MaxRequestWorkers {threads}
MinSpareThreads 1
MaxSpareThreads {threads}
AsyncRequestWorkerFactor 1000
MaxConnectionsPerChild 0
Timeout 3600
KeepAlive On
KeepAliveTimeout 3600
MaxKeepAliveRequests 0
BufferedLogs On
LogFormat "%h %l %u %t \\"%r\\" %>s %b" plain
CustomLog {folder}/apache.log plain
Listen 127.0.0.1:{port}
SSLEngine on
SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLSessionCache none
SSLCertificateFile {demo}/front.pem
SSLCertificateKeyFile {demo}/front.key
Protocols h2 http/1.1
ProxyPass / http://127.0.0.1:{backend}/ keepalive=On
"""


def commands(here: Ground, port: int) -> Sequence[tuple[Sequence[str], int]]:
    """Run in the foreground."""
    config = CONFIG.format(
        folder=here.folder,
        modules="\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES),
        user="" if os.getuid() else "User www-data\nGroup www-data",
        threads=here.polls + 64,
        port=port,
        demo=here.demo,
        backend=here.plain,
    )
    return [(["apache2", "-DFOREGROUND", "-f", str(here.write("apache.conf", config))], port)]


PEERS = (Peer("apache", "Apache mod_proxy", commands),)
