"""/mapi: Outlook's MAPI over HTTP (MS-OXCMAPIHTTP)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from casd.model import Anchor, Identity, Kind
from casd.vdirs.vdir import Vdir, user
from protocols.http1 import RequestHead


class Mapi(Vdir):
    """Routed by the MailboxId of its URL; a NotificationWait may last over five minutes."""

    paths = ("mapi",)
    protocol = "mapi"
    component = "MapiProxy"
    methods = frozenset({b"GET", b"HEAD", b"POST"})
    patience = 420

    def waits(self, head: RequestHead, body: bytes | None) -> bool:
        """Say yes to a NotificationWait."""
        return head.get(b"x-requesttype") == b"NotificationWait"

    def anchor(self, head: RequestHead, identity: Identity) -> Anchor:
        """Return the MailboxId, or the authenticated user."""
        for name, value in parse_qsl(head.query):
            if name.lower() == "mailboxid":
                return Anchor(Kind.GUID, value.lower(), "MailboxId")
        return user(identity)
