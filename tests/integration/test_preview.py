"""Attachments as pages: in Chromium, by LibreOffice and pdfium, and documents that nobody should open."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import expect
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from casd.testing.organisation import Organisation, running
from tests.integration import papers
from tests.integration.browser import BrowserThread
from tests.integration.webmail import User, message, send, serious

PATIENCE = 30_000
"""Milliseconds for what has no time of its own to keep."""

SOON = 3.0
"""Seconds from the click to the first page, for half of the documents at least, on a machine that is not busy."""


def letter(subject: str, **files: bytes) -> EmailMessage:
    made = message("alice@example.org", subject)
    for name, content in files.items():
        made.add_attachment(content, "application", "octet-stream", filename=name.replace("_", "."))
    return made


class Preview(TestCase):
    """One organisation for each story; alice reads what dave has sent her."""

    timeout = 120
    alice = "alice@example.org"

    def setUp(self) -> Deferred[None]:
        self.proof = Path(self.mktemp()).absolute()
        return Deferred.fromCoroutine(self._open())

    async def _open(self) -> None:
        self.browser = BrowserThread.shared()
        system = running()
        self.casd: Organisation = await deferToThread(system.__enter__)
        self.addCleanup(deferToThread, system.__exit__, None, None, None)

    async def told(self, story: Callable[[User], None], *letters: EmailMessage, **more: Any) -> None:
        """Have letters delivered, then let alice do something; `more` is what her browser has of its own."""
        for each in letters:
            await deferToThread(send, self.casd, each)

        def tell() -> None:
            with self.user(**more) as alice:
                alice.sign_in(self.alice)
                story(alice)

        await self.browser.run(tell)

    @contextmanager
    def user(self, **more: Any) -> Iterator[User]:
        context = self.browser.context(viewport={"width": 1280, "height": 800}, **more)
        try:
            yield User(context, self.casd)
        finally:
            context.close()

    async def test_documents_of_all_kinds_are_seen_soon(self) -> None:
        files = {name.replace(".", "_"): make() for name, make in papers.GOOD.items()}

        def story(alice: User) -> None:
            alice.read("Papers")
            took = {}
            for name in papers.GOOD:
                began = time.monotonic()
                alice.page.locator("a.file", has_text=name).click()
                first_page(alice)
                took[name] = time.monotonic() - began
                print(f"{name}: {took[name]:.2f} s", flush=True)  # noqa: T201 (the figure is the point)
                alice.page.keyboard.press("Escape")
                expect(alice.page.get_by_role("dialog")).to_have_count(0)
            assert median(took.values()) < SOON * crowd(), took
            assert alice.errors == []

        await self.told(story, letter("Papers", **files))

    async def test_one_reads_by_keyboard_and_zoom_and_downloads(self) -> None:
        content = papers.slides()

        def story(alice: User) -> None:
            page, press = alice.page, alice.page.keyboard.press
            alice.read("Slides")
            page.locator("a.file").click()
            first_page(alice)
            where = page.locator(".viewer .where")
            expect(where).to_have_text("1 / 10")
            press("ArrowRight")
            press("ArrowRight")
            expect(where).to_have_text("3 / 10")
            before = page.locator(".viewer img").first.bounding_box()
            press("+")
            expect(page.locator(".viewer .percent")).to_have_text("125 %")
            after = page.locator(".viewer img").first.bounding_box()
            assert after["width"] > before["width"] * 1.2  # type: ignore[index]
            expect(where).to_have_text("3 / 10")
            assert len([url for url in alice.requests if "page.ashx" in url and "page=10" in url]) == 0  # not in sight
            press("End")
            expect(where).to_have_text("10 / 10")
            shown(alice, 10)
            assert serious(page) == []
            with page.expect_download() as download:
                page.get_by_role("link", name="Download (d)").click()
            assert Path(download.value.path()).read_bytes() == content
            page.get_by_role("button", name="Close (Esc)").click()
            expect(page.locator("a.file")).to_be_focused()
            assert alice.errors == []

        await self.told(story, letter("Slides", talk_pptx=content))

    async def test_a_hostile_document_costs_its_own_preview_only(self) -> None:
        files = {
            "bomb_docx": papers.bomb(),
            "broken_docx": b"PK\x03\x04" + bytes(1000),
            "garbage_pdf": b"%PDF-1.4\n" + b"garbage" * 100,
            "macro_odt": papers.macro(self.proof),
            "thick_pdf": papers.pdf(10_000),
            "thin_pdf": papers.pdf(),
        }

        def story(alice: User) -> None:
            alice.read("Evil")
            told(alice, "bomb.docx", "unpacks to more")
            told(alice, "broken.docx", "could not be read")
            told(alice, "garbage.pdf", "could not be read")
            seen(alice, "macro.odt")
            seen(alice, "thick.pdf", "Only the first 200 pages are shown.")
            seen(alice, "thin.pdf")

        await self.told(story, letter("Evil", **files))
        assert not self.proof.exists()

    async def test_pages_and_troubles_are_told_in_ones_own_language(self) -> None:
        def story(alice: User) -> None:
            alice.read("Papiers")
            alice.page.locator("a.file", has_text="bomb.docx").click()
            failed: Any = alice.page.locator(".viewer .failed")
            expect(failed).to_contain_text("trop volumineux", timeout=PATIENCE)
            expect(failed.get_by_role("link", name="Télécharger le document")).to_be_visible()
            alice.page.get_by_role("button", name="Fermer (Esc)").click()
            alice.page.locator("a.file", has_text="thick.pdf").click()
            first_page(alice)
            expect(alice.page.locator(".viewer .rest")).to_contain_text("Seules les 200 premières pages")
            expect(alice.page.get_by_role("button", name="Plus grand (+)")).to_be_visible()
            expect(alice.page.get_by_role("img", name="Page 1", exact=True)).to_be_visible()

        files = {"bomb_docx": papers.bomb(), "thick_pdf": papers.pdf(1000)}
        await self.told(story, letter("Papiers", **files), locale="fr-FR")

    async def test_a_text_of_ten_thousand_pages_is_cut_or_given_up(self) -> None:
        def story(alice: User) -> None:
            alice.read("Endless")
            alice.page.locator("a.file").click()
            expect(alice.page.locator(".viewer .rest, .viewer .failed")).to_be_visible(timeout=PATIENCE)

        await self.told(story, letter("Endless", endless_docx=papers.endless()))


def crowd() -> float:
    """Return how many want each processor, at least one."""
    return max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0)))


def first_page(alice: User) -> None:
    shown(alice, 1)


def shown(alice: User, number: int) -> None:
    image = alice.page.locator(f".viewer img[data-page='{number}']")
    expect(image).to_be_attached(timeout=PATIENCE)
    alice.page.wait_for_function("(image) => image.naturalWidth > 1", arg=image.element_handle(), timeout=PATIENCE)


def told(alice: User, name: str, text: str) -> None:
    """See a sentence in place of pages, with the document to be downloaded."""
    alice.page.locator("a.file", has_text=name).click()
    failed: Any = alice.page.locator(".viewer .failed")
    expect(failed).to_contain_text(text, timeout=PATIENCE)
    expect(failed.get_by_role("link", name="Download the document")).to_be_visible()
    alice.page.keyboard.press("Escape")


def seen(alice: User, name: str, text: str = "") -> None:
    alice.page.locator("a.file", has_text=name).click()
    first_page(alice)
    expect(alice.page.locator(".viewer")).to_contain_text(text)
    alice.page.keyboard.press("Escape")
