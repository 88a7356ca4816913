"""What the viewer of attachments asks, and gets: pictures, text in a sandbox, or a sentence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from casd.mailbox.preview.office import Opening
from casd.mailbox.preview.trouble import Trouble
from casd.mailbox.preview.workshop import Programs
from tests.casd.mailbox.owa.conversation import ADDRESS, Answer, Browser, Connection
from tests.casd.mailbox.preview.work import Work, previews
from tests.casd.mailbox.store.world import ALICE, BOB, World, mail


@pytest.fixture
def work(browser: Browser) -> Iterator[Work]:
    work = Work()
    browser.previews = previews(work)
    yield work
    browser.previews.end()


def attached(world: World, name: str = "report.docx", content_type: str = "application/octet-stream") -> str:
    item = world.run(world.alice.deliver, mail())
    found: str = world.run(world.alice.attachments.add, item.id, name, content_type, b"PK").id
    return found


def opening(browser: Browser, attachment: str) -> Connection:
    connection = Connection(browser)
    connection.send("GET", f"/owa/preview.ashx?id={attachment}", b"", {})
    return connection


def opened(browser: Browser, work: Work, attachment: str) -> Answer:
    connection = opening(browser, attachment)
    work.finish()
    return connection.answer()


def test_a_list_says_which_attachments_may_be_shown(browser: Browser, world: World) -> None:
    for name in ("report.docx", "program.exe"):
        attachment = world.run(world.alice.attachments.get, attached(world, name))
        shown = browser.act("GetItem", {"id": attachment.item}).json["attachments"]
        assert [each["preview"] for each in shown] == [name.endswith("docx")]


def test_the_viewer_learns_the_sizes_of_pages(browser: Browser, world: World, work: Work) -> None:
    answer = opened(browser, work, attached(world))
    assert answer.json == {"sizes": [[612, 792]] * 3, "total": 3, "markup": False}


def test_a_page_is_a_picture_that_nobody_keeps(browser: Browser, world: World, work: Work) -> None:
    attachment = attached(world)
    opened(browser, work, attachment)
    answer = browser.get(f"/owa/page.ashx?id={attachment}&page=2&width=1000")
    assert (answer.status, answer.body) == (200, b"page 2")
    assert answer.header("content-type") == "image/png"
    assert answer.header("content-security-policy").startswith("sandbox; default-src 'none'")
    assert answer.header("cache-control") == "no-store"


@pytest.mark.parametrize("query", ["page=0", "page=4", "page=-1", "page=x", "page=", ""])
def test_a_page_that_is_not_there_is_not_found(browser: Browser, world: World, work: Work, query: str) -> None:
    attachment = attached(world)
    opened(browser, work, attachment)
    assert browser.get(f"/owa/page.ashx?id={attachment}&{query}&width=1000").status == 404


def test_a_document_with_text_only_is_cleaned_and_put_in_a_sandbox(browser: Browser, world: World, work: Work) -> None:
    attachment = attached(world)
    connection = opening(browser, attachment)
    work.asked[0][0].joinpath("document.html").write_text(
        '<p onclick="x()">Text<script>alert(1)</script><img src="https://t.example/i"><a href="javascript:x()">a</a>'
    )
    work.finish({"markup": True})
    assert connection.answer().json["markup"] is True
    answer = browser.get(f"/owa/preview.htm?id={attachment}")
    for evil in (b"onclick", b"script>", b"t.example", b"javascript"):
        assert evil not in answer.body
    assert "sandbox allow-same-origin" in answer.header("content-security-policy")
    assert "script-src" not in answer.header("content-security-policy")


def test_a_document_with_pages_has_no_text(browser: Browser, world: World, work: Work) -> None:
    attachment = attached(world)
    opened(browser, work, attachment)
    assert browser.get(f"/owa/preview.htm?id={attachment}").status == 404


def test_trouble_is_a_sentence(browser: Browser, world: World, work: Work) -> None:
    connection = opening(browser, attached(world))
    work.finish(Trouble.BOMB)
    answer = connection.answer()
    assert (answer.status, answer.json["error"]) == (422, "ErrorCannotOpenFileAttachment")
    assert answer.json["trouble"] == "bomb"
    assert answer.json["message"] == "This document unpacks to more than is shown here."


@pytest.mark.parametrize("name", ["program.exe", "letter.odt"])
def test_what_is_not_shown_here_is_told_so_that_it_is_downloaded(browser: Browser, world: World, name: str) -> None:
    browser.previews = previews(Work(), Programs("", pdf=True))
    answer = browser.get(f"/owa/preview.ashx?id={attached(world, name)}")
    assert (answer.status, answer.json["error"]) == (501, "ErrorUnsupportedMimeConversion")


def test_a_server_may_show_nothing(browser: Browser, world: World) -> None:
    assert browser.get(f"/owa/preview.ashx?id={attached(world)}").status == 501


@pytest.mark.parametrize("resource", ["preview.ashx", "page.ashx", "preview.htm"])
def test_nobody_sees_pages_of_somebody_elses_letter(browser: Browser, world: World, work: Work, resource: str) -> None:
    bob = world.open(BOB, "bob@example.org")
    item = world.run(bob.deliver, mail())
    attachment = world.run(bob.attachments.add, item.id, "secret.docx", "", b"PK").id
    assert browser.get(f"/owa/{resource}?id={attachment}&page=1&width=1000").status == 404
    assert work.count == 0


class Office:
    """An office server that shows everything."""

    origin = "https://office.example.org"

    async def opening(self, *asked: str) -> Opening:
        return Opening("https://office.example.org/view?", " ".join(asked), 7)


def test_an_office_server_is_let_into_a_frame_of_the_page_and_nobody_else(browser: Browser, work: Work) -> None:
    assert browser.previews is not None
    for office, allowed in ((None, "'self';"), (Office(), "'self' https://office.example.org;")):
        browser.previews.office = office  # type: ignore[assignment]
        policy = browser.get("/owa/").header("content-security-policy")
        assert f"frame-src {allowed}" in policy
        assert f"form-action {allowed}" in policy
        assert "script-src 'self';" in policy


def test_an_office_server_shows_a_document_first(browser: Browser, world: World, work: Work) -> None:
    assert browser.previews is not None
    browser.previews.office = Office()  # type: ignore[assignment]
    attachment = attached(world)
    shown = browser.get(f"/owa/preview.ashx?id={attachment}&origin=https://mail.example.org:8443").json["office"]
    token = f".docx {ADDRESS} {ALICE} {attachment} https://mail.example.org:8443"
    assert shown == {"url": "https://office.example.org/view?", "token": token, "expires": 7}


@pytest.mark.negative
@pytest.mark.parametrize(
    "origin",
    [
        "",
        "https://evil.example",
        "http://mail.example.org",
        "https://mail.example.org.evil.example",
        "https://mail.example.org/x",
    ],
)
def test_a_token_is_for_this_host_only(browser: Browser, world: World, work: Work, origin: str) -> None:
    assert browser.previews is not None
    browser.previews.office = Office()  # type: ignore[assignment]
    connection = Connection(browser)
    connection.send("GET", f"/owa/preview.ashx?id={attached(world)}&origin={origin}", b"", {})
    work.finish()
    assert "office" not in connection.answer().json
