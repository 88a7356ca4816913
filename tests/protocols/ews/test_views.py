from __future__ import annotations

from datetime import UTC, datetime

import pytest

from protocols.ews import shapes, views
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import t
from protocols.ews.paths import Extended, Property
from protocols.ews.views import Fraction, Group, Page, Part, Sort, Window
from tests.protocols.ews.soap import node, shown


@pytest.mark.parametrize(
    ("markup", "view"),
    [
        ("", Page()),
        ('<m:IndexedPageItemView MaxEntriesReturned="5" Offset="3" BasePoint="Beginning"/>', Page(5, 3)),
        ('<m:IndexedPageFolderView Offset="0" BasePoint="End"/>', Page(1000, 0, backwards=True)),
        (
            '<m:IndexedPageItemView MaxEntriesReturned="99999" Offset="0" BasePoint="End"/>',
            Page(1000, 0, backwards=True),
        ),
        ('<m:FractionalPageItemView MaxEntriesReturned="5" Numerator="1" Denominator="2"/>', Fraction(5, 1, 2)),
        (
            '<m:CalendarView MaxEntriesReturned="7" StartDate="2026-01-01T00:00:00Z" EndDate="2026-01-02T00:00:00Z"/>',
            Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), 7),
        ),
    ],
)
def test_a_view_is_a_page_a_fraction_or_a_window(markup: str, view: views.View) -> None:
    assert views.parse(node(f"<m:FindItem>{markup}</m:FindItem>")) == view


@pytest.mark.parametrize(
    "attributes",
    [
        'Offset="0" BasePoint="Middle"',
        'Offset="-1" BasePoint="End"',
        'MaxEntriesReturned="0" Offset="0" BasePoint="End"',
    ],
)
def test_a_view_out_of_bounds_is_a_bad_document(attributes: str) -> None:
    with pytest.raises(BadDocument):
        views.parse(node(f"<m:FindItem><m:IndexedPageItemView {attributes}/></m:FindItem>"))


def test_pages_begin_at_no_condition() -> None:
    with pytest.raises(Refusal):
        views.parse(node("<m:FindItem><m:SeekToConditionPageItemView/></m:FindItem>"))


def test_items_are_grouped_by_a_property_or_by_conversation() -> None:
    group = '<m:GroupBy Order="Descending"><t:FieldURI FieldURI="item:Subject"/></m:GroupBy>'
    named = '<m:DistinguishedGroupBy Order="Ascending"/>'
    assert views.parse_group(node(f"<m:FindItem>{group}</m:FindItem>")) == Group(
        Sort(Property("item:Subject"), descending=True)
    )
    found = views.parse_group(node(f"<m:FindItem>{named}</m:FindItem>"))
    assert found == Group(Sort(Property("message:ConversationTopic")))
    assert views.parse_group(node("<m:FindItem/>")) is None


@pytest.mark.parametrize(
    ("view", "part"),
    [
        (Page(3, 0), Part(0, 3, 3)),
        (Page(3, 9), Part(9, 10, None)),
        (Page(3, 20), Part(10, 10, None)),
        (Page(3, 0, backwards=True), Part(7, 10, 3)),
        (Page(30, 0, backwards=True), Part(0, 10, None)),
        (Page(3, 20, backwards=True), Part(0, 0, None)),
        (Fraction(3, 1, 2), Part(5, 8, 8)),
        (Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), 4), Part(0, 4, 4)),
    ],
)
def test_a_view_shows_a_part_of_ten(view: views.View, part: Part) -> None:
    assert views.part(view, 10) == part


def test_a_page_says_where_the_next_one_begins() -> None:
    page = views.write_page("Items", [t("Message")], 10, Part(0, 1, 1))
    assert shown(page) == (
        '<RootFolder IndexedPagingOffset="1" TotalItemsInView="10" IncludesLastItemInRange="false">'
        "<Items><Message/></Items></RootFolder>"
    )
    assert 'IncludesLastItemInRange="true"' in shown(views.write_page("Items", [], 0, Part(0, 0, None)))


def test_an_order_is_by_properties() -> None:
    order = '<t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:Size"/></t:FieldOrder>'
    assert views.parse_order(node(f"<m:FindItem><m:SortOrder>{order}</m:SortOrder></m:FindItem>")) == (
        Sort(Property("item:Size"), descending=True),
    )
    assert views.parse_order(node("<m:FindItem/>")) == ()
    with pytest.raises(BadDocument):
        views.parse_order(node("<m:FindItem><m:SortOrder><t:Thing/></m:SortOrder></m:FindItem>"))


def test_a_query_string_is_taken_as_it_stands() -> None:
    assert views.query_string(node("<m:FindItem><m:QueryString> a b </m:QueryString></m:FindItem>")) == "a b"
    assert views.query_string(node("<m:FindItem/>")) == ""


def shape(content: str) -> shapes.Shape:
    return shapes.parse(node(f"<m:GetItem><m:ItemShape>{content}</m:ItemShape></m:GetItem>"), "ItemShape")


def uris(wanted: list[object]) -> list[str]:
    return [str(path) for path in wanted]


def test_a_shape_of_ids_wants_the_id_and_what_is_added() -> None:
    found = shape(
        """<t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent><t:AdditionalProperties>
        <t:FieldURI FieldURI="item:Subject"/><t:FieldURI FieldURI="calendar:Start"/>
        <t:IndexedFieldURI FieldURI="contacts:PhoneNumber" FieldIndex="Pager"/>
        <t:FieldURI FieldURI="item:Attachments"/>
        <t:ExtendedFieldURI PropertyTag="0x1" PropertyType="String"/></t:AdditionalProperties>"""
    )
    extended = str(Extended("String", tag="0x1"))
    assert uris([*found.wanted("Message")]) == [
        *("item:MimeContent", "item:ItemId", "item:Subject", "item:Attachments", extended)
    ]
    assert "contacts:PhoneNumber/Pager" in uris([*found.wanted("Contact")])
    assert "contacts:PhoneNumber/Isdn" not in uris([*found.wanted("Contact")])


def test_the_default_shape_differs_by_kind_and_when_finding() -> None:
    found = shape("<t:BaseShape>Default</t:BaseShape><t:BodyType>Text</t:BodyType>")
    assert found.body == "Text"
    assert "item:Body" in uris([*found.wanted("Message")])
    assert "item:Body" not in uris([*found.wanted("Message", finding=True)])
    assert "contacts:EmailAddress/EmailAddress3" in uris([*found.wanted("Contact")])
    assert "calendar:Start" in uris([*found.wanted("CalendarItem")])


def test_all_properties_are_those_of_the_first_class() -> None:
    wanted = uris([*shape("<t:BaseShape>AllProperties</t:BaseShape>").wanted("Message")])
    assert "item:MimeContent" not in wanted
    assert {"item:ItemId", "message:From", "item:Attachments"} <= set(wanted)
    assert "folder:UnreadCount" in uris([*shape("<t:BaseShape>AllProperties</t:BaseShape>").wanted("Folder")])


def test_only_an_attachment_needs_no_shape() -> None:
    assert shapes.parse(node("<m:GetAttachment/>"), "AttachmentShape").base == "AllProperties"
    with pytest.raises(BadDocument):
        shapes.parse(node("<m:GetItem/>"), "ItemShape")
    with pytest.raises(BadDocument):
        shape("")
