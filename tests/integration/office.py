"""A small office server: it says what it shows, takes a token from a form, and asks the WOPI host for the rest.

Its requests are proved as Office Online Server proves them; what it shows is what it was told and has read.
"""

from __future__ import annotations

import json
import ssl
import struct
import time
from base64 import b64encode
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

_KINDS = ("docx", "xlsx", "pptx", "odt")
_TICKS = 621_355_968_000_000_000


class OfficeServer:
    """Listens on a port of localhost, by a certificate, until `close`; `authority` signed the front door's."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.authority = ""
        self._proof = rsa.generate_private_key(65537, 2048)
        handler = type("Handler", (_Handler,), {"office": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, name="office", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def discovery(self) -> str:
        actions = "".join(
            f'<action name="view" ext="{kind}" urlsrc="{self.url}/view?&lt;ui=UI_LLCC&amp;&gt;"/>' for kind in _KINDS
        )
        numbers = self._proof.public_key().public_numbers()
        modulus, exponent = (
            b64encode(value.to_bytes(size, "big")).decode() for value, size in ((numbers.n, 256), (numbers.e, 3))
        )
        keys = f'modulus="{modulus}" exponent="{exponent}" oldmodulus="{modulus}" oldexponent="{exponent}"'
        zone = f'<net-zone name="external-https"><app name="Office">{actions}</app></net-zone>'
        return f"<wopi-discovery>{zone}<proof-key {keys}/></wopi-discovery>"

    def ask(self, method: str, url: str, token: str, *, proved: bool = True, **fields: str) -> requests.Response:
        """Send a request to the WOPI host."""
        url = f"{url}?access_token={quote(token)}"
        ticks = _TICKS + int(time.time()) * 10_000_000
        signed = b"".join(
            struct.pack(">I", len(part)) + part
            for part in (token.encode(), url.upper().encode(), struct.pack(">q", ticks))
        )
        proof = b64encode(self._proof.sign(signed, PKCS1v15(), SHA256())).decode()
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        if proved:
            headers |= {"X-WOPI-Proof": proof, "X-WOPI-ProofOld": proof, "X-WOPI-TimeStamp": str(ticks)}
        return requests.request(method, url, headers=headers, verify=self.authority, timeout=10, data=b"")


class _Handler(BaseHTTPRequestHandler):
    office: ClassVar[OfficeServer]

    def do_GET(self) -> None:
        self._say(self.office.discovery() if self.path == "/hosting/discovery" else "", "text/xml")

    def do_POST(self) -> None:
        """Show the document that a browser has posted a token for."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        (token,), (source,) = form["access_token"], parse_qs(urlsplit(self.path).query)["WOPISrc"]
        ask = self.office.ask
        said: dict[str, Any] = {
            "about": ask("GET", source, token).json(),
            "read": len(ask("GET", f"{source}/contents", token).content),
            "lock": ask("POST", source, token, X_WOPI_Override="LOCK", X_WOPI_Lock="1").status_code,
            "put": ask("POST", f"{source}/contents", token, X_WOPI_Override="PUT").status_code,
            "unproved": ask("GET", source, token, proved=False).status_code,
            "forged": ask("GET", source, token[:-4] + "AAAA").status_code,
        }
        self._say(f"<pre>{escape(json.dumps(said))}</pre>", "text/html; charset=utf-8")

    def _say(self, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(200 if text else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        pass
