from __future__ import annotations

from typing import Any

import pytest

from casd.mailbox.ews import kept
from protocols.ews.errors import BadDocument
from protocols.ews.paths import Extended, Path, Property
from tests.casd.mailbox.ews.conversation import Client, change, properties


def extended(kind: str) -> Extended:
    return Extended(kind, tag="0x1")


@pytest.mark.parametrize(
    ("path", "value", "json"),
    [
        (extended("String"), "x", "x"),
        (extended("Boolean"), "true", True),
        (extended("Integer"), "5", 5),
        (extended("Double"), "1.5", 1.5),
        (extended("SystemTime"), "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        (extended("IntegerArray"), ("1", "2"), [1, 2]),
        (Property("contacts:Children"), ("a", "b"), ["a", "b"]),
        (Property("item:ReminderIsSet"), True, True),
    ],
)
def test_a_value_is_kept_as_json_and_comes_back(path: Path, value: Any, json: Any) -> None:
    assert kept.dump(path, value) == json
    assert kept.load({str(path): json}, path) == value
    assert kept.load({}, path) is None


def test_what_is_not_of_its_type_is_a_bad_document() -> None:
    for kind in ("Double", "Integer", "Boolean"):
        with pytest.raises(BadDocument):
            kept.dump(extended(kind), "x")


def test_a_time_and_bytes_come_back_too(client: Client) -> None:
    item = client.create("<t:Message/>").id()
    due = "<t:ReminderDueBy>2026-01-01T10:00:00+01:00</t:ReminderDueBy>"
    client.update(item, change("Set", "item:ReminderDueBy", due))
    assert client.get(item).text("t:ReminderDueBy") == "2026-01-01T09:00:00Z"
    assert kept.dump(Property("item:X"), b"x") == "eA=="


def test_a_property_without_a_place_in_the_content_is_kept(client: Client) -> None:
    said = "<t:Sensitivity>Private</t:Sensitivity><t:SpouseName>Sam</t:SpouseName>"
    made = client.create(f"<t:Contact>{said}</t:Contact>")
    found = client.get(made.id(), base="IdOnly", more=properties("contacts:SpouseName", "item:Sensitivity"))
    assert (found.text("t:SpouseName"), found.text("t:Sensitivity")) == ("Sam", "Private")


def test_what_is_no_identifier_comes_back_in_the_clients_words(client: Client) -> None:
    for uri, element in (("item:InReplyTo", "InReplyTo"), ("message:References", "References")):
        item = client.create(f"<t:Message><t:{element}>no  brackets</t:{element}></t:Message>").id()
        assert client.get(item).text(f"t:{element}") == "no  brackets"
        constant = '<t:FieldURIOrConstant><t:Constant Value="no  brackets"/></t:FieldURIOrConstant>'
        test = f'<t:IsEqualTo><t:FieldURI FieldURI="{uri}"/>{constant}</t:IsEqualTo>'
        assert len(client.find(rest=f"<m:Restriction>{test}</m:Restriction>").all("t:ItemId")) == 1
        client.update(item, change("Set", uri, f"<t:{element}>&lt;a@b&gt;</t:{element}>"))
        assert client.get(item).text(f"t:{element}") == "<a@b>"
