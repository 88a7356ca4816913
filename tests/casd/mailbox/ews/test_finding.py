from __future__ import annotations

import pytest

from casd.mailbox.store.values import Kind
from tests.casd.mailbox.ews.conversation import Answer, Client, distinguished, properties
from tests.casd.mailbox.store.world import World, mail

BOB = "Bob <bob@example.org>"


@pytest.fixture
def filled(client: Client, world: World) -> Client:
    """A client of a mailbox with three mails."""

    def fill() -> None:
        inbox = world.folder("inbox")
        make = world.alice.items.create
        make(inbox, Kind.MAIL, mail("One", "first text"), read=True, categories=("Red", "Blue"))
        make(inbox, Kind.MAIL, mail("Two", "second text", Importance="high"), properties={"///5/Integer": 5})
        make(inbox, Kind.MAIL, mail("Three", "third text", Message_ID="<3@x.org>", Sensitivity="Private"), flag=2)

    world.run(fill)
    return client


def subjects(answer: Answer) -> list[str]:
    assert answer.codes == ["NoError"]
    return sorted(answer.texts("t:Subject"))


def where(client: Client, test: str) -> list[str]:
    """Return the subjects of the mails that pass a test."""
    more = properties("item:Subject")
    return subjects(client.find(rest=f"<m:Restriction>{test}</m:Restriction>", more=more))


def is_(operator: str, uri: str, value: str) -> str:
    constant = f'<t:FieldURIOrConstant><t:Constant Value="{value}"/></t:FieldURIOrConstant>'
    return f'<t:{operator}><t:FieldURI FieldURI="{uri}"/>{constant}</t:{operator}>'


def contains(uri: str, text: str, mode: str = "Substring", comparison: str = "IgnoreCase") -> str:
    attributes = f'ContainmentMode="{mode}" ContainmentComparison="{comparison}"'
    return f'<t:Contains {attributes}><t:FieldURI FieldURI="{uri}"/><t:Constant Value="{text}"/></t:Contains>'


@pytest.mark.parametrize(
    ("test", "found"),
    [
        (is_("IsEqualTo", "item:Subject", "one"), ["One"]),
        (is_("IsNotEqualTo", "item:Subject", "one"), ["Three", "Two"]),
        (is_("IsEqualTo", "message:IsRead", "true"), ["One"]),
        (is_("IsEqualTo", "item:Importance", "High"), ["Two"]),
        (is_("IsEqualTo", "item:Sensitivity", "Private"), ["Three"]),
        (is_("IsEqualTo", "item:Categories", "red"), ["One"]),
        (is_("IsNotEqualTo", "item:Categories", "red"), ["Three", "Two"]),
        (is_("IsEqualTo", "message:InternetMessageId", "&lt;3@x.org&gt;"), ["Three"]),
        (is_("IsEqualTo", "message:From", "bob@example.org"), ["One", "Three", "Two"]),
        (is_("IsEqualTo", "message:From", "Bob"), ["One", "Three", "Two"]),
        (is_("IsGreaterThan", "item:DateTimeReceived", "2020-01-01T00:00:00"), ["One", "Three", "Two"]),
        (is_("IsLessThan", "item:DateTimeReceived", "2020-01-01T00:00:00Z"), []),
        (is_("IsGreaterThanOrEqualTo", "item:Subject", "Three"), ["Three", "Two"]),
        (is_("IsLessThanOrEqualTo", "item:Size", "1"), []),
        (contains("item:Body", "FIRST"), ["One"]),
        (contains("item:Subject", "T", "Prefixed", "Exact"), ["Three", "Two"]),
        (contains("item:Subject", "two", "FullString", "Exact"), []),
        (contains("message:ToRecipients", "alice@"), ["One", "Three", "Two"]),
        ('<t:Exists><t:FieldURI FieldURI="item:Categories"/></t:Exists>', ["One"]),
        (f"<t:Not>{is_('IsEqualTo', 'message:IsRead', 'true')}</t:Not>", ["Three", "Two"]),
        (
            f"<t:Or>{is_('IsEqualTo', 'item:Subject', 'one')}{is_('IsEqualTo', 'item:Subject', 'two')}</t:Or>",
            ["One", "Two"],
        ),
        (
            f"<t:And>{is_('IsEqualTo', 'item:Subject', 'one')}{is_('IsEqualTo', 'item:Subject', 'two')}</t:And>",
            [],
        ),
        (
            (
                '<t:IsEqualTo><t:FieldURI FieldURI="item:DateTimeCreated"/><t:FieldURIOrConstant>'
                '<t:FieldURI FieldURI="item:LastModifiedTime"/></t:FieldURIOrConstant></t:IsEqualTo>'
            ),
            ["One", "Three", "Two"],
        ),
    ],
)
def test_a_restriction_finds_what_it_says(filled: Client, test: str, found: list[str]) -> None:
    assert where(filled, test) == found


def test_properties_of_mapi_are_compared_as_what_they_are(filled: Client) -> None:
    path = '<t:ExtendedFieldURI DistinguishedPropertySetId="Common" PropertyName="n" PropertyType="Integer"/>'
    value = f"<t:ExtendedProperty>{path}<t:Value>40</t:Value></t:ExtendedProperty>"
    filled.create(f"<t:Message><t:Subject>Four</t:Subject>{value}</t:Message>")
    constant = '<t:FieldURIOrConstant><t:Constant Value="{}"/></t:FieldURIOrConstant>'
    assert where(filled, f"<t:IsGreaterThan>{path}{constant.format(5)}</t:IsGreaterThan>") == ["Four"]
    assert where(filled, f"<t:IsGreaterThan>{path}{constant.format(50)}</t:IsGreaterThan>") == []
    assert where(filled, f'<t:Excludes>{path}<t:Bitmask Value="7"/></t:Excludes>') == ["Four"]


def test_what_the_store_cannot_search_is_said(filled: Client) -> None:
    test = is_("IsEqualTo", "item:IsFromMe", "true")
    assert filled.find(rest=f"<m:Restriction>{test}</m:Restriction>").codes == ["ErrorUnsupportedPathForQuery"]
    by = '<t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:IsFromMe"/></t:FieldOrder>'
    order = f"<m:SortOrder>{by}</m:SortOrder>"
    assert filled.find(rest=order).codes == ["ErrorUnsupportedPathForSortGroup"]
    mask = '<t:Excludes><t:FieldURI FieldURI="item:Subject"/><t:Bitmask Value="1"/></t:Excludes>'
    assert filled.find(rest=f"<m:Restriction>{mask}</m:Restriction>").codes == ["ErrorUnsupportedPathForQuery"]


def test_results_are_sorted_and_paged(filled: Client) -> None:
    order = "".join(
        f'<t:FieldOrder Order="{direction}"><t:FieldURI FieldURI="{uri}"/></t:FieldOrder>'
        for direction, uri in (("Descending", "item:Importance"), ("Ascending", "item:Subject"))
    )
    page = '<m:IndexedPageItemView MaxEntriesReturned="2" Offset="{}" BasePoint="{}"/>'
    rest = f"{page}<m:SortOrder>{order}</m:SortOrder>"
    more = properties("item:Subject")
    first = filled.find(rest=rest.format(0, "Beginning"), more=more)
    assert first.texts("t:Subject") == ["Two", "One"]
    assert first.one("m:RootFolder").get("IndexedPagingOffset") == "2"
    last = filled.find(rest=rest.format(2, "Beginning"), more=more)
    assert last.texts("t:Subject") == ["Three"]
    assert last.one("m:RootFolder").get("IncludesLastItemInRange") == "true"
    assert filled.find(rest=rest.format(0, "End"), more=more).texts("t:Subject") == ["One", "Three"]
    half = '<m:FractionalPageItemView MaxEntriesReturned="9" Numerator="1" Denominator="3"/>'
    assert len(filled.find(rest=half).all("t:ItemId")) == 2


def test_words_are_searched(client: Client, filled: Client) -> None:
    parents = f"<m:ParentFolderIds>{distinguished('inbox')}</m:ParentFolderIds><m:QueryString>second</m:QueryString>"
    shape = f"<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{properties('item:Subject')}</m:ItemShape>"
    assert subjects(client.ask(f'<m:FindItem Traversal="Shallow">{shape}{parents}</m:FindItem>')) == ["Two"]


def test_nothing_is_hidden_in_a_folder(client: Client, filled: Client) -> None:
    shape = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
    parents = f"<m:ParentFolderIds>{distinguished('inbox')}</m:ParentFolderIds>"
    answer = client.ask(f'<m:FindItem Traversal="Associated">{shape}{parents}</m:FindItem>')
    assert answer.one("m:RootFolder").get("TotalItemsInView") == "0"


def test_each_folder_is_answered_for_itself(client: Client, filled: Client) -> None:
    shape = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
    parents = f"<m:ParentFolderIds>{distinguished('inbox')}{distinguished('moon')}</m:ParentFolderIds>"
    answer = client.ask(f'<m:FindItem Traversal="Shallow">{shape}{parents}</m:FindItem>')
    assert answer.codes == ["NoError", "ErrorFolderNotFound"]


def test_a_base_shape_reads_no_contents_but_a_named_property_does(
    filled: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    content = world.alice.items.content

    def noted(item: str) -> bytes:
        read.append(item)
        return content(item)

    monkeypatch.setattr(world.alice.items, "content", noted)
    found = filled.find(base="AllProperties")
    assert (len(found.all("t:Message")), read) == (3, [])
    named = filled.find(more=properties("item:Body"))
    assert (sorted(body.strip() for body in named.texts("t:Body")), len(read)) == (
        ["first text", "second text", "third text"],
        3,
    )
