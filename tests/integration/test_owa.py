"""Web mail in Chromium, served without the front door."""

from __future__ import annotations

from pathlib import Path

from twisted.internet import reactor  # noqa: TID251 - an integration test
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.trial.unittest import TestCase

from tests.integration.owa_shim import DOMAIN, PASSWORD, Shim
from tests.integration.owa_stories import OwaStories, Site


class OwaAlone(OwaStories, TestCase):
    """The stories, with one database and a shim for the front door."""

    async def open_site(self) -> Site:
        shim = Shim(Path(self.mktemp()), reactor)
        port = reactor.listenTCP(0, shim, interface="127.0.0.1")  # type: ignore[attr-defined]
        self.addCleanup(shim.database.dismount)
        self.addCleanup(lambda: Deferred.fromCoroutine(shim.hang_up()))
        self.addCleanup(maybeDeferred, port.stopListening)

        async def deliver(address: str, mime: bytes) -> None:
            mailbox = await shim.mailbox(address.partition("@")[0])
            await shim.database.run(mailbox.deliver, mime)

        url = f"http://127.0.0.1:{port.getHost().port}"
        return Site(url, f"alice@{DOMAIN}", f"bob@{DOMAIN}", PASSWORD, deliver)
