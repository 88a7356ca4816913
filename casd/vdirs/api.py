"""/API: the REST services."""

from __future__ import annotations

from casd.vdirs.vdir import Vdir


class Api(Vdir):
    """Relayed to the mailbox's server."""

    paths = ("api",)
    protocol = "api"
    component = "RestProxy"
    methods = Vdir.methods | {b"PUT", b"PATCH", b"DELETE"}
