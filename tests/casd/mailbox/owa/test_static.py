"""The files that are the same for everyone."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from casd.mailbox.owa.static import STATIC, StaticFiles
from tests.casd.mailbox.owa.conversation import Browser

NAMES = sorted(set(STATIC.files) - {"index.html"})


def named(browser: Browser) -> set[str]:
    """Return the files that the page asks for at once."""
    return set(re.findall(rf'"/owa/{STATIC.version}/([\w.]+)"', browser.get("/owa/").body.decode()))


def imports(name: str) -> set[str]:
    """Return what a script cannot begin without."""
    return set(re.findall(r'^import [^"]*"\./([\w.]+)";$', STATIC.files[name].plain.body.decode(), re.MULTILINE))


def test_the_page_names_its_files_by_version_and_they_are_all_there(browser: Browser) -> None:
    assert named(browser) <= set(STATIC.files)
    assert "$" not in browser.get("/owa/").body.decode()


def test_whatever_the_first_scripts_need_is_asked_for_at_once(browser: Browser) -> None:
    scripts = {name for name in named(browser) if name.endswith(".js")}
    assert {needed for name in scripts for needed in imports(name)} | {"app.js"} == scripts


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".js")])
def test_whatever_a_script_imports_is_there(name: str) -> None:
    later = re.findall(r'import\("\./([\w.]+)"\)', STATIC.files[name].plain.body.decode())
    assert imports(name) | set(later) <= set(STATIC.files)


def test_the_page_holds_no_script_or_style_of_its_own(browser: Browser) -> None:
    page = browser.get("/owa/").body.decode()
    assert re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", page) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_script_makes_markup_from_text(name: str) -> None:
    sinks = rb"innerHTML\s*=|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc"
    assert re.findall(sinks, STATIC.files[name].plain.body) == []


def test_a_file_named_by_version_may_be_kept_for_ever(browser: Browser) -> None:
    answer = browser.get(f"/owa/{STATIC.version}/app.js")
    assert answer.status == 200
    assert "immutable" in answer.header("cache-control")
    assert answer.header("content-type") == "text/javascript; charset=utf-8"


def test_a_file_named_otherwise_is_asked_for_anew(browser: Browser) -> None:
    for target in ("/owa/app.js", "/owa/0123456789ab/app.js"):
        assert browser.get(target).header("cache-control") == "private, no-cache"


def test_what_has_not_changed_is_not_sent_again(browser: Browser) -> None:
    first = browser.get("/owa/app.js", Accept_Encoding="gzip")
    tag = first.header("etag")
    assert re.fullmatch(r'"[0-9a-f]{24}"', tag)
    again = browser.get("/owa/app.js", Accept_Encoding="gzip", If_None_Match=f'W/"other", {tag}')
    assert (again.status, again.body, again.header("etag")) == (304, b"", tag)


def test_each_encoding_has_its_own_tag(browser: Browser) -> None:
    packed, plain = browser.get("/owa/app.js", Accept_Encoding="br, gzip"), browser.get("/owa/app.js")
    assert packed.header("content-encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.header("etag") != plain.header("etag")
    assert packed.header("vary") == "Accept-Encoding"


def test_a_head_has_no_body(browser: Browser) -> None:
    answer = browser.get("/owa/app.js", "HEAD")
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("target", ["/owa/none.js", "/owa/index.html", "/owa/x/y", "/owa/__init__.py"])
def test_there_is_nothing_else(browser: Browser, target: str) -> None:
    assert browser.get(target).status == 404


def test_the_first_load_is_light(browser: Browser) -> None:
    first = named(browser) | {"index.html", "body.css", "language.de.json"}
    assert sum(len(STATIC.files[name].compressed.body) for name in first) < 80_000


def test_everything_together_is_light() -> None:
    assert sum(len(file.compressed.body) for file in STATIC.files.values()) < 150_000


def test_the_version_differs_when_a_file_differs(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("$version")
    (tmp_path / "a.js").write_text("1")
    first = StaticFiles.read(tmp_path)
    (tmp_path / "a.js").write_text("2")
    assert StaticFiles.read(tmp_path).version != first.version
    assert first.files["index.html"].plain.body == first.version.encode()
