"""Documents as people send them, made by the usual libraries, and some that nobody should open."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import docx
import odf.opendocument
import odf.text
import openpyxl
import pptx
import pypdfium2
from docx.enum.text import WD_BREAK
from PIL import Image

_TEXT = "The quick brown fox jumps over the lazy dog. "


def _saved(document: Any) -> bytes:
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def words() -> bytes:
    """Return a report of some pages."""
    document = docx.Document()
    document.add_heading("Quarterly report", 0)
    for _ in range(60):
        document.add_paragraph(_TEXT * 5)
    return _saved(document)


def sheet() -> bytes:
    """Return a sheet of some pages, with formulas."""
    book = openpyxl.Workbook()
    for row in range(1, 201):
        book.active.append([row, f"Item {row}", row * 1.5, f"=A{row}*2"])
    return _saved(book)


def slides() -> bytes:
    """Return ten slides."""
    show = pptx.Presentation()
    for number in range(10):
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = f"Slide {number + 1}"
        slide.placeholders[1].text = "First point\nSecond point"
    return _saved(show)


def open_text() -> bytes:
    """Return a text in OpenDocument."""
    text = odf.opendocument.OpenDocumentText()
    text.text.addElement(odf.text.P(text=_TEXT))
    return _saved(text)


def pdf(pages: int = 3) -> bytes:
    """Return a PDF of empty pages."""
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(612, 792)
    return _saved(document)


def photo() -> bytes:
    """Return a photograph as telephones take them, of twelve million pixels."""
    buffer = BytesIO()
    Image.effect_noise((4000, 3000), 60).convert("RGB").save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def bomb() -> bytes:
    """Return 700 KB that unpack to 700 MB."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("word/document.xml", "w") as part:
            for _ in range(700):
                part.write(b"A" * 1_000_000)
    return buffer.getvalue()


def endless() -> bytes:
    """Return a text of 10,000 pages."""
    document = docx.Document()
    page = document.add_paragraph("A page")
    page.add_run().add_break(WD_BREAK.PAGE)
    for _ in range(10_000):
        document.element.body.insert(0, deepcopy(page._p))
    return _saved(document)


_ODF = "application/vnd.oasis.opendocument."
_LIBRARY = "http://openoffice.org/2000/library"

_CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.3"
    xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2"
    xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:ooo="http://openoffice.org/2004/office"
    xmlns:script="urn:oasis:names:tc:opendocument:xmlns:script:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"
    xmlns:dom="http://www.w3.org/2001/xml-events">{0}</office:document-content>"""

_MACRO_TEXT = """
<office:scripts><office:event-listeners><script:event-listener script:language="ooo:script"
    script:event-name="dom:load" xlink:type="simple"
    xlink:href="vnd.sun.star.script:Standard.Evil.Evil?language=Basic&amp;location=document"/>
</office:event-listeners></office:scripts>
<office:body><office:text><text:p>With a macro</text:p></office:text></office:body>"""

_MACRO_SHEET = """
<office:body><office:spreadsheet><table:table table:name="With a macro"><table:table-row>
    <table:table-cell table:formula="of:=EVIL()"/>
</table:table-row></table:table></office:spreadsheet></office:body>"""

_BASIC = """
Function Evil()
  Open "{0}" For Output As #1
  Print #1, "ran"
  Close #1
  Evil = 7
End Function
"""


def macro(proof: Path) -> bytes:
    """Return a text whose macro, if it ran when the text is opened, would write the file `proof`."""
    return _with_macro("text", _MACRO_TEXT, proof)


def macro_sheet(proof: Path) -> bytes:
    """Return a sheet with a formula that is a macro: if it ran, it would write the file `proof`."""
    return _with_macro("spreadsheet", _MACRO_SHEET, proof)


def _with_macro(kind: str, content: str, proof: Path) -> bytes:
    """Return a package of OpenDocument with a library of Basic, as LibreOffice writes one."""
    listed = f'<library:library library:name="Standard" xmlns:library="{_LIBRARY}" library:readonly="false"'
    parts = {
        "content.xml": _CONTENT.format(content),
        "Basic/script-lc.xml": f"""<library:libraries xmlns:library="{_LIBRARY}">
            <library:library library:name="Standard" library:link="false"/></library:libraries>""",
        "Basic/Standard/script-lb.xml": f"""{listed} library:passwordprotected="false">
            <library:element library:name="Evil"/></library:library>""",
        "Basic/Standard/Evil.xml": f"""<script:module xmlns:script="http://openoffice.org/2000/script"
            script:name="Evil" script:language="StarBasic">{escape(_BASIC.format(proof))}</script:module>""",
    }
    entries = "".join(_entry(name, "text/xml") for name in parts)
    parts["META-INF/manifest.xml"] = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
        f' manifest:version="1.3">{_entry("/", _ODF + kind)}{entries}</manifest:manifest>'
    )
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", _ODF + kind, zipfile.ZIP_STORED)
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def _entry(name: str, kind: str) -> str:
    return f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>'


GOOD: Mapping[str, Callable[[], bytes]] = {
    "report.docx": words,
    "figures.xlsx": sheet,
    "talk.pptx": slides,
    "letter.odt": open_text,
    "paper.pdf": pdf,
    "photo.jpg": photo,
}
