"""Mails that answer one another."""

from __future__ import annotations

import pytest

from tests.casd.mailbox.ews.conversation import Answer, Client, distinguished
from tests.casd.mailbox.store.world import World, mail

SHAPE = "<m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>"


@pytest.fixture(autouse=True)
def mails(client: Client, world: World) -> None:
    for number, parent, sender in ((1, 0, "bob"), (2, 1, "cid"), (3, 0, "dan"), (4, 2, "bob")):
        thread = {"In_Reply_To": f"<{parent}@x>", "References": f"<1@x> <{parent}@x>"} if parent else {}
        who = f"{sender.title()} <{sender}@example.org>"
        world.run(world.alice.deliver, mail(f"Mail {number}", From=who, Message_ID=f"<{number}@x>", **thread))


def find(client: Client, rest: str = "", words: str = "") -> Answer:
    parent = f"<m:ParentFolderId>{distinguished('inbox')}</m:ParentFolderId>"
    query = f"<m:QueryString>{words}</m:QueryString>" if words else ""
    return client.ask(f"<m:FindConversation>{rest}{parent}{query}</m:FindConversation>")


def identity(client: Client, topic: str = "Mail 1") -> str:
    found = find(client)
    index = found.texts("t:ConversationTopic").index(topic)
    return f'<t:ConversationId Id="{found.all("t:ConversationId")[index].get("Id")}"/>'


def act(client: Client, action: str, rest: str = "") -> list[str]:
    one = f"<t:ConversationAction><t:Action>{action}</t:Action>{identity(client)}{rest}</t:ConversationAction>"
    asked = f"<m:ConversationActions>{one}</m:ConversationActions>"
    return client.ask(f"<m:ApplyConversationAction>{asked}</m:ApplyConversationAction>").codes


def get(client: Client, name: str, rest: str = "", ignored: str = "") -> Answer:
    one = f"<m:Conversations><t:Conversation>{name}</t:Conversation></m:Conversations>"
    return client.ask(f"<m:GetConversationItems>{SHAPE}{ignored}{rest}{one}</m:GetConversationItems>")


def test_conversations_are_found_the_latest_first(client: Client) -> None:
    found = find(client)
    assert found.texts("t:ConversationTopic") == ["Mail 1", "Mail 3"]
    assert found.texts("t:MessageCount") == ["3", "1"]
    assert found.texts("t:UnreadCount") == ["3", "1"]
    assert found.texts("t:UniqueSenders/t:String") == ["Bob", "Cid", "Dan"]
    assert found.text("m:TotalConversationsInView") == "2"
    page = find(client, '<m:IndexedPageItemView MaxEntriesReturned="1" Offset="1" BasePoint="Beginning"/>')
    assert (page.texts("t:ConversationTopic"), page.text("m:IndexedOffset")) == (["Mail 3"], "2")
    assert find(client, words="Dan").texts("t:ConversationTopic") == ["Mail 3"]
    assert find(client, '<m:IndexedPageItemView Offset="0" BasePoint="End"/>').codes == ["ErrorInvalidRequest"]


def test_a_conversation_goes_on_in_other_folders(client: Client) -> None:
    item = client.find().id()
    target = f"<m:ToFolderId>{distinguished('drafts')}</m:ToFolderId>"
    client.ask(f"<m:MoveItem>{target}<m:ItemIds>{item}</m:ItemIds></m:MoveItem>")
    found = find(client)
    assert sorted(zip(found.texts("t:MessageCount"), found.texts("t:GlobalMessageCount"), strict=True)) == [
        ("1", "1"),
        ("2", "3"),
    ]
    assert len(get(client, identity(client)).all("t:ConversationNode")) == 3
    ignored = f"<m:FoldersToIgnore>{distinguished('drafts')}</m:FoldersToIgnore>"
    assert len(get(client, identity(client), ignored=ignored).all("t:ConversationNode")) == 2


def test_the_items_of_a_conversation_say_what_they_answer(client: Client) -> None:
    found = get(client, identity(client), "<m:SortOrder>TreeOrderAscending</m:SortOrder>")
    assert found.texts("t:InternetMessageId") == ["<1@x>", "<2@x>", "<4@x>"]
    assert found.texts("t:ParentInternetMessageId") == ["<1@x>", "<2@x>"]
    assert found.texts("t:Subject") == ["Mail 1", "Mail 2", "Mail 4"]
    least = get(client, identity(client), "<m:MaxItemsToReturn>1</m:MaxItemsToReturn>")
    assert least.texts("t:Subject") == ["Mail 4"]


def test_what_is_done_to_a_conversation_is_done_to_all_its_mails(client: Client) -> None:
    assert act(client, "SetReadState", "<t:IsRead>true</t:IsRead>") == ["NoError"]
    assert act(client, "Flag", "<t:Flag><t:FlagStatus>Flagged</t:FlagStatus></t:Flag>") == ["NoError"]
    found = find(client)
    assert (found.texts("t:UnreadCount"), found.texts("t:FlagStatus")) == (["0", "1"], ["Flagged", "NotFlagged"])
    place = distinguished("drafts")
    assert act(client, "Copy", f"<t:DestinationFolderId>{place}</t:DestinationFolderId>") == ["NoError"]
    context = f"<t:ContextFolderId>{distinguished('inbox')}</t:ContextFolderId>"
    assert act(client, "Delete", f"{context}<t:DeleteType>HardDelete</t:DeleteType>") == ["NoError"]
    assert find(client).texts("t:ConversationTopic") == ["Mail 3"]
    assert len(client.find("drafts").all("t:ItemId")) == 3


def test_a_conversation_is_moved(client: Client) -> None:
    place = f"<t:DestinationFolderId>{distinguished('drafts')}</t:DestinationFolderId>"
    name = identity(client)
    assert act(client, "Move", place) == ["NoError"]
    assert find(client).texts("t:ConversationTopic") == ["Mail 3"]
    assert len(get(client, name).all("t:ConversationNode")) == 3


def test_what_cannot_be_done_is_refused(client: Client) -> None:
    assert act(client, "AlwaysDelete") == ["ErrorInvalidOperation"]
    gone = identity(client).replace('Id="Y', 'Id="Z')
    assert get(client, gone).codes == ["ErrorInvalidIdMalformed"]
