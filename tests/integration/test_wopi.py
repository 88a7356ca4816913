"""An office server shows an attachment in the browser: web mail, front door, WOPI host and its wire, with proofs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import expect
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from casd.casctl.authority import SERVER, Authority
from casd.testing.organisation import Organisation, running
from tests.integration import papers
from tests.integration.browser import BrowserThread
from tests.integration.office import OfficeServer
from tests.integration.webmail import User


class Wopi(TestCase):
    """One organisation with an office server."""

    timeout = 60

    def setUp(self) -> Deferred[None]:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        authority = Authority(folder, "Office", datetime.now(UTC))
        authority.issue("office", ["localhost"], SERVER)
        self.authority = folder / "ca.pem"
        self.office = OfficeServer(folder / "office.pem", folder / "office.key")
        self.addCleanup(self.office.close)
        return Deferred.fromCoroutine(self._open())

    async def _open(self) -> None:
        self.browser = BrowserThread.shared()
        office = {"office server": self.office.url, "office ca": str(self.authority)}
        system = running(settings={"mailbox": office})
        self.casd: Organisation = await deferToThread(system.__enter__)
        self.addCleanup(deferToThread, system.__exit__, None, None, None)
        self.office.authority = str(self.casd.ca)

    async def test_an_office_server_shows_what_its_token_opens_and_writes_nothing(self) -> None:
        content = papers.open_text()
        files = {"letter.odt": content, "paper.pdf": papers.pdf()}
        await deferToThread(self.casd.mail, "alice", "Papers", attachments=files)

        def story() -> None:
            context = self.browser.context()
            try:
                alice = User(context, self.casd).sign_in("alice@example.org")
                alice.read("Papers")
                alice.page.locator("a.file", has_text="letter.odt").click()
                shown = alice.page.frame_locator("iframe.office").locator("pre")
                expect(shown).to_contain_text("BaseFileName", timeout=20_000)
                said = json.loads(shown.inner_text())
                assert said["about"]["BaseFileName"] == "letter.odt"
                assert said["about"]["ReadOnly"] is True
                assert (said["about"]["Size"], said["read"]) == (len(content), len(content))
                assert (said["lock"], said["put"], said["unproved"], said["forged"]) == (409, 501, 500, 401)
                alice.page.get_by_role("button", name="Close (Esc)").click()  # the keys are those of the frame
                alice.page.locator("a.file", has_text="paper.pdf").click()  # which this one does not show
                expect(alice.page.locator(".viewer .where")).to_have_text("1 / 3", timeout=20_000)
                assert alice.errors == []
            finally:
                context.close()

        await self.browser.run(story)
