"""/rpc: Outlook Anywhere, RPC over HTTP version 2 (MS-RPCH)."""

from __future__ import annotations

from urllib.parse import unquote

from casd.model import Anchor, Identity, Kind
from casd.vdirs.vdir import Vdir, user
from protocols.http1 import RequestHead


class Rpc(Vdir):
    """Routed by the server part of its query: both channels of a virtual connection meet."""

    paths = ("rpc", "rpcwithcert")
    protocol = "rpc"
    component = "RpcProxy"
    methods = frozenset({b"GET", b"HEAD", b"RPC_IN_DATA", b"RPC_OUT_DATA"})
    patience = 3660
    tunnel = True

    def anchor(self, head: RequestHead, identity: Identity) -> Anchor:
        """Return `<guid>@<domain>` of the query `<guid>@<domain>:<port>`; an old server name means the user himself."""
        server, _, _ = unquote(head.query).rpartition(":")
        if "@" in server:
            return Anchor(Kind.GUID, server.lower(), "the RPC server name")
        return user(identity)
