"""What the store cannot search or sort by itself, and groups."""

from __future__ import annotations

import pytest

from casd.mailbox.ews import sifting
from tests.casd.mailbox.ews.conversation import Client, properties

PEOPLE = {"Ada": ("1", "Berlin"), "Bob": ("3", "Rome"), "Cid": ("2", "Berlin"), "Dan": ("", "")}


def indexed(uri: str, key: str) -> str:
    return f'<t:IndexedFieldURI FieldURI="contacts:{uri}" FieldIndex="{key}"/>'


PHONE, CITY = indexed("PhoneNumber", "HomePhone"), indexed("PhysicalAddress:City", "Home")


@pytest.fixture(autouse=True)
def people(client: Client) -> None:
    for name, (phone, city) in PEOPLE.items():
        home = f'<t:PhysicalAddresses><t:Entry Key="Home"><t:City>{city}</t:City></t:Entry></t:PhysicalAddresses>'
        phones = f'<t:PhoneNumbers><t:Entry Key="HomePhone">{phone}</t:Entry></t:PhoneNumbers>'
        held = home + phones if city else ""
        client.create(f"<t:Contact><t:DisplayName>{name}</t:DisplayName>{held}</t:Contact>", "contacts")


def equal(path: str, value: str) -> str:
    constant = f'<t:FieldURIOrConstant><t:Constant Value="{value}"/></t:FieldURIOrConstant>'
    return f"<t:IsEqualTo>{path}{constant}</t:IsEqualTo>"


def names(client: Client, test: str = "", rest: str = "") -> list[str]:
    restriction = f"<m:Restriction>{test}</m:Restriction>" if test else ""
    return client.find("contacts", restriction + rest, properties("contacts:DisplayName")).texts("t:DisplayName")


def test_what_only_the_content_says_is_found(client: Client) -> None:
    assert sorted(names(client, equal(CITY, "berlin"))) == ["Ada", "Cid"]
    assert names(client, f"<t:And>{equal(CITY, 'Berlin')}{equal(PHONE, '2')}</t:And>") == ["Cid"]
    assert sorted(names(client, f"<t:Or>{equal(PHONE, '1')}{equal(PHONE, '3')}</t:Or>")) == ["Ada", "Bob"]
    assert sorted(names(client, f"<t:Not><t:Exists>{CITY}</t:Exists></t:Not>")) == ["Dan"]
    both = f"<t:IsEqualTo>{PHONE}<t:FieldURIOrConstant>{PHONE}</t:FieldURIOrConstant></t:IsEqualTo>"
    assert len(names(client, f"<t:And>{both}<t:Exists>{PHONE}</t:Exists></t:And>")) == 3


def test_what_only_the_content_says_is_sorted_by(client: Client) -> None:
    def order(way: str, *more: str) -> str:
        fields = "".join(f'<t:FieldOrder Order="{way}">{path}</t:FieldOrder>' for path in (PHONE, *more))
        return f"<m:SortOrder>{fields}</m:SortOrder>"

    assert names(client, rest=order("Ascending")) == ["Dan", "Ada", "Cid", "Bob"]
    assert names(client, rest=order("Descending", CITY)) == ["Bob", "Cid", "Ada", "Dan"]


def test_too_many_are_not_read_one_by_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sifting, "MOST", 3)
    restriction = f"<m:Restriction>{equal(CITY, 'Berlin')}</m:Restriction>"
    assert client.find("contacts", restriction).codes == ["ErrorExceededFindCountLimit"]


def test_what_nobody_can_search_is_refused(client: Client) -> None:
    mime = '<t:Exists><t:FieldURI FieldURI="item:MimeContent"/></t:Exists>'
    answer = client.find("contacts", f"<m:Restriction>{mime}</m:Restriction>")
    assert answer.codes == ["ErrorUnsupportedPathForQuery"]


def test_items_come_in_groups(client: Client) -> None:
    for subject, importance in (("a", "High"), ("b", "Low"), ("c", "High")):
        client.create(
            f"<t:Message><t:Subject>{subject}</t:Subject><t:Importance>{importance}</t:Importance></t:Message>"
        )
    by = '<t:FieldURI FieldURI="item:Importance"/>'
    on = '<t:AggregateOn Aggregate="Maximum"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:AggregateOn>'
    subject = '<t:FieldOrder Order="Descending"><t:FieldURI FieldURI="item:Subject"/></t:FieldOrder>'
    order = f"<m:SortOrder>{subject}</m:SortOrder>"
    group = f'<m:GroupBy Order="Descending">{by}{on}</m:GroupBy>{order}'
    found = client.find("inbox", group, properties("item:Subject"))
    assert found.texts("t:GroupIndex") == ["High", "Low"]
    assert found.texts("t:Subject") == ["c", "a", "b"]
    standard = "<t:StandardGroupBy>ConversationTopic</t:StandardGroupBy>"
    topic = f'<m:DistinguishedGroupBy Order="Ascending">{standard}</m:DistinguishedGroupBy>'
    assert client.find("inbox", topic).texts("t:GroupIndex") == ["a", "b", "c"]
    assert client.find("drafts", topic).all("t:Groups")[0].getchildren() == []


def test_what_some_kinds_keep_in_their_content_and_others_beside_is_found_in_both(client: Client) -> None:
    reminder = "<t:ReminderIsSet>true</t:ReminderIsSet><t:ReminderMinutesBeforeStart>5</t:ReminderMinutesBeforeStart>"
    times = "<t:Start>2027-01-02T10:00:00Z</t:Start><t:End>2027-01-02T11:00:00Z</t:End>"
    client.create(f"<t:CalendarItem>{reminder}{times}</t:CalendarItem>", "calendar")
    client.create(f"<t:Message>{reminder}</t:Message>", "calendar")
    client.create("<t:Message/>", "calendar")

    def find(test: str, value: str) -> int:
        path = '<t:FieldURI FieldURI="item:ReminderMinutesBeforeStart"/>'
        constant = f'<t:FieldURIOrConstant><t:Constant Value="{value}"/></t:FieldURIOrConstant>'
        restriction = f"<m:Restriction><t:{test}>{path}{constant}</t:{test}></m:Restriction>"
        return len(client.find("calendar", restriction).all("t:ItemId"))

    assert (find("IsEqualTo", "5"), find("IsGreaterThan", "5"), find("IsNotEqualTo", "5")) == (2, 0, 1)
    is_set = equal('<t:FieldURI FieldURI="item:ReminderIsSet"/>', "true")
    assert len(client.find("calendar", f"<m:Restriction>{is_set}</m:Restriction>").all("t:ItemId")) == 2
