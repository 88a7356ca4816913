"""twisted.web's ReverseProxyResource behind TLS, as its own documentation puts it together, with an access log."""

from __future__ import annotations

import sys
from pathlib import Path

from OpenSSL import crypto
from twisted.internet import reactor  # noqa: TID251 (a program of its own)
from twisted.internet.ssl import CertificateOptions
from twisted.web.proxy import ReverseProxyResource
from twisted.web.server import Site


def main(port: int, backend: int, demo: Path, log: str) -> None:
    """Serve until the end."""
    site = Site(ReverseProxyResource("127.0.0.1", backend, b""), timeout=3600, logPath=log.encode())
    options = CertificateOptions(
        privateKey=crypto.load_privatekey(crypto.FILETYPE_PEM, (demo / "front.key").read_bytes()),
        certificate=crypto.load_certificate(crypto.FILETYPE_PEM, (demo / "front.pem").read_bytes()),
    )
    reactor.listenSSL(  # type: ignore[attr-defined]
        port, site, options, backlog=1024, interface="127.0.0.1"
    )
    reactor.run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
