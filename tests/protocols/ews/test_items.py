from __future__ import annotations

from datetime import UTC, datetime

import pytest

from protocols.ews import changes, items, paths
from protocols.ews.changes import Append, Delete, Set
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.paths import Extended, Property
from protocols.ews.values import Address, Attachment, Body, Id, Item
from tests.protocols.ews.soap import node, shown

SUBJECT = Property("item:Subject")
NUMBER = Extended("Integer", set_id="c11ff724", name="number")
TAG = Extended("StringArray", tag="0x3a05")


def test_a_message_is_read_into_properties_by_path() -> None:
    found = items.read(
        node("""<t:Message><t:Subject>Hi</t:Subject><t:Body BodyType="Text">x</t:Body>
            <t:ExtendedProperty><t:ExtendedFieldURI PropertySetId="C11FF724" PropertyName="number"
            PropertyType="Integer"/><t:Value>5</t:Value></t:ExtendedProperty>
            <t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x3A05" PropertyType="StringArray"/>
            <t:Values><t:Value>a</t:Value><t:Value>b</t:Value></t:Values></t:ExtendedProperty>
            <t:From><t:Mailbox><t:EmailAddress>a@b.org</t:EmailAddress></t:Mailbox></t:From></t:Message>""")
    )
    assert found == Item(
        "Message",
        {
            SUBJECT: "Hi",
            Property("item:Body"): Body("Text", "x"),
            NUMBER: "5",
            TAG: ("a", "b"),
            Property("message:From"): Address("a@b.org"),
        },
    )


def test_elements_are_written_in_the_order_of_the_schema() -> None:
    written = items.write(
        Item(
            "Message",
            {
                Property("message:IsRead"): False,
                NUMBER: "5",
                TAG: ("a",),
                SUBJECT: "Hi",
                Property("item:Size"): None,
                Property("item:ItemId"): Id("a", "b"),
                Property("item:HasAttachments"): True,
            },
        )
    )
    assert [each.tag.rpartition("}")[2] for each in written] == [
        *("ItemId", "Subject", "HasAttachments", "ExtendedProperty", "ExtendedProperty", "IsRead")
    ]
    assert "<Values><Value>a</Value></Values>" in shown(written)


def test_dictionaries_are_one_property_for_each_entry() -> None:
    markup = """<t:Contact><t:EmailAddresses><t:Entry Key="EmailAddress2">a@b.org</t:Entry></t:EmailAddresses>
        <t:PhysicalAddresses><t:Entry Key="Home"><t:Street>S</t:Street><t:City>C</t:City></t:Entry>
        </t:PhysicalAddresses></t:Contact>"""
    contact = items.read(node(markup))
    assert contact.properties == {
        Property("contacts:EmailAddress", "EmailAddress2"): "a@b.org",
        Property("contacts:PhysicalAddress:Street", "Home"): "S",
        Property("contacts:PhysicalAddress:City", "Home"): "C",
    }
    assert shown(items.write(contact)) == (
        '<Contact><EmailAddresses><Entry Key="EmailAddress2">a@b.org</Entry></EmailAddresses><PhysicalAddresses>'
        '<Entry Key="Home"><Street>S</Street><City>C</City></Entry></PhysicalAddresses></Contact>'
    )


def test_attachments_are_files_or_items() -> None:
    markup = """<t:Message><t:Attachments>
        <t:FileAttachment><t:Name>a</t:Name><t:ContentType>text/plain</t:ContentType><t:ContentId>&lt;x&gt;</t:ContentId>
        <t:IsInline>true</t:IsInline><t:Content>YQ==</t:Content></t:FileAttachment>
        <t:ItemAttachment><t:Name>b</t:Name><t:Message><t:Subject>in</t:Subject></t:Message></t:ItemAttachment>
        </t:Attachments></t:Message>"""
    file, item = items.read(node(markup)).properties[Property("item:Attachments")]
    assert (file.name, file.content_type, file.content_id, file.inline, file.content) == (
        *("a", "text/plain", "x", True),
        b"a",
    )
    assert (item.is_item, item.item) == (True, Item("Message", {SUBJECT: "in"}))


def test_an_attachment_is_written_with_what_is_known_of_it() -> None:
    whole = Attachment(
        name="a",
        id="1",
        root=Id("r", "k"),
        content_type="text/plain",
        content_id="x",
        size=1,
        modified=datetime(2026, 1, 1, tzinfo=UTC),
        content=b"a",
    )
    inner = Attachment(name="b", id="2", is_item=True, item=Item("Message", {SUBJECT: "in"}))
    written = shown(items.write(Item("Message", {Property("item:Attachments"): (whole, inner)})))
    assert written == (
        '<Message><Attachments><FileAttachment><AttachmentId Id="1" RootItemId="r" RootItemChangeKey="k"/>'
        "<Name>a</Name><ContentType>text/plain</ContentType><ContentId>x</ContentId><Size>1</Size>"
        "<LastModifiedTime>2026-01-01T00:00:00Z</LastModifiedTime><IsInline>false</IsInline><Content>YQ==</Content>"
        '</FileAttachment><ItemAttachment><AttachmentId Id="2"/><Name>b</Name><IsInline>false</IsInline>'
        "<Message><Subject>in</Subject></Message></ItemAttachment></Attachments></Message>"
    )


@pytest.mark.parametrize(
    "markup",
    [
        "<t:Message><t:Location>x</t:Location></t:Message>",
        "<t:Message><t:ExtendedProperty/></t:Message>",
        '<t:Contact><t:EmailAddresses><t:Entry Key="EmailAddress4">a</t:Entry></t:EmailAddresses></t:Contact>',
        '<t:Contact><t:PhysicalAddresses><t:Entry Key="Home"><t:Moon/></t:Entry></t:PhysicalAddresses></t:Contact>',
        "<t:Message><t:Attachments><t:Thing/></t:Attachments></t:Message>",
    ],
)
def test_what_the_schema_does_not_know_is_a_bad_document(markup: str) -> None:
    with pytest.raises(BadDocument):
        items.read(node(markup))


def test_a_kind_that_is_not_served_is_refused() -> None:
    with pytest.raises(Refusal, match="SharingMessage"):
        items.read(node("<t:SharingMessage/>"))


@pytest.mark.parametrize(
    ("markup", "path", "text"),
    [
        ('<t:FieldURI FieldURI="item:Subject"/>', SUBJECT, "item:Subject"),
        (
            '<t:IndexedFieldURI FieldURI="contacts:PhoneNumber" FieldIndex="Pager"/>',
            Property("contacts:PhoneNumber", "Pager"),
            "contacts:PhoneNumber/Pager",
        ),
        ('<t:ExtendedFieldURI PropertyTag="0x3a05" PropertyType="StringArray"/>', TAG, "/0x3a05///StringArray"),
        (
            '<t:ExtendedFieldURI DistinguishedPropertySetId="Common" PropertyId="5" PropertyType="Binary"/>',
            Extended("Binary", distinguished="Common", number="5"),
            "Common///5/Binary",
        ),
    ],
)
def test_a_path_is_read_written_and_named(markup: str, path: paths.Path, text: str) -> None:
    assert paths.parse(node(markup)) == path
    assert paths.parse(paths.write(path)) == path
    assert str(path) == text


@pytest.mark.parametrize(
    "markup",
    [
        '<t:FieldURI FieldURI="Subject"/>',
        '<t:FieldURI FieldURI="thing:Subject"/>',
        '<t:FieldURI FieldURI="contacts:PhoneNumber" FieldIndex="Pager"/>',
        '<t:IndexedFieldURI FieldURI="contacts:PhoneNumber"/>',
        '<t:ExceptionFieldURI FieldURI="item:Subject"/>',
        '<t:ExtendedFieldURI PropertyTag="0x3a05"/>',
        '<t:ExtendedFieldURI PropertyTag="many" PropertyType="String"/>',
    ],
)
def test_what_is_no_path_is_a_bad_document(markup: str) -> None:
    with pytest.raises(BadDocument):
        paths.parse(node(markup))


@pytest.mark.parametrize(
    "attributes",
    [
        'PropertyTag="0x1" PropertySetId="x" PropertyName="y"',
        'PropertySetId="x"',
        'PropertyName="x"',
    ],
)
def test_a_property_of_mapi_must_be_named_in_one_way(attributes: str) -> None:
    with pytest.raises(Refusal):
        paths.parse(node(f'<t:ExtendedFieldURI {attributes} PropertyType="String"/>'))


def test_changes_set_append_and_delete() -> None:
    markup = """<t:ItemChange><t:ItemId Id="x"/><t:Updates>
        <t:SetItemField><t:FieldURI FieldURI="item:Subject"/><t:Message><t:Subject>a</t:Subject></t:Message>
        </t:SetItemField>
        <t:AppendToItemField><t:FieldURI FieldURI="item:Body"/><t:Message><t:Body BodyType="Text">b</t:Body></t:Message>
        </t:AppendToItemField><t:DeleteItemField><t:FieldURI FieldURI="item:Flag"/></t:DeleteItemField>
        </t:Updates></t:ItemChange>"""
    assert changes.parse(node(markup)) == [
        Set(SUBJECT, "a"),
        Append(Property("item:Body"), Body("Text", "b")),
        Delete(Property("item:Flag")),
    ]


@pytest.mark.parametrize(
    "change",
    [
        '<t:SetItemField><t:FieldURI FieldURI="item:Subject"/></t:SetItemField>',
        '<t:SetItemField><t:FieldURI FieldURI="item:Subject"/><t:Message/></t:SetItemField>',
        '<t:SetItemField><t:FieldURI FieldURI="item:Body"/><t:Message><t:Subject/></t:Message></t:SetItemField>',
        '<t:DropItemField><t:FieldURI FieldURI="item:Subject"/></t:DropItemField>',
    ],
)
def test_a_change_is_of_just_the_property_that_it_names(change: str) -> None:
    with pytest.raises(BadDocument):
        changes.parse(node(f"<t:ItemChange><t:Updates>{change}</t:Updates></t:ItemChange>"))
