from __future__ import annotations

from casd.mailbox.ews import lists
from protocols.ews.paths import Property
from tests.casd.mailbox.ews.conversation import Client, change, distinguished, properties

MEMBER = "<t:Member><t:Mailbox>{}<t:EmailAddress>{}</t:EmailAddress></t:Mailbox></t:Member>"
BOTH = MEMBER.format("<t:Name>Bob; &quot;B&quot;</t:Name>", "bob@example.org") + MEMBER.format("", "c@else.org")
TEAM = f"<t:DistributionList><t:DisplayName>Team</t:DisplayName><t:Members>{BOTH}</t:Members></t:DistributionList>"


def test_a_list_of_one_s_own_keeps_its_members(client: Client) -> None:
    team = client.create(TEAM, "contacts").id()
    shown = client.get(team)
    assert shown.text("t:DisplayName") == "Team"
    assert shown.text("t:ItemClass") == "IPM.DistList"
    assert shown.texts("t:EmailAddress") == ["bob@example.org", "c@else.org"]
    assert shown.texts("t:Name")[:1] == ['Bob; "B"']
    one = f"<t:Members>{MEMBER.format('', 'd@else.org')}</t:Members>"
    assert client.update(team, change("AppendTo", "distributionlist:Members", one, "DistributionList")).codes == [
        "NoError"
    ]
    assert client.get(team).texts("t:EmailAddress")[-1] == "d@else.org"
    client.update(team, change("Delete", "distributionlist:Members"))
    assert client.get(team).texts("t:EmailAddress") == []


def test_a_member_without_an_address_is_refused(client: Client) -> None:
    nobody = "<t:Members><t:Member><t:Mailbox><t:Name>Bob</t:Name></t:Mailbox></t:Member></t:Members>"
    made = client.create(f"<t:DistributionList>{nobody}</t:DistributionList>", "contacts")
    assert made.codes == ["ErrorInvalidSmtpAddress"]


def test_a_list_is_expanded_by_its_id_and_a_contact_is_none(client: Client) -> None:
    team = client.create(TEAM, "contacts").id()
    found = client.ask(f"<m:ExpandDL><m:Mailbox>{team}</m:Mailbox></m:ExpandDL>")
    assert found.texts("t:EmailAddress") == ["bob@example.org", "c@else.org"]
    contact = client.create("<t:Contact><t:DisplayName>Ann</t:DisplayName></t:Contact>", "contacts").id()
    asked = client.ask(f"<m:ExpandDL><m:Mailbox>{contact}</m:Mailbox></m:ExpandDL>")
    assert asked.codes == ["ErrorNameResolutionNoResults"]


def test_a_list_is_resolved_by_its_name_and_attached(client: Client) -> None:
    client.create(TEAM, "contacts")
    asked = 'ReturnFullContactData="false" SearchScope="Contacts"><m:UnresolvedEntry>tea</m:UnresolvedEntry>'
    assert client.ask(f"<m:ResolveNames {asked}</m:ResolveNames>").text("t:MailboxType") == "PrivateDL"
    inner = f"<t:ItemAttachment><t:Name>Team</t:Name>{TEAM}</t:ItemAttachment>"
    made = client.create(f"<t:Message><t:Attachments>{inner}</t:Attachments></t:Message>")
    identity = made.one("t:AttachmentId").get("Id")
    got = client.ask(
        f'<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="{identity}"/></m:AttachmentIds></m:GetAttachment>'
    )
    assert got.one("t:DistributionList").findtext("{*}DisplayName") == "Team"


def test_a_list_is_a_group_to_programs_that_read_cards() -> None:
    content = lists.write(b"", {Property("contacts:DisplayName"): "Team"})
    assert b"KIND:group" in content


def test_a_post_lies_in_a_folder_and_is_sent_to_nobody(client: Client) -> None:
    post = "<t:PostItem><t:Subject>Lunch</t:Subject><t:Body BodyType='Text'>At noon</t:Body></t:PostItem>"
    made = client.create(post, "inbox")
    shown = client.get(made.id())
    assert (shown.text("t:ItemClass"), shown.text("t:Subject")) == ("IPM.Post", "Lunch")
    assert shown.text("t:PostedTime").endswith("Z")
    assert shown.one("t:From").findtext(".//{*}EmailAddress") == "alice@example.org"
    assert client.update(
        made.id(), change("Set", "message:IsRead", "<t:IsRead>false</t:IsRead>", "PostItem")
    ).codes == ["NoError"]
    assert client.find("inbox", more=properties("message:IsRead")).texts("t:IsRead") == ["false"]
    assert client.sent == []


def test_a_contact_may_be_called_otherwise_than_it_is_named(client: Client) -> None:
    named = "<t:Subject>Plumber</t:Subject>{}<t:DisplayName>Ann</t:DisplayName>"
    ann = client.create(f"<t:Contact>{named.format('')}</t:Contact>", "contacts").id()
    client.create("<t:Contact><t:DisplayName>Bob</t:DisplayName></t:Contact>", "contacts")
    assert client.get(ann).texts("t:Subject") == ["Plumber"]
    assert client.get(ann).texts("t:DisplayName") == ["Ann"]
    for subject, count in (("plumber", 1), ("Ann", 0), ("Bob", 1)):
        test = f'<t:FieldURI FieldURI="item:Subject"/><t:FieldURIOrConstant><t:Constant Value="{subject}"/>'
        rest = f"<m:Restriction><t:IsEqualTo>{test}</t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>"
        assert len(client.find("contacts", rest=rest).all("t:ItemId")) == count
        unlike = rest.replace("IsEqualTo", "IsNotEqualTo")
        assert len(client.find("contacts", rest=unlike).all("t:ItemId")) == 2 - count
    client.update(ann, change("Delete", "item:Subject"))
    assert client.get(ann).texts("t:Subject") == ["Ann"]


def test_who_has_only_a_subject_is_named_by_it(client: Client) -> None:
    made = client.create("<t:Contact><t:Subject>Ann</t:Subject></t:Contact>", "contacts")
    assert client.get(made.id()).texts("t:DisplayName") == ["Ann"]


NAMES = ("Ann", "bert", "Bob", "Carol", "Dave")


def seek(client: Client, view: str, more: str = "") -> tuple[list[str], str | None, str | None]:
    shape = f"<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{properties('contacts:DisplayName')}</m:ItemShape>"
    folder = f"<m:ParentFolderIds>{distinguished('contacts')}</m:ParentFolderIds>"
    found = client.ask(f'<m:FindItem Traversal="Shallow">{shape}{view}{more}{folder}</m:FindItem>')
    assert found.codes == ["NoError"]
    root = found.one("m:RootFolder")
    return found.texts("t:DisplayName"), root.get("IndexedPagingOffset"), root.get("TotalItemsInView")


def test_contacts_are_shown_from_one_name_to_another(client: Client) -> None:
    for name in reversed(NAMES):
        client.create(f"<t:Contact><t:DisplayName>{name}</t:DisplayName></t:Contact>", "contacts")
    assert seek(client, '<m:ContactsView MaxEntriesReturned="9"/>')[0] == list(NAMES)
    assert seek(client, '<m:ContactsView InitialName="Be" FinalName="BOB"/>')[0] == ["bert", "Bob"]
    assert seek(client, '<m:ContactsView MaxEntriesReturned="2" InitialName="bob"/>') == (["Bob", "Carol"], "2", "3")


def test_a_page_begins_where_a_condition_is_met(client: Client) -> None:
    for name in NAMES:
        client.create(f"<t:Contact><t:DisplayName>{name}</t:DisplayName></t:Contact>", "contacts")
    test = '<t:FieldURI FieldURI="contacts:DisplayName"/><t:FieldURIOrConstant><t:Constant Value="{}"/>'
    view = (
        '<m:SeekToConditionPageItemView MaxEntriesReturned="2" BasePoint="{}"><t:Condition><t:IsGreaterThan>'
        f"{test}</t:FieldURIOrConstant></t:IsGreaterThan></t:Condition></m:SeekToConditionPageItemView>"
    )
    order = '<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="contacts:DisplayName"/></t:FieldOrder>'
    order += "</m:SortOrder>"
    assert seek(client, view.format("Beginning", "b"), order) == (["bert", "Bob"], "3", "5")
    assert seek(client, view.format("End", "a"), order) == (["Carol", "Dave"], "2", "5")
    assert seek(client, view.format("Beginning", "z"), order) == ([], None, "5")
    assert seek(client, view.format("End", "z"), order) == ([], None, "5")
