from __future__ import annotations

from base64 import b64decode

from casd.mailbox.store.values import Kind
from tests.casd.mailbox.ews.conversation import Answer, Client, change, distinguished, properties
from tests.casd.mailbox.store.world import APPOINTMENT, CONTACT, TASK, World, mail

SUBJECT = "<t:Message><t:Subject>{}</t:Subject></t:Message>"


def test_a_message_shows_all_its_properties(client: Client, world: World) -> None:
    content = mail(
        "Hällo", "text", Cc="Carol <carol@x.org>", Thread_Topic="topic", Thread_Index="AQID", Return_Receipt_To="b"
    )
    world.run(world.alice.deliver, content)
    answer = client.get(client.find().id())
    assert answer.codes == ["NoError"]
    assert (answer.text("t:Subject"), answer.text("t:Body")) == ("Hällo", "text")
    assert answer.text("t:From/t:Mailbox/t:EmailAddress") == "bob@example.org"
    assert answer.text("t:ReceivedBy/t:Mailbox/t:Name") == "Alice"
    assert answer.texts("t:CcRecipients/t:Mailbox/t:Name") == ["Carol"]
    assert (answer.text("t:ConversationTopic"), answer.text("t:ConversationIndex")) == ("topic", "AQID")
    assert (answer.text("t:IsDeliveryReceiptRequested"), answer.text("t:IsReadReceiptRequested")) == ("true", "false")
    assert (answer.text("t:IsDraft"), answer.text("t:IsFromMe"), answer.text("t:IsUnmodified")) == (
        *("false", "false", "true"),
    )
    assert (answer.text("t:DisplayTo"), answer.text("t:DisplayCc")) == ("alice@example.org", "Carol")


def test_a_body_is_shown_as_asked_for(client: Client, world: World) -> None:
    html = mail("a", "<p>bold &amp; <b>brave</b></p>", Content_Type="text/html; charset=utf-8")
    world.run(world.alice.deliver, html)
    world.run(world.alice.deliver, mail("b", "1 < 2"))
    ids = [f'<t:ItemId Id="{node.get("Id")}"/>' for node in client.find().all("t:ItemId")]

    def bodies(kind: str) -> list[tuple[str | None, str]]:
        more = f"<t:BodyType>{kind}</t:BodyType>" + properties("item:Body", "item:TextBody")
        found = client.get(*ids, base="IdOnly", more=more).all("t:Body")
        return sorted((body.get("BodyType"), (body.text or "").strip()) for body in found)

    assert bodies("Best") == [("HTML", "<p>bold &amp; <b>brave</b></p>"), ("Text", "1 < 2")]
    assert bodies("Text") == [("Text", "1 < 2"), ("Text", "bold & brave")]
    assert bodies("HTML") == [
        ("HTML", "<html><body><pre>1 &lt; 2</pre></body></html>"),
        ("HTML", "<p>bold &amp; <b>brave</b></p>"),
    ]


def test_mime_content_is_what_was_received(client: Client, world: World) -> None:
    world.run(world.alice.deliver, mail("a", "b"))
    item = client.find().id()
    more = "<t:IncludeMimeContent>true</t:IncludeMimeContent>"
    assert b64decode(client.get(item, base="IdOnly", more=more).text("t:MimeContent")) == mail("a", "b")


def test_every_kind_is_shown_as_its_element(client: Client, world: World) -> None:
    def fill() -> None:
        folder, make = world.folder("inbox"), world.alice.items.create
        for kind, content in (
            (Kind.APPOINTMENT, APPOINTMENT),
            (Kind.CONTACT, CONTACT),
            (Kind.TASK, TASK),
            (Kind.NOTE, mail("note")),
        ):
            make(folder, kind, content)

    world.run(fill)
    found = client.find()
    assert sorted(node.tag.rpartition("}")[2] for node in found.all("t:Items/*")) == [
        *("CalendarItem", "Contact", "Item", "Task")
    ]
    ids = [f'<t:ItemId Id="{node.get("Id")}"/>' for node in found.all("t:ItemId")]
    shown = client.get(*ids)
    assert shown.codes == ["NoError"] * 4
    assert shown.text("t:CalendarItem/t:CalendarItemType") == "RecurringMaster"
    assert shown.text("t:CalendarItem/t:Start") == "2024-07-01T08:00:00Z"
    assert shown.texts("t:RequiredAttendees/t:Attendee/t:Mailbox/t:Name") == ["Bob"]
    assert shown.text("t:Contact/t:CompanyName") == "Example"
    assert shown.text("t:Task/t:DueDate") == "2024-08-01T00:00:00Z"
    assert shown.text("t:Task/t:PercentComplete") == "40"


def test_what_is_not_there_is_said_of_each_item(client: Client) -> None:
    folder = client.ask(
        "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>"
        f"<m:FolderIds>{distinguished('inbox')}</m:FolderIds></m:GetFolder>"
    ).one("t:FolderId")
    known = client.create(SUBJECT.format("x")).id()
    client.ask(f'<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>{known}</m:ItemIds></m:DeleteItem>')
    answer = client.get(known, f'<t:ItemId Id="{folder.get("Id")}"/>', '<t:ItemId Id="!"/>', '<t:ItemId Id="aaaa"/>')
    assert answer.codes == [
        *("ErrorItemNotFound", "ErrorCannotUseFolderIdForItemId", "ErrorInvalidIdMalformed", "ErrorItemNotFound")
    ]
    assert client.get("<t:FolderId/>").fault == "ErrorSchemaValidation"


def put(client: Client, operation: str, item: str, target: str) -> Answer:
    to = f"<m:ToFolderId>{distinguished(target)}</m:ToFolderId>"
    return client.ask(f"<m:{operation}>{to}<m:ItemIds>{item}</m:ItemIds></m:{operation}>")


def test_an_item_is_moved_and_copied(client: Client) -> None:
    item = client.create(SUBJECT.format("x")).id()
    copied = put(client, "CopyItem", item, "drafts")
    moved = put(client, "MoveItem", item, "drafts")
    assert (copied.codes, moved.codes) == (["NoError"], ["NoError"])
    assert copied.id() != moved.id()
    assert (len(client.find("inbox").all("t:ItemId")), len(client.find("drafts").all("t:ItemId"))) == (0, 2)
    assert put(client, "MoveItem", item, "moon").codes == ["ErrorFolderNotFound"]


def test_an_item_is_deleted_in_three_ways(client: Client) -> None:
    for mode, left in (("MoveToDeletedItems", "deleteditems"), ("SoftDelete", "recoverableitemsdeletions")):
        item = client.create(SUBJECT.format(mode)).id()
        asked = f'<m:DeleteItem DeleteType="{mode}"><m:ItemIds>{item}</m:ItemIds></m:DeleteItem>'
        assert client.ask(asked).codes == ["NoError"]
        assert client.find(left, more=properties("item:Subject")).texts("t:Subject") == [mode]


def test_properties_are_set_appended_and_deleted(client: Client) -> None:
    recipient = "<t:Mailbox><t:EmailAddress>{}</t:EmailAddress></t:Mailbox>"
    item = client.create(
        f"""<t:Message><t:Subject>old</t:Subject><t:Body BodyType="Text">one</t:Body>
        <t:Categories><t:String>a</t:String></t:Categories><t:ToRecipients>{recipient.format("a@x.org")}</t:ToRecipients></t:Message>"""
    ).id()
    answer = client.update(
        item,
        change("Set", "item:Subject", "<t:Subject>new</t:Subject>"),
        change("Set", "item:Importance", "<t:Importance>High</t:Importance>"),
        change("Set", "item:Flag", "<t:Flag><t:FlagStatus>Flagged</t:FlagStatus></t:Flag>"),
        change("Set", "message:IsRead", "<t:IsRead>false</t:IsRead>"),
        change("Set", "item:Culture", "<t:Culture>de-DE</t:Culture>"),
        change("AppendTo", "item:Body", '<t:Body BodyType="Text"> two</t:Body>'),
        change("AppendTo", "message:ToRecipients", f"<t:ToRecipients>{recipient.format('b@x.org')}</t:ToRecipients>"),
        change("Delete", "item:Categories"),
    )
    assert answer.codes == ["NoError"]
    assert answer.text("m:ConflictResults/t:Count") == "0"
    found = client.get(item, more=properties("item:Flag"))
    assert (found.text("t:Subject"), found.text("t:Body"), found.text("t:Importance")) == ("new", "one two", "High")
    assert found.texts("t:ToRecipients/t:Mailbox/t:EmailAddress") == ["a@x.org", "b@x.org"]
    assert (found.text("t:FlagStatus"), found.text("t:IsRead"), found.text("t:Culture")) == (
        "Flagged",
        "false",
        "de-DE",
    )
    assert found.all("t:Categories") == []
    assert client.update(item, change("Delete", "item:Culture")).codes == ["NoError"]
    assert client.get(item).text("t:Culture") == "en-US"


def test_what_is_appended_to_nothing_is_set(client: Client) -> None:
    item = client.create("<t:Message/>").id()
    body = '<t:Body BodyType="Text">one</t:Body>'
    categories = "<t:Categories><t:String>a</t:String></t:Categories>"
    client.update(item, change("AppendTo", "item:Body", body), change("AppendTo", "item:Categories", categories))
    found = client.get(item)
    assert (found.text("t:Body"), found.texts("t:Categories/t:String")) == ("one", ["a"])
    client.update(item, change("Set", "item:Subject", "<t:Subject>x</t:Subject>"))
    refused = client.update(item, change("AppendTo", "item:Subject", "<t:Subject>y</t:Subject>"))
    assert refused.codes == ["ErrorInvalidPropertyAppend"]


def test_what_the_server_says_cannot_be_set_or_deleted(client: Client) -> None:
    item = client.create("<t:Message/>").id()
    for one, code in (
        (change("Set", "item:Size", "<t:Size>5</t:Size>"), "ErrorInvalidPropertySet"),
        (
            change("Set", "item:DateTimeSent", "<t:DateTimeSent>2026-01-01T00:00:00Z</t:DateTimeSent>"),
            "ErrorInvalidPropertySet",
        ),
        (change("Delete", "item:Size"), "ErrorInvalidPropertyDelete"),
        (change("Delete", "item:ItemClass"), "ErrorInvalidPropertyDelete"),
        (change("Set", "calendar:Location", "<t:Location>x</t:Location>", "CalendarItem"), "ErrorInvalidPropertySet"),
    ):
        answer = client.update(item, one)
        assert (answer.codes, len(answer.all("m:MessageXml/t:FieldURI"))) == ([code], 1)


def test_a_version_that_is_not_the_present_one_may_be_a_conflict(client: Client) -> None:
    old = client.create("<t:Message/>").id()
    one = change("Set", "item:Subject", "<t:Subject>x</t:Subject>")
    new = client.update(old, one, conflicts="NeverOverwrite").id()
    assert client.update(old, one, conflicts="NeverOverwrite").codes == ["ErrorIrresolvableConflict"]
    assert client.update(old, one, conflicts="AlwaysOverwrite").codes == ["NoError"]
    keyless = f"{new.partition(' ChangeKey')[0]}/>"
    assert client.update(keyless, one, conflicts="NeverOverwrite").codes == ["ErrorChangeKeyRequired"]
    wrong = keyless.replace("/>", ' ChangeKey="!"/>')
    assert client.update(wrong, one, conflicts="NeverOverwrite").codes == ["ErrorInvalidChangeKey"]
    assert client.update("", one).fault == "ErrorSchemaValidation"


def test_mime_content_is_replaced_as_a_whole(client: Client) -> None:
    item = client.create(SUBJECT.format("old")).id()
    mime = "<t:MimeContent>U3ViamVjdDogbmV3DQoNCmJvZHkNCg==</t:MimeContent>"
    assert client.update(item, change("Set", "item:MimeContent", mime)).codes == ["NoError"]
    found = client.get(item)
    assert (found.text("t:Subject"), found.text("t:Body")) == ("new", "body")


def test_a_moved_item_has_another_identifier(client: Client) -> None:
    item = client.create("<t:Message><t:Subject>a</t:Subject></t:Message>").id()
    target = f"<m:ToFolderId>{distinguished('drafts')}</m:ToFolderId>"
    moved = client.ask(f"<m:MoveItem>{target}<m:ItemIds>{item}</m:ItemIds></m:MoveItem>").id()
    assert client.get(item).codes == ["ErrorItemNotFound"]
    assert client.get(moved).text("t:Subject") == "a"


def test_a_change_key_that_is_none_is_refused(client: Client) -> None:
    item = client.create("<t:Message/>").one("t:ItemId").get("Id")
    assert client.get(f'<t:ItemId Id="{item}" ChangeKey="XXX"/>').codes == ["ErrorInvalidChangeKey"]


def counted(client: Client, name: str) -> tuple[str, str]:
    shape = "<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
    found = client.ask(f"<m:GetFolder>{shape}<m:FolderIds>{distinguished(name)}</m:FolderIds></m:GetFolder>")
    return found.text("t:TotalCount"), found.text("t:UnreadCount")


def test_all_items_of_a_folder_are_marked(client: Client) -> None:
    for _ in range(2):
        client.create("<t:Message><t:IsRead>false</t:IsRead></t:Message>")
    for read, unread in (("true", "0"), ("false", "2")):
        flags = f"<m:ReadFlag>{read}</m:ReadFlag><m:SuppressReadReceipts>true</m:SuppressReadReceipts>"
        ids = f"<m:FolderIds>{distinguished('inbox')}</m:FolderIds>"
        assert client.ask(f"<m:MarkAllItemsAsRead>{flags}{ids}</m:MarkAllItemsAsRead>").codes == ["NoError"]
        assert counted(client, "inbox") == ("2", unread)


def test_junk_is_moved_there_and_back(client: Client) -> None:
    def mark(item: str, junk: str, moves: str) -> Answer:
        attributes = f'IsJunk="{junk}" MoveItem="{moves}"'
        return client.ask(f"<m:MarkAsJunk {attributes}><m:ItemIds>{item}</m:ItemIds></m:MarkAsJunk>")

    item = client.create("<t:Message/>").id()
    assert mark(item, "true", "false").all("m:MovedItemId") == []
    moved = mark(item, "true", "true").one("m:MovedItemId").get("Id")
    assert counted(client, "junkemail")[0] == "1"
    assert mark(f'<t:ItemId Id="{moved}"/>', "false", "true").codes == ["NoError"]
    assert counted(client, "inbox")[0] == "1"


def test_an_archived_item_keeps_the_path_of_its_folder(client: Client) -> None:
    items = [client.create("<t:Message/>").id() for _ in range(2)]
    source = f"<m:ArchiveSourceFolderId>{distinguished('inbox')}</m:ArchiveSourceFolderId>"
    asked = f"<m:ArchiveItem>{source}<m:ItemIds>{''.join(items)}</m:ItemIds></m:ArchiveItem>"
    assert client.ask(asked).codes == ["NoError", "NoError"]
    shape = "<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
    parents = f"<m:ParentFolderIds>{distinguished('archivemsgfolderroot')}</m:ParentFolderIds>"
    found = client.ask(f'<m:FindFolder Traversal="Shallow">{shape}{parents}</m:FindFolder>')
    assert (found.texts("t:DisplayName"), found.texts("t:TotalCount")) == (["Inbox"], ["2"])
