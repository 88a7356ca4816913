"""Which attachments have pages."""

from __future__ import annotations

import pytest

from casd.mailbox.preview.kinds import suffix_of


@pytest.mark.parametrize(
    ("name", "content_type", "suffix"),
    [
        ("report.DOCX", "application/octet-stream", ".docx"),
        ("a.b.pdf", "", ".pdf"),
        ("figures.xlsx", "text/plain", ".xlsx"),
        ("", "application/pdf", ".pdf"),
        ("scan", "Application/PDF", ".pdf"),
        ("Photo.JPG", "", ".jpg"),
        ("drawing.svg", "image/svg+xml", ""),
        ("program.exe", "application/pdf", ""),
        ("page.html", "text/html", ""),
        ("notes", "text/plain", ""),
        ("", "", ""),
    ],
)
def test_the_name_says_what_a_document_is_and_the_type_where_there_is_no_name(
    name: str, content_type: str, suffix: str
) -> None:
    assert suffix_of(name, content_type) == suffix
