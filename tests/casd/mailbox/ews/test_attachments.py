from __future__ import annotations

import pytest

from tests.casd.mailbox.ews.conversation import Answer, Client
from tests.casd.mailbox.store.world import World, mail

_FILE = "<t:FileAttachment><t:Name>{}</t:Name><t:Content>YQ==</t:Content></t:FileAttachment>"


def attach(client: Client, item: str, markup: str) -> Answer:
    parent = item.replace("t:ItemId", "m:ParentItemId")
    return client.ask(f"<m:CreateAttachment>{parent}<m:Attachments>{markup}</m:Attachments></m:CreateAttachment>")


def get(client: Client, *names: str, shape: str = "") -> Answer:
    ids = "".join(f'<t:AttachmentId Id="{name}"/>' for name in names)
    return client.ask(f"<m:GetAttachment>{shape}<m:AttachmentIds>{ids}</m:AttachmentIds></m:GetAttachment>")


def delete(client: Client, *names: str) -> Answer:
    ids = "".join(f'<t:AttachmentId Id="{name}"/>' for name in names)
    return client.ask(f"<m:DeleteAttachment><m:AttachmentIds>{ids}</m:AttachmentIds></m:DeleteAttachment>")


def names(answer: Answer) -> list[str]:
    return [node.get("Id", "") for node in answer.all("t:AttachmentId")]


def test_a_file_is_attached_read_and_taken_away(client: Client) -> None:
    item = client.create("<t:Message><t:Subject>x</t:Subject></t:Message>").id()
    made = attach(client, item, _FILE.format("a") + _FILE.format("b"))
    assert made.codes == ["NoError", "NoError"]
    assert made.all("t:AttachmentId")[0].get("RootItemId", "?") in item
    first, second = names(made)
    found = get(client, first)
    assert (found.text("t:Name"), found.text("t:Content")) == ("a", "YQ==")
    gone = delete(client, first)
    assert gone.one("m:RootItemId").get("RootItemChangeKey", "") not in item
    assert get(client, first, second).codes == ["ErrorInvalidAttachmentId", "NoError"]
    assert delete(client, first).codes == ["ErrorInvalidAttachmentId"]
    assert delete(client, "AAAA").codes == ["ErrorInvalidIdMalformed"]


def test_a_parent_is_needed_and_must_be_there(client: Client) -> None:
    assert client.ask("<m:CreateAttachment/>").fault == "ErrorSchemaValidation"
    assert attach(client, '<t:ItemId Id="aaaa"/>', _FILE).codes == ["ErrorItemNotFound"]


@pytest.mark.parametrize(
    ("inner", "shown"),
    [
        ("<t:Message><t:Subject>in</t:Subject></t:Message>", "in"),
        ("<t:CalendarItem><t:Subject>in</t:Subject><t:Start>2026-01-01T00:00:00Z</t:Start></t:CalendarItem>", "in"),
        ("<t:Task><t:Subject>in</t:Subject></t:Task>", "in"),
        ("<t:Contact><t:DisplayName>in</t:DisplayName></t:Contact>", "in"),
    ],
)
def test_an_item_is_attached_and_shown_as_what_it_is(client: Client, inner: str, shown: str) -> None:
    item = client.create("<t:Message/>").id()
    made = attach(client, item, f"<t:ItemAttachment><t:Name>n</t:Name>{inner}</t:ItemAttachment>")
    found = get(client, *names(made))
    element = inner.partition(">")[0].removeprefix("<")
    assert found.texts(f"{element}/t:Subject") == [shown]
    assert found.all(f"{element}/t:ItemId") == []


def test_an_attached_message_brings_its_own_attachments(client: Client) -> None:
    held = f"<t:Subject>in</t:Subject><t:Attachments>{_FILE}</t:Attachments><t:IsRead>true</t:IsRead>"
    inner = f"<t:Message>{held}</t:Message>"
    outer = f"<t:ItemAttachment><t:Name>n</t:Name>{inner}</t:ItemAttachment>"
    made = client.create(f"<t:Message><t:Attachments>{outer}</t:Attachments></t:Message>")
    shape = "<m:AttachmentShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:AttachmentShape>"
    found = get(client, *names(made), shape=shape)
    assert len(found.all("t:Message/t:MimeContent")) == 1


def test_what_is_attached_to_an_attached_message_is_got_too(client: Client) -> None:
    innermost = f"<t:Message><t:Subject>3</t:Subject><t:Attachments>{_FILE.format('c')}</t:Attachments></t:Message>"
    inner = f"<t:ItemAttachment><t:Name>two</t:Name>{innermost}</t:ItemAttachment>"
    outer = f"<t:Message><t:Subject>2</t:Subject><t:Attachments>{inner}</t:Attachments></t:Message>"
    held = f"<t:ItemAttachment><t:Name>one</t:Name>{outer}</t:ItemAttachment>"
    (first,) = names(client.create(f"<t:Message><t:Attachments>{held}</t:Attachments></t:Message>"))
    found = get(client, first)
    second = found.one("t:Message/t:Attachments/t:ItemAttachment/t:AttachmentId").get("Id", "")
    found = get(client, second)
    assert found.text("t:Message/t:Subject") == "3"
    third = found.one("t:Message/t:Attachments/t:FileAttachment/t:AttachmentId").get("Id", "")
    assert get(client, third).text("t:Content") == "YQ=="
    assert delete(client, third).codes == ["ErrorInvalidAttachmentId"]


def test_what_holds_nothing_or_no_item_is_refused(client: Client) -> None:
    item = client.create("<t:Message/>").id()
    empty = "<t:FileAttachment><t:Name>a</t:Name></t:FileAttachment>"
    group = "<t:ItemAttachment><t:Name>a</t:Name><t:SharingMessage/></t:ItemAttachment>"
    assert attach(client, item, empty + group).codes == ["ErrorRequiredPropertyMissing", "ErrorInvalidRequest"]


def test_a_received_message_with_a_picture_and_a_message_inside_is_shown(client: Client, world: World) -> None:
    boundary = 'multipart/mixed; boundary="b"'
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: image/png; name=p.png\r\n"
        "Content-ID: <p@x>\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\nAQID\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: within\r\n\r\ntext\r\n--b--\r\n"
    )
    world.run(world.alice.deliver, mail("outer", body, Content_Type=boundary))
    found = client.get(client.find().id())
    assert (found.text("t:Body"), found.text("t:ContentId"), found.texts("t:IsInline")) == (
        "hello",
        "p@x",
        ["true", "false"],
    )
    picture, message = names(found)
    assert get(client, picture).text("t:Content") == "AQID"
    assert get(client, message).text("t:Message/t:Subject") == "within"


def test_odd_names_and_types_are_made_harmless(client: Client) -> None:
    odd = """<t:FileAttachment><t:Name>a\tb</t:Name><t:ContentType>multipart/mixed</t:ContentType>
        <t:ContentId>i</t:ContentId><t:IsInline>true</t:IsInline><t:Content>YQ==</t:Content></t:FileAttachment>"""
    made = client.create(f"<t:Message><t:Attachments>{odd}</t:Attachments></t:Message>")
    found = client.get(made.id())
    assert (found.text("t:FileAttachment/t:Name"), found.text("t:ContentType")) == ("a b", "application/octet-stream")
