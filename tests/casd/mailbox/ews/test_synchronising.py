from __future__ import annotations

from casd.mailbox.store.retention import forget
from tests.casd.mailbox.ews.conversation import Answer, Client, change, distinguished, properties
from tests.casd.mailbox.store.world import NOON

_SUBJECT = "<t:Message><t:Subject>{}</t:Subject></t:Message>"


def sync(client: Client, state: str = "", limit: int = 512, rest: str = "", folder: str = "inbox") -> Answer:
    shape = f"<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{properties('item:Subject')}</m:ItemShape>"
    return client.ask(
        f"<m:SyncFolderItems>{shape}<m:SyncFolderId>{distinguished(folder)}</m:SyncFolderId>"
        f"<m:SyncState>{state}</m:SyncState>{rest}<m:MaxChangesReturned>{limit}</m:MaxChangesReturned></m:SyncFolderItems>"
    )


def changes(answer: Answer) -> list[str]:
    assert answer.codes == ["NoError"]
    return [node.tag.rpartition("}")[2] for node in answer.all("m:Changes/*")]


def test_a_client_learns_what_is_new_changed_read_and_gone(client: Client) -> None:
    one, two, three = (client.create(_SUBJECT.format(name)).id() for name in "abc")
    first = sync(client, limit=2)
    assert (changes(first), first.text("m:IncludesLastItemInRange")) == (["Create", "Create"], "false")
    second = sync(client, first.text("m:SyncState"))
    assert (second.texts("t:Subject"), second.text("m:IncludesLastItemInRange")) == (["c"], "true")
    client.update(one, change("Set", "item:Subject", "<t:Subject>x</t:Subject>"))
    client.update(two, change("Set", "message:IsRead", "<t:IsRead>false</t:IsRead>"))
    client.ask(f'<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>{three}</m:ItemIds></m:DeleteItem>')
    third = sync(client, second.text("m:SyncState"))
    assert (changes(third), third.text("t:IsRead")) == (["Update", "ReadFlagChange", "Delete"], "false")
    assert changes(sync(client, third.text("m:SyncState"))) == []


def test_some_items_are_ignored_as_asked(client: Client) -> None:
    one = client.create(_SUBJECT.format("a")).id()
    client.create(_SUBJECT.format("b"))
    assert sync(client, rest=f"<m:Ignore>{one}</m:Ignore>").texts("t:Subject") == ["b"]


def test_a_wrong_state_folder_or_limit_is_said(client: Client) -> None:
    assert sync(client, "nonsense").codes == ["ErrorInvalidSyncStateData"]
    assert sync(client, folder="moon").codes == ["ErrorFolderNotFound"]
    assert sync(client, limit=0).fault == "ErrorSchemaValidation"


def test_who_was_away_for_too_long_is_told_to_begin_anew(client: Client) -> None:
    item = client.create(_SUBJECT.format("a")).id()
    items, folders = sync(client).text("m:SyncState"), hierarchy(client).text("m:SyncState")
    client.ask(f'<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>{item}</m:ItemIds></m:DeleteItem>')
    client.world.run(forget, client.world.database, int(NOON) + 1)
    assert sync(client, items).codes == hierarchy(client, folders).codes == ["ErrorInvalidSyncStateData"]
    assert changes(sync(client)) == []


def hierarchy(client: Client, state: str = "", top: str = "") -> Answer:
    shape = f"<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape>{properties('folder:DisplayName')}</m:FolderShape>"
    below = f"<m:SyncFolderId>{distinguished(top)}</m:SyncFolderId>" if top else ""
    return client.ask(
        f"<m:SyncFolderHierarchy>{shape}{below}<m:SyncState>{state}</m:SyncState></m:SyncFolderHierarchy>"
    )


def test_a_client_learns_of_folders(client: Client) -> None:
    first = hierarchy(client)
    assert (len(changes(first)), "Inbox" in first.texts("t:DisplayName")) == (11, True)
    parent = f"<m:ParentFolderId>{distinguished('inbox')}</m:ParentFolderId>"
    folder = "<m:Folders><t:Folder><t:DisplayName>new</t:DisplayName></t:Folder></m:Folders>"
    made = client.ask(f"<m:CreateFolder>{parent}{folder}</m:CreateFolder>").id("FolderId")
    second = hierarchy(client, first.text("m:SyncState"))
    assert (changes(second), second.texts("t:DisplayName")) == (["Create"], ["new"])
    renamed = "<t:Folder><t:DisplayName>newer</t:DisplayName></t:Folder>"
    update = f'<t:SetFolderField><t:FieldURI FieldURI="folder:DisplayName"/>{renamed}</t:SetFolderField>'
    one = f"<t:FolderChange>{made}<t:Updates>{update}</t:Updates></t:FolderChange>"
    client.ask(f"<m:UpdateFolder><m:FolderChanges>{one}</m:FolderChanges></m:UpdateFolder>")
    third = hierarchy(client, second.text("m:SyncState"))
    assert (changes(third), third.texts("t:DisplayName")) == (["Update"], ["newer"])
    client.ask(f'<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>{made}</m:FolderIds></m:DeleteFolder>')
    assert changes(hierarchy(client, third.text("m:SyncState"))) == ["Delete"]


def test_only_folders_below_the_one_asked_for_are_told(client: Client) -> None:
    assert changes(hierarchy(client, top="inbox")) == []
    assert len(changes(hierarchy(client, top="root"))) == 15
