"""What is done to a document: looked at, converted, made into images, or refused."""

from __future__ import annotations

import json
import resource
import zipfile
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from casd.mailbox.preview import job
from casd.mailbox.preview.trouble import NotShown, Trouble

TASK = {"source": "", "office": "", "first": 1, "last": 2, "width": 800, "memory": 1, "seconds": 1}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(job, "limit", lambda *_: None)  # it would be ours
    return tmp_path


def done(**task: Any) -> Any:
    job.main({**TASK, **task})
    return json.loads(Path(job.RESULT).read_text())


def pdf(name: str, pages: int = 3, **size: float) -> str:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(size.get("width", 612), size.get("height", 792))
    document.save(name)
    return name


def archive(name: str, *parts: tuple[str, bytes]) -> str:
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as made:
        for part, content in parts:
            made.writestr(part, content)
    return name


def office(folder: Path, script: str) -> str:
    program = folder / "soffice"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    return str(program)


def test_a_pdf_becomes_images_of_the_pages_that_were_asked_for(folder: Path) -> None:
    assert done(source=pdf("document.pdf")) == {"sizes": [[612, 792]] * 3, "total": 3}
    assert sorted(path.name for path in folder.glob("page-*")) == ["page-1-800.png", "page-2-800.png"]
    with Image.open("page-1-800.png") as image:
        assert (image.mode, image.size) == ("L", (800, 1036))


def test_pages_beyond_the_last_are_not_made(folder: Path) -> None:
    done(source=pdf("document.pdf", 1), first=1, last=4)
    assert len(list(folder.glob("page-*"))) == 1


def test_of_a_thick_document_the_first_pages_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "MOST_PAGES", 5)
    said = done(source=pdf("document.pdf", 9))
    assert (len(said["sizes"]), said["total"]) == (5, 9)


@pytest.mark.negative
@pytest.mark.parametrize("size", [{"width": 10, "height": 14_000}, {"width": 14_000, "height": 10}])
def test_no_page_is_larger_than_memory_allows(size: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "MOST_PIXELS", 100_000)
    done(source=pdf("document.pdf", 1, **size))
    with Image.open(next(Path().glob("page-*"))) as image:
        assert image.width * image.height < 120_000


def test_a_coloured_page_is_a_photograph(folder: Path) -> None:
    class Page:
        def render(self, scale: float) -> Page:
            return self

        def to_pil(self) -> Any:
            return Image.new("RGB", (8, 8), "red")

    job._write_image(Page(), (8, 8), "page", 8)
    assert (folder / "page.jpg").exists()


def test_a_document_is_converted_with_no_macro_and_a_profile_of_its_own(folder: Path) -> None:
    pdf("made.pdf")
    program = office(folder, 'echo "$@" > said; cp made.pdf document.pdf')
    archive("document.docx", ("word/document.xml", b"<x/>"))
    assert done(source="document.docx", office=program)["total"] == 3
    said = (folder / "said").read_text()
    assert "--headless" in said
    assert "pdf:writer_pdf_Export:" in said
    assert f'"1-{job.MOST_PAGES + 1}"' in said
    settings = (folder / job.SCRATCH / "profile" / "user" / "registrymodifications.xcu").read_text()
    assert 'oor:name="DisableMacrosExecution" oor:op="fuse"><value>true' in settings
    assert (folder / job.SCRATCH / "profile").as_uri() in said


@pytest.mark.parametrize(
    ("script", "trouble"), [("exit 77", "CRASHED"), ("kill -SEGV $$", "CRASHED"), ("exit 0", "BROKEN")]
)
def test_a_converter_that_breaks_down_is_told(folder: Path, script: str, trouble: str) -> None:
    archive("document.docx", ("word/document.xml", b"<x/>"))
    assert done(source="document.docx", office=office(folder, script)) == {"trouble": trouble}


@pytest.mark.negative
def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "MOST_UNPACKED", 1_000_000)
    archive("document.docx", *((f"part{number}", bytes(300_000)) for number in range(4)))
    assert Path("document.docx").stat().st_size < 10_000
    assert done(source="document.docx", office="never run") == {"trouble": "BOMB"}


@pytest.mark.negative
def test_an_archive_of_too_many_parts_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "MOST_PARTS", 3)
    archive("document.docx", *((f"part{number}", b"") for number in range(4)))
    assert done(source="document.docx", office="never run") == {"trouble": "BOMB"}


@pytest.mark.parametrize(
    ("name", "content", "trouble"),
    [
        ("document.docx", b"PK\x03\x04" + bytes(100), Trouble.BROKEN),
        ("document.xlsx", b"\xd0\xcf\x11\xe0" + bytes(100), Trouble.PROTECTED),
    ],
)
def test_what_cannot_be_opened_is_told(name: str, content: bytes, trouble: Trouble) -> None:
    Path(name).write_bytes(content)
    with pytest.raises(NotShown) as told:
        job.check(Path(name))
    assert told.value.trouble is trouble


def test_an_old_document_is_no_archive() -> None:
    Path("document.doc").write_bytes(b"\xd0\xcf\x11\xe0")
    job.check(Path("document.doc"))


def test_a_broken_pdf_is_told() -> None:
    Path("document.pdf").write_bytes(b"%PDF-1.4 garbage")
    assert done(source="document.pdf") == {"trouble": "BROKEN"}


def test_a_word_document_becomes_text_where_there_is_no_libreoffice(folder: Path) -> None:
    import docx  # noqa: PLC0415 (slow, and for this test only)

    document = docx.Document()
    document.add_paragraph("Some text")
    document.save("document.docx")
    assert done(source="document.docx") == {"markup": True}
    assert (folder / "document.html").read_text() == "<p>Some text</p>"


def test_a_broken_word_document_is_told() -> None:
    archive("document.docx", ("nothing", b""))
    assert done(source="document.docx") == {"trouble": "BROKEN"}


def test_a_picture_is_a_page_on_white(folder: Path) -> None:
    Image.new("RGBA", (300, 200), (0, 0, 0, 0)).save("document.png")
    said = done(source="document.png")
    assert (said["total"], said["sizes"]) == (1, [[144, 96]])
    with Image.open(folder / "page-1-800.png") as image:
        assert image.getpixel((10, 10)) == 255


def test_a_picture_that_was_taken_sideways_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by 90 degrees (Exif 2.3, 4.6.4)
    Image.new("RGB", (300, 200), "red").save("document.jpg", exif=exif)
    ((width, height),) = done(source="document.jpg")["sizes"]
    assert width < height


def test_a_fax_has_all_its_pages() -> None:
    pages = [Image.new("1", (200, 300)) for _ in range(3)]
    pages[0].save("document.tif", save_all=True, append_images=pages[1:])
    assert done(source="document.tif")["total"] == 3


def test_of_a_picture_that_moves_the_first_is_shown() -> None:
    frames = [Image.new("RGB", (20, 30), colour) for colour in ("red", "green")]
    frames[0].save("document.gif", save_all=True, append_images=frames[1:])
    assert done(source="document.gif")["total"] == 1


@pytest.mark.negative
def test_a_picture_of_too_many_pixels_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "MOST_DRAWN", 10_000)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    Image.new("L", (200, 200)).save("document.png")
    assert done(source="document.png") == {"trouble": "BOMB"}


@pytest.mark.negative
def test_a_picture_is_what_its_name_says_or_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    Image.new("L", (20, 20)).save("document.ppm")
    Path("document.ppm").rename("document.png")
    assert done(source="document.png") == {"trouble": "BROKEN"}


def test_too_little_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(_task: object) -> None:
        raise MemoryError

    monkeypatch.setattr(job, "run", greedy)
    assert done() == {"trouble": "TOO_LARGE"}


def test_a_limit_that_is_lower_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found: dict[int, tuple[int, int]] = {}
    hard = {resource.RLIMIT_NOFILE: 512, resource.RLIMIT_CPU: resource.RLIM_INFINITY}
    monkeypatch.setattr(resource, "getrlimit", lambda what: (0, hard.get(what, 1 << 40)))
    monkeypatch.setattr(resource, "setrlimit", found.__setitem__)
    job.limit(1 << 30, 20)
    assert found[resource.RLIMIT_NOFILE] == (512, 512)
    assert found[resource.RLIMIT_CPU] == (20, 20)
    assert found[resource.RLIMIT_AS] == (1 << 30, 1 << 30)


@pytest.mark.negative
def test_the_limits_are_set_before_the_document_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    said: list[str] = []
    monkeypatch.setattr(resource, "setrlimit", lambda what, _most: said.append(str(what)))
    monkeypatch.setattr(job, "run", lambda _task: said.append("run"))
    monkeypatch.setattr(Path, "write_text", lambda *_args, **_how: 0)
    job.main(TASK)
    assert said[-1] == "run"
    assert {str(resource.RLIMIT_AS), str(resource.RLIMIT_CPU), str(resource.RLIMIT_FSIZE)} <= set(said)
