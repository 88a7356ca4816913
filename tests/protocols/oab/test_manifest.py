"""The manifest (reference 6.2)."""

from __future__ import annotations

import pytest
from defusedxml.ElementTree import fromstring

from protocols.oab.manifest import Listed, Template, manifest

GUID = "11111111-2222-3333-4444-555555555555"


def listed(kind: str, sequence: int) -> Listed:
    return Listed(f"{GUID}-{kind}-{sequence}.lzx", sequence, 10, 20, "ab" * 20)


def test_6_2_full_differences_and_templates_are_named_with_their_attributes() -> None:
    differences = [listed("binpatch", number) for number in (7, 6)]
    made = manifest("All", GUID, listed("data", 7), differences, [Template(listed("lng0409", 7), "0409")])
    assert made.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    book = fromstring(made).find("OAL")
    assert book.attrib == {"id": GUID, "dn": "/", "name": "\\All"}
    assert [each.tag for each in book] == ["Full", "Diff", "Diff", "Template"]
    assert book.find("Full").text == f"{GUID}-data-7.lzx"
    common = {"size": "10", "uncompressedsize": "20", "SHA": "ab" * 20}
    assert book.find("Full").attrib == {"seq": "7", "ver": "32", **common}
    assert [each.attrib["seq"] for each in book.findall("Diff")] == ["7", "6"]
    assert book.find("Template").attrib == {"seq": "7", "ver": "7", **common, "langid": "0409", "type": "windows"}


@pytest.mark.negative
def test_a_title_cannot_break_out() -> None:
    title = "\"><Full>&x;</Full>' <"
    book = fromstring(manifest(title, GUID, listed("data", 1), [], [])).find("OAL")
    assert book.attrib["name"] == "\\" + title
    assert [each.tag for each in book] == ["Full"]
