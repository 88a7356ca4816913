"""The texts of attachments: office documents, PDF, HTML, plain text, messages.

    python -m casd.mailbox.store.texts SECONDS MEMORY

is a process that is given what strangers send, and has little to lose: it may not write files, nor use more than so
much CPU time and memory. It reads requests, each a line `[SIZE, "NAME", "TYPE"]` with SIZE bytes behind it, and answers
each by a line `SIZE` and so many bytes of UTF-8. What it cannot read has no text.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from lxml import etree

from casd.mailbox.store import mail
from casd.mailbox.store.extract import SEARCHED, plain

_UNPACKED = 64 << 20
"""Bytes that are unpacked of one document: a bomb ends here."""

_FILES = 500
"""Sheets or slides of one document that are read."""

_PAGES = 500
"""Pages of a PDF that are read."""

_BLOCKS = frozenset(("p", "h", "si", "is", "row", "tr", "br", "tab", "line-break", "table-row"))
"""Elements (by local name) after which a word ends, in WordprocessingML, SpreadsheetML, DrawingML and ODF."""

_WORDS = frozenset(("t", "v"))
"""Elements of Office Open XML that hold text; in ODF all text is shown. A `v` may be the number of a shared string."""


def _office(*members: str) -> Callable[[bytes], str]:
    """Return what reads those members of a zipped document whose names match."""
    wanted = re.compile("|".join(members))

    def read(data: bytes) -> str:
        left, texts = _UNPACKED, []
        with ZipFile(BytesIO(data)) as whole:
            names = [name for name in whole.namelist() if wanted.fullmatch(name)]
            for name in names[:_FILES]:
                with whole.open(name) as member:
                    markup = member.read(left)
                left -= len(markup)
                texts.append(_markup(markup, everything=name == "content.xml"))
                if left <= 0:
                    break
        return "\n".join(texts)

    return read


def _markup(markup: bytes, *, everything: bool) -> str:
    """Return the text of XML, read as a stream: a tree of a stranger's document can be of any depth."""
    target: Any = _Text(everything=everything)
    parser: Any = etree.XMLParser(target=target, resolve_entities=False, load_dtd=False, no_network=True, recover=True)
    parser.feed(markup)
    return str(parser.close())


class _Text:
    """A parser's target that keeps words."""

    def __init__(self, *, everything: bool) -> None:
        self._out: list[str] = []
        self._everything = everything
        self._within = 0
        self._shared = False

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        raise ValueError(f"{name} declares entities, which no office program does")

    def start(self, name: str, attributes: Any) -> None:
        local = _local(name)
        self._within += local in _WORDS
        if local == "c":
            self._shared = attributes.get("t") == "s"

    def end(self, name: str) -> None:
        local = _local(name)
        self._within -= local in _WORDS
        if local == "c":
            self._shared = False
        if local in _BLOCKS or local == "c":
            self._out.append("\n")

    def data(self, text: str) -> None:
        if (self._within and not self._shared) or self._everything:
            self._out.append(text)

    def close(self) -> str:
        return "".join(self._out)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _pdf(data: bytes) -> str:
    import pypdfium2  # type: ignore[import-untyped]  # noqa: PLC0415 - only this process needs it, and not always

    with pypdfium2.PdfDocument(data) as document:
        return "\n".join(_pdf_pages(document))


def _pdf_pages(document: Any) -> Iterator[str]:
    length = 0
    for number in range(min(len(document), _PAGES)):
        page = document[number]
        text = page.get_textpage().get_text_bounded()
        page.close()
        yield text
        length += len(text)
        if length > SEARCHED:
            return


def _html(data: bytes) -> str:
    declared = re.search(rb"charset=[\"']?([\w-]+)", data[:2048])
    return plain(_decoded(data, declared[1].decode("ascii", "replace") if declared else "utf-8"))


def _characters(data: bytes) -> str:
    marks = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
    return _decoded(data, next((name for mark, name in marks.items() if data.startswith(mark)), "utf-8"))


def _decoded(data: bytes, charset: str) -> str:
    try:
        return data[: 4 * SEARCHED].decode(charset)
    except (LookupError, UnicodeError):
        return data[: 4 * SEARCHED].decode("cp1252", "replace")


def _message(data: bytes) -> str:
    extract = mail.read(data)
    return f"{extract.columns['subject']}\n{extract.columns['sender']}\n{extract.body}"


_READERS: dict[str, Callable[[bytes], str]] = {
    "docx": _office(r"word/(document|footnotes|endnotes|comments|header\d*|footer\d*)\.xml"),
    "xlsx": _office(r"xl/sharedStrings\.xml", r"xl/worksheets/sheet\d+\.xml"),
    "pptx": _office(r"ppt/slides/slide\d+\.xml", r"ppt/notesSlides/notesSlide\d+\.xml"),
    **dict.fromkeys(("odt", "ods", "odp"), _office(r"content\.xml")),
    "pdf": _pdf,
    **dict.fromkeys(("html", "htm"), _html),
    **dict.fromkeys(("txt", "csv", "md", "log", "ics", "vcf"), _characters),
    "eml": _message,
}
"""By the ending of the name."""

_TYPES = {
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "text/html": "html",
    "text/plain": "txt",
    "text/csv": "csv",
    "message/rfc822": "eml",
}


def kind_of(name: str, content_type: str) -> str:
    """Return how an attachment is read, by its type or the ending of its name; empty: not at all."""
    ending = name.rpartition(".")[2].lower()
    return _TYPES.get(content_type.lower()) or (ending if ending in _READERS else "")


def text_of(name: str, content_type: str, data: bytes) -> str:
    """Return the text of an attachment, cut to what is indexed; raises what its libraries raise."""
    kind = kind_of(name, content_type)
    return _READERS[kind](data)[:SEARCHED] if kind else ""


def _limit(seconds: int, memory: int) -> None:
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
    ):
        resource.setrlimit(what, (most, most))


def main(seconds: int, memory: int) -> None:
    """Answer requests until there are no more."""
    _limit(seconds, memory)
    while line := sys.stdin.buffer.readline():
        size, name, content_type = json.loads(line)
        try:
            text = text_of(name, content_type, sys.stdin.buffer.read(size)).encode("utf-8", "replace")
        except Exception:  # whatever a library makes of a stranger's bytes; too little memory, too
            text = b""
        sys.stdout.buffer.write(b"%d\n%b" % (len(text), text))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
