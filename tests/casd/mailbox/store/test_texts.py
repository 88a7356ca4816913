from __future__ import annotations

import io
import sys

import pytest

from casd.mailbox.store import texts
from casd.mailbox.store.texts import kind_of, text_of
from tests.casd.mailbox.store.documents import DOCX, ODT, PPTX, XLSX, pdf, zipped
from tests.casd.mailbox.store.world import mail


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.docx", DOCX, "Quarterly figures"),
        ("a.xlsx", XLSX, "Turnover Profit 4711 Loss"),
        ("a.PPTX", PPTX, "Roadmap 2027"),
        ("a.odt", ODT, "Title Plain text"),
        ("a.pdf", pdf("Invoice 815"), "Invoice 815"),
        ("a.html", b"<title>x</title><p>Some <b>mark</b>up<script>x</script>", "Some markup"),
        ("a.htm", b'<meta charset="latin-1"><p>\xfcber', "über"),
        ("a.txt", "Über alles".encode(), "Über alles"),
        ("a.txt", "\ufeffÜber".encode("utf-16-le"), "Über"),
        ("a.txt", b"\xdcber", "Über"),
        ("a.eml", mail("Forwarded", "inside"), "Forwarded Bob <bob@example.org> inside"),
        ("a.exe", b"MZ", ""),
    ],
)
def test_a_document_has_a_text(name: str, data: bytes, expected: str) -> None:
    assert " ".join(text_of(name, "application/octet-stream", data).split()) == expected


def test_the_type_goes_before_the_name() -> None:
    assert kind_of("a.bin", "Application/PDF") == "pdf"
    assert kind_of("", "message/rfc822") == "eml"
    assert kind_of("a.docx", "application/octet-stream") == "docx"
    assert kind_of("a", "image/png") == ""


def test_a_bomb_is_unpacked_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_UNPACKED", 1 << 16)
    bomb = zipped(word__document_xml=f"<w:t xmlns:w='w'>{'word ' * (1 << 20)}</w:t>")
    assert len(text_of("a.docx", "", bomb)) < 1 << 16


def test_a_document_that_declares_entities_is_not_read() -> None:
    markup = '<!DOCTYPE x [<!ENTITY a "boom">]><t>&a; end</t>'
    with pytest.raises(ValueError, match="entities"):
        text_of("a.docx", "", zipped(word__document_xml=markup))


def test_the_process_answers_each_request_and_survives_what_it_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answered = io.BytesIO(b'[3, "a.txt", ""]\nabc[2, "a.docx", ""]\nPK[1, "a.txt", ""]\nd'), io.BytesIO()
    monkeypatch.setattr(texts, "_limit", lambda _seconds, _memory: None)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(asked))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(answered))
    texts.main(1, 1)
    assert answered.getvalue() == b"3\nabc0\n1\nd"
