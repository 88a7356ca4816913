"""One conversion for all who wait, kept for who asks again, and trouble that is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from casd.mailbox.preview.previews import LARGEST, Preview, Previews
from casd.mailbox.preview.trouble import NotShown, Trouble
from casd.mailbox.preview.workshop import Programs, Task
from tests.casd.mailbox.preview.work import EVERYTHING, Work, previews
from tests.casd.mailbox.store.world import result


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def shown(work: Work) -> Iterator[Previews]:
    made = previews(work)
    yield made
    made.end()
    assert work.ended


def reading(content: bytes, read: list[str] | None = None, name: str = "") -> Callable[[], Deferred[bytes]]:
    def read_it() -> Deferred[bytes]:
        if read is not None:
            read.append(name)
        answer: Deferred[bytes] = Deferred()
        answer.callback(content)
        return answer

    return read_it


def opening(
    shown: Previews, owner: str = "alice", suffix: str = ".docx", content: bytes = b"PK", name: str = "1"
) -> Deferred[Preview]:
    return Deferred.fromCoroutine(shown.open(owner, name, suffix, reading(content)))


def page(shown: Previews, preview: Preview, number: int, width: int = 1000) -> Deferred[Any]:
    return Deferred.fromCoroutine(shown.page(preview, number, width))


def test_a_document_is_opened_with_its_first_pages(shown: Previews, work: Work) -> None:
    opened = opening(shown)
    assert work.asked[0][0].joinpath("document.docx").read_bytes() == b"PK"
    assert work.finish() == Task("document.docx", "/usr/bin/soffice", 1, 4, 1200)
    preview = result(opened)
    assert (preview.total, len(preview.sizes)) == (3, 3)
    assert result(page(shown, preview, 2)) == ("image/png", b"page 2")
    assert work.count == 1


def test_the_document_itself_is_not_kept_but_a_pdf_is_for_its_other_pages(shown: Previews, work: Work) -> None:
    for suffix in (".docx", ".pdf"):
        opened = opening(shown, suffix, suffix)
        folder = work.asked[0][0]
        work.finish()
        result(opened)
        assert {path.name for path in folder.iterdir() if "document" in path.name} == (
            {"document.pdf"} if suffix == ".pdf" else set()
        )


def test_many_who_wait_are_served_by_one_conversion(shown: Previews, work: Work) -> None:
    opened = [opening(shown, str(number)) for number in range(5)]
    assert work.count == 1
    work.finish()
    assert len({result(each) for each in opened}) == 1


def test_many_who_wait_are_told_of_its_failure(shown: Previews, work: Work) -> None:
    opened = [opening(shown, str(number)) for number in range(3)]
    work.finish(Trouble.SLOW)
    for each in opened:
        with pytest.raises(NotShown, match="took too long"):
            result(each)


def test_a_document_that_failed_costs_nothing_again(shown: Previews, work: Work) -> None:
    opening(shown).addErrback(lambda _: None)
    work.finish(Trouble.CRASHED)
    with pytest.raises(NotShown, match="broke down"):
        result(opening(shown, "the same in another letter"))
    assert work.count == 1


def test_who_comes_while_many_are_busy_may_come_again(shown: Previews, work: Work) -> None:
    opening(shown).addErrback(lambda _: None)
    work.finish(Trouble.BUSY)
    opened = opening(shown)
    work.finish()
    assert result(opened).total == 3


def test_what_is_known_is_not_read_again(shown: Previews, work: Work) -> None:
    read: list[str] = []
    for _ in range(2):
        opened = Deferred.fromCoroutine(shown.open("alice", "1", ".odt", reading(b"x", read)))
        if work.asked:
            work.finish()
        result(opened)
    assert len(read) == 1


def test_later_pages_are_made_when_they_are_asked_for(shown: Previews, work: Work) -> None:
    opened = opening(shown)
    work.finish({"sizes": [[612, 792]] * 9, "total": 9})
    preview = result(opened)
    asked = [page(shown, preview, number) for number in (6, 7, 6)]
    assert work.finish() == Task("", "", 5, 8, 1200)
    assert [result(each)[1] for each in asked] == [b"page 6", b"page 7", b"page 6"]
    assert work.count == 2


@pytest.mark.parametrize(("asked", "made"), [(1, 800), (801, 1200), (1600, 1600), (99_999, 2400)])
def test_few_widths_are_made(shown: Previews, work: Work, asked: int, made: int) -> None:
    opened = opening(shown)
    work.finish()
    waiting = page(shown, result(opened), 1, asked)
    if made != 1200:
        assert work.finish().width == made
    result(waiting)


def test_a_page_that_did_not_come_is_told(shown: Previews, work: Work) -> None:
    opened = opening(shown)
    work.finish(suffix=".txt")
    waiting = page(shown, result(opened), 1)
    work.finish(suffix=".txt")
    with pytest.raises(NotShown):
        result(waiting)


@pytest.mark.negative
def test_a_link_that_a_process_left_behind_leads_nowhere(shown: Previews, work: Work, tmp_path: Any) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"the key")
    opened = opening(shown)
    folder = work.asked[0][0]
    work.finish(suffix=".txt")
    (folder / "page-1-1200.png").symlink_to(secret)
    (folder / "page-2-1200.png").hardlink_to(secret)
    preview = result(opened)
    for number in (1, 2):
        waiting = page(shown, preview, number)
        work.finish(suffix=".txt")
        with pytest.raises(NotShown):
            result(waiting)


def test_a_document_without_pages_is_shown_as_text(shown: Previews, work: Work) -> None:
    opened = opening(shown)
    work.asked[0][0].joinpath("document.html").write_text("<p>Text</p>")
    work.finish({"markup": True})
    assert shown.markup(result(opened)) == "<p>Text</p>"


def test_a_text_that_did_not_come_is_told(shown: Previews, work: Work) -> None:
    opened = opening(shown)
    work.finish({"markup": True})
    with pytest.raises(NotShown):
        shown.markup(result(opened))


@pytest.mark.parametrize(
    "said", [{}, {"sizes": "no", "total": 1}, {"sizes": [[1]], "total": 1}, {"sizes": [], "total": 0}]
)
def test_a_process_is_not_believed_everything(shown: Previews, work: Work, said: dict[str, Any]) -> None:
    opened = opening(shown)
    work.finish(said)
    with pytest.raises(NotShown):
        result(opened)


def test_a_document_that_is_too_large_is_not_given_to_anybody(shown: Previews, work: Work) -> None:
    with pytest.raises(NotShown, match="too large"):
        result(opening(shown, content=bytes(LARGEST + 1)))
    assert work.count == 0


@pytest.mark.parametrize(
    ("programs", "kinds"),
    [
        (EVERYTHING, ".docx .odt .pdf .png"),
        (Programs("", pdf=True, markup=True), ".docx .pdf .png"),
        (Programs("", pdf=True), ".pdf .png"),
        (Programs(), ""),
    ],
)
def test_what_can_be_shown_depends_on_what_is_installed(programs: Programs, kinds: str) -> None:
    shown = previews(Work(), programs)
    assert [each for each in (".docx", ".odt", ".pdf", ".png", ".exe") if shown.show(each)] == kinds.split()


def test_one_persons_documents_are_opened_one_after_the_other(shown: Previews, work: Work) -> None:
    opened = [opening(shown, content=b"%d" % number, name=str(number)) for number in range(4)]
    other = opening(shown, "bob")
    assert work.count == 2  # alice's first, and bob's
    for _ in range(5):
        work.finish()
    assert len({result(each).key for each in (*opened, other)}) == 5


def test_who_opens_very_many_may_come_again(shown: Previews, work: Work) -> None:
    opened = [opening(shown, content=b"%d" % number, name=str(number)) for number in range(4)]
    with pytest.raises(NotShown, match="Try again in a moment"):
        result(opening(shown, content=b"5", name="5"))
    for each in opened:
        work.finish(Trouble.SLOW)
        with pytest.raises(NotShown, match="too long"):
            result(each)
    again = opening(shown, content=b"5", name="5")
    work.finish()
    assert result(again).total == 3


def test_the_same_document_asked_for_twice_by_one_person_is_read_once(shown: Previews, work: Work) -> None:
    read: list[str] = []
    asked = [Deferred.fromCoroutine(shown.open("alice", "1", ".odt", reading(b"x", read))) for _ in range(2)]
    work.finish()
    assert result(asked[0]) == result(asked[1])
    assert len(read) == 1


def test_a_document_that_took_too_long_gets_a_second_try_and_no_third(shown: Previews, work: Work) -> None:
    for _ in range(3):
        opened = opening(shown)
        if work.asked:
            work.finish(Trouble.SLOW)
        with pytest.raises(NotShown, match="too long"):
            result(opened)
    assert work.count == 2
