"""XML from strangers: what is no document, or too much of one, is refused, and costs little."""

from __future__ import annotations

import time

import pytest

from protocols.documents import BadXML, Limits, read

FEW = Limits(depth=8, elements=50)

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "document",
    [
        b"<a>\xc3\xbc</a>",
        b"\xef\xbb\xbf<?xml version='1.0'?><!-- x --><a>\xc3\xbc</a>",
        "<a>ü</a>".encode("utf-16"),
        b"\xfe\xff" + "<a>ü</a>".encode("utf-16-be"),
        b"<?xml version='1.0' encoding='utf-8'?>\r\n<a>\xc3\xbc</a>",
    ],
)
def test_a_document_is_read_in_utf_8_and_in_utf_16(document: bytes) -> None:
    root = read(document, FEW)
    assert (root.tag, root.text) == ("a", "ü")


@pytest.mark.negative
@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE a><a/>",
        b"<!DOCTYPE a SYSTEM 'http://evil.example/x.dtd'><a/>",
        b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        b"<?xml version='1.0'?>\n<!-- -->\n<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        f"<!DOCTYPE a [<!ENTITY l0 'ha'>{LAUGHS}]><a>&l9;</a>".encode(),
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>".encode("utf-16"),
        b" " * 100_000 + b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        b"\xef\xbb\xbf" * 2 + b"<!DOCTYPE a [<!ENTITY x 'y'>]><a b='&x;'/>",
        "\ufeff\ufeff<!DOCTYPE a [<!ENTITY x 'y'>]><a b='&x;'/>".encode("utf-16"),
        b"<a>&x;</a>",
    ],
)
def test_no_type_is_declared_and_no_entity_known(document: bytes) -> None:
    with pytest.raises(BadXML):
        read(document, FEW)


@pytest.mark.negative
@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"no XML",
        b"<a>",
        b"<a/><a/>",
        b"\xff\xfe\x00",
        b"<a>\xc3</a>",
        b"<a>\x00</a>",
        "<a>ü</a>".encode("latin-1"),
        "<a>ü</a>".encode("utf-32"),
        "<a/>".encode("cp037"),
    ],
)
def test_what_is_no_document_is_refused(document: bytes) -> None:
    with pytest.raises(BadXML):
        read(document, FEW)


@pytest.mark.negative
def test_a_declared_encoding_changes_nothing() -> None:
    assert read(b"<?xml version='1.0' encoding='utf-7'?><a>+ADw-b/+AD4-</a>", FEW).text == "+ADw-b/+AD4-"


@pytest.mark.negative
@pytest.mark.parametrize("document", [b"<a>" * 9 + b"</a>" * 9, b"<a>" + b"<b/>" * 50 + b"</a>"])
def test_a_document_has_limits(document: bytes) -> None:
    with pytest.raises(BadXML, match="too deep or has too many"):
        read(document, FEW)
    read(b"<a>" * 8 + b"</a>" * 8, FEW)


@pytest.mark.negative
@pytest.mark.parametrize(
    "document",
    [
        b"<a>" * 5_000_000,
        b"<!-- -->" * 1_000_000 + b"<!DOCTYPE a>",
        b" " * 10_000_000,
    ],
    ids=["depth", "comments", "blanks"],
)
def test_even_megabytes_cost_little(document: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(BadXML):
        read(document, FEW)
    assert time.process_time() - begun < 3
