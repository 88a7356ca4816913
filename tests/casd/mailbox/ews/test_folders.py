from __future__ import annotations

from tests.casd.mailbox.ews.conversation import Answer, Client, distinguished, properties
from tests.casd.mailbox.store.world import World, mail

NUMBER = '<t:ExtendedFieldURI PropertyTag="0x1234" PropertyType="Integer"/>'


def get(client: Client, *ids: str, base: str = "Default", more: str = "") -> Answer:
    shape = f"<m:FolderShape><t:BaseShape>{base}</t:BaseShape>{more}</m:FolderShape>"
    return client.ask(f"<m:GetFolder>{shape}<m:FolderIds>{''.join(ids)}</m:FolderIds></m:GetFolder>")


def create(client: Client, markup: str, parent: str = "inbox") -> Answer:
    where = f"<m:ParentFolderId>{distinguished(parent)}</m:ParentFolderId>"
    return client.ask(f"<m:CreateFolder>{where}<m:Folders>{markup}</m:Folders></m:CreateFolder>")


def named(name: str, element: str = "Folder") -> str:
    return f"<t:{element}><t:DisplayName>{name}</t:DisplayName></t:{element}>"


def find(client: Client, parent: str, traversal: str = "Shallow", rest: str = "", more: str = "") -> Answer:
    shape = f"<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape>{more}</m:FolderShape>"
    parents = f"<m:ParentFolderIds>{parent}</m:ParentFolderIds>"
    return client.ask(f'<m:FindFolder Traversal="{traversal}">{shape}{rest}{parents}</m:FindFolder>')


def test_folders_are_got_by_name_and_by_id_each_in_its_kind(client: Client, world: World) -> None:
    world.run(world.alice.deliver, mail())
    answer = get(client, distinguished("inbox"), distinguished("calendar"), distinguished("contacts"))
    assert [node.tag.rpartition("}")[2] for node in answer.all("m:Folders/*")] == [
        *("Folder", "CalendarFolder", "ContactsFolder")
    ]
    assert (answer.texts("t:TotalCount"), answer.texts("t:UnreadCount")) == (["1", "0"], ["1"])
    again = get(client, answer.id("FolderId"), base="AllProperties")
    assert (again.text("t:DistinguishedFolderId"), again.text("t:FolderClass")) == ("inbox", "IPF.Note")
    root = get(client, distinguished("root"), base="AllProperties")
    assert root.all("t:ParentFolderId") == []


def test_what_is_no_folder_is_not_found(client: Client) -> None:
    item = client.create("<t:Message/>").one("t:ItemId").get("Id", "")
    foreign = get(client, distinguished("inbox")).one("t:FolderId").get("Id", "")
    answer = get(
        client,
        distinguished("adminauditlogs"),
        '<t:FolderId Id="x"/>',
        f'<t:FolderId Id="{item}"/>',
        f'<t:FolderId Id="{foreign[:4]}AAAA{foreign[8:]}"/>',
    )
    assert answer.codes == [
        *("ErrorFolderNotFound", "ErrorInvalidIdMalformed", "ErrorCannotUseItemIdForFolderId", "ErrorItemNotFound")
    ]


def test_a_folder_is_created_of_the_class_of_its_element(client: Client) -> None:
    answer = create(client, named("Plans", "CalendarFolder") + named("Plans") + "<t:Folder/>")
    assert answer.codes == ["NoError", "ErrorFolderExists", "ErrorRequiredPropertyMissing"]
    made = get(client, answer.id("FolderId"), base="AllProperties")
    assert (made.text("t:FolderClass"), made.text("t:DisplayName")) == ("IPF.Appointment", "Plans")
    assert create(client, named("x"), "nowhere").codes == ["ErrorFolderNotFound"]
    read_only = "<t:Folder><t:DisplayName>x</t:DisplayName><t:TotalCount>5</t:TotalCount></t:Folder>"
    assert create(client, read_only).codes == ["ErrorInvalidPropertySet"]


def test_a_folder_keeps_properties_of_mapi(client: Client) -> None:
    value = f"<t:ExtendedProperty>{NUMBER}<t:Value>5</t:Value></t:ExtendedProperty>"
    made = create(client, f"<t:Folder><t:DisplayName>x</t:DisplayName>{value}</t:Folder>")
    more = f"<t:AdditionalProperties>{NUMBER}</t:AdditionalProperties>"
    assert get(client, made.id("FolderId"), more=more).text("t:Value") == "5"


def test_folders_are_found_deep_or_not_page_by_page(client: Client) -> None:
    create(client, named("a") + named("b"))
    assert len(find(client, distinguished("msgfolderroot")).all("t:FolderId")) == 11
    deep = find(client, distinguished("msgfolderroot"), "Deep")
    assert len(deep.all("t:FolderId")) == 13
    page = '<m:IndexedPageFolderView MaxEntriesReturned="1" Offset="1" BasePoint="Beginning"/>'
    second = find(client, distinguished("inbox"), rest=page, more=properties("folder:DisplayName"))
    assert second.texts("t:DisplayName") == ["b"]
    assert second.one("m:RootFolder").get("TotalItemsInView") == "2"


def test_folders_are_found_by_their_properties(client: Client) -> None:
    create(client, named("Alpha") + named("Beta"))
    constant = '<t:FieldURIOrConstant><t:Constant Value="alpha"/></t:FieldURIOrConstant>'
    test = f'<t:IsEqualTo><t:FieldURI FieldURI="folder:DisplayName"/>{constant}</t:IsEqualTo>'
    found = find(client, distinguished("inbox"), rest=f"<m:Restriction>{test}</m:Restriction>")
    assert len(found.all("t:FolderId")) == 1


def update(client: Client, folder: str, updates: str) -> Answer:
    change = f"<t:FolderChange>{folder}<t:Updates>{updates}</t:Updates></t:FolderChange>"
    return client.ask(f"<m:UpdateFolder><m:FolderChanges>{change}</m:FolderChanges></m:UpdateFolder>")


def rename(name: str) -> str:
    return f'<t:SetFolderField><t:FieldURI FieldURI="folder:DisplayName"/>{named(name)}</t:SetFolderField>'


def test_a_folder_is_renamed_unless_it_is_a_default_one(client: Client) -> None:
    folder = create(client, named("a")).id("FolderId")
    assert update(client, folder, rename("b")).codes == ["NoError"]
    assert get(client, folder).text("t:DisplayName") == "b"
    assert update(client, distinguished("inbox"), rename("b")).codes == ["ErrorDeleteDistinguishedFolder"]
    gone = '<t:DeleteFolderField><t:FieldURI FieldURI="folder:DisplayName"/></t:DeleteFolderField>'
    assert update(client, folder, gone).codes == ["ErrorInvalidPropertyDelete"]


def test_a_folder_change_begins_with_an_id(client: Client) -> None:
    assert client.ask(
        "<m:UpdateFolder><m:FolderChanges><t:FolderChange/></m:FolderChanges></m:UpdateFolder>"
    ).fault == ("ErrorSchemaValidation")


def move(client: Client, folder: str, target: str) -> Answer:
    to = f"<m:ToFolderId>{target}</m:ToFolderId>" if target else ""
    return client.ask(f"<m:MoveFolder>{to}<m:FolderIds>{folder}</m:FolderIds></m:MoveFolder>")


def test_a_folder_is_moved_unless_it_is_a_default_one(client: Client) -> None:
    folder = create(client, named("a")).id("FolderId")
    assert move(client, folder, distinguished("drafts")).codes == ["NoError"]
    assert len(find(client, distinguished("drafts")).all("t:FolderId")) == 1
    assert move(client, distinguished("inbox"), distinguished("drafts")).codes == ["ErrorMoveDistinguishedFolder"]
    assert move(client, folder, "").fault == "ErrorSchemaValidation"
    assert move(client, folder, distinguished("drafts") * 2).fault == "ErrorSchemaValidation"


def test_a_folder_is_deleted_unless_it_is_a_default_one(client: Client) -> None:
    folder = create(client, named("a")).id("FolderId")

    def delete(which: str, mode: str = "HardDelete") -> list[str]:
        return client.ask(
            f'<m:DeleteFolder DeleteType="{mode}"><m:FolderIds>{which}</m:FolderIds></m:DeleteFolder>'
        ).codes

    assert delete(folder, "MoveToDeletedItems") == ["NoError"]
    assert len(find(client, distinguished("deleteditems")).all("t:FolderId")) == 1
    assert delete(folder) == ["NoError"]
    assert delete(folder) == ["ErrorItemNotFound"]
    assert delete(distinguished("inbox")) == ["ErrorDeleteDistinguishedFolder"]


def test_a_folder_is_emptied_with_or_without_those_below(client: Client, world: World) -> None:
    create(client, named("a"))
    world.run(world.alice.deliver, mail())

    def empty(which: str, subfolders: str) -> list[str]:
        return client.ask(
            f'<m:EmptyFolder DeleteType="HardDelete" DeleteSubFolders="{subfolders}">'
            f"<m:FolderIds>{distinguished(which)}</m:FolderIds></m:EmptyFolder>"
        ).codes

    assert empty("inbox", "false") == ["NoError"]
    inbox = get(client, distinguished("inbox"))
    assert (inbox.text("t:TotalCount"), inbox.text("t:ChildFolderCount")) == ("0", "1")
    assert empty("inbox", "true") == ["NoError"]
    assert get(client, distinguished("inbox")).text("t:ChildFolderCount") == "0"
    assert empty("msgfolderroot", "true") == ["ErrorCannotEmptyFolder"]


def test_a_folder_is_copied_with_all_that_is_in_it(client: Client) -> None:
    def made(parent: str, name: str) -> str:
        folder = f"<t:Folder><t:DisplayName>{name}</t:DisplayName></t:Folder>"
        place = f"<m:ParentFolderId>{parent}</m:ParentFolderId>"
        return client.ask(f"<m:CreateFolder>{place}<m:Folders>{folder}</m:Folders></m:CreateFolder>").id("FolderId")

    outer = made(distinguished("inbox"), "Outer")
    made(outer, "Inner")
    target = f"<m:SavedItemFolderId>{outer}</m:SavedItemFolderId><m:Items><t:Message/></m:Items>"
    client.ask(f'<m:CreateItem MessageDisposition="SaveOnly">{target}</m:CreateItem>')

    def copy(to: str) -> Answer:
        places = f"<m:ToFolderId>{to}</m:ToFolderId><m:FolderIds>{outer}</m:FolderIds>"
        return client.ask(f"<m:CopyFolder>{places}</m:CopyFolder>")

    copied = copy(distinguished("drafts"))
    shape = "<m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
    found = client.ask(f"<m:GetFolder>{shape}<m:FolderIds>{copied.id('FolderId')}</m:FolderIds></m:GetFolder>")
    assert (found.text("t:TotalCount"), found.text("t:ChildFolderCount")) == ("1", "1")
    assert copy(outer).codes == ["ErrorMoveCopyFailed"]
    assert copy(distinguished("drafts")).codes == ["ErrorFolderExists"]
