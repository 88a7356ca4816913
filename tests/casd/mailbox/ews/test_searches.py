"""Search folders."""

from __future__ import annotations

from tests.casd.mailbox.ews.conversation import Answer, Client, change, distinguished

_RED = """<t:Restriction><t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase">
<t:FieldURI FieldURI="item:Subject"/><t:Constant Value="red"/></t:Contains></t:Restriction>"""


def make(client: Client, restriction: str = _RED, traversal: str = "Deep", base: str = "inbox") -> Answer:
    search = f'<t:SearchParameters Traversal="{traversal}">{restriction}<t:BaseFolderIds>{distinguished(base)}'
    folder = f"<t:DisplayName>Red</t:DisplayName>{search}</t:BaseFolderIds></t:SearchParameters>"
    parent = f"<m:ParentFolderId>{distinguished('searchfolders')}</m:ParentFolderId>"
    made = f"<t:SearchFolder>{folder}</t:SearchFolder>"
    return client.ask(f"<m:CreateFolder>{parent}<m:Folders>{made}</m:Folders></m:CreateFolder>")


def find(client: Client, folder: str, rest: str = "") -> list[str]:
    shape = "<m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>"
    parents = f"<m:ParentFolderIds>{folder}</m:ParentFolderIds>"
    return sorted(client.ask(f'<m:FindItem Traversal="Shallow">{shape}{rest}{parents}</m:FindItem>').texts("t:Subject"))


def get(client: Client, folder: str) -> Answer:
    shape = "<m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape>"
    return client.ask(f"<m:GetFolder>{shape}<m:FolderIds>{folder}</m:FolderIds></m:GetFolder>")


def fill(client: Client) -> None:
    parent = f"<m:ParentFolderId>{distinguished('inbox')}</m:ParentFolderId>"
    below = "<t:Folder><t:DisplayName>Below</t:DisplayName></t:Folder>"
    made = client.ask(f"<m:CreateFolder>{parent}<m:Folders>{below}</m:Folders></m:CreateFolder>").id("FolderId")
    for subject in ("red one", "blue", "Red two"):
        client.create(f"<t:Message><t:Subject>{subject}</t:Subject></t:Message>")
    target = f"<m:SavedItemFolderId>{made}</m:SavedItemFolderId>"
    deep = "<m:Items><t:Message><t:Subject>red deep</t:Subject></t:Message></m:Items>"
    client.ask(f'<m:CreateItem MessageDisposition="SaveOnly">{target}{deep}</m:CreateItem>')


def test_a_search_folder_shows_what_is_in_its_folders(client: Client) -> None:
    fill(client)
    folder = make(client).id("FolderId")
    assert find(client, folder) == ["Red two", "red deep", "red one"]
    two = _RED.replace("t:Restriction", "m:Restriction").replace('"red"', '"two"')
    assert find(client, folder, two) == ["Red two"]
    assert find(client, make_shallow(client)) == ["Red two", "red one"]


def make_shallow(client: Client) -> str:
    client.ask('<m:EmptyFolder DeleteType="HardDelete" DeleteSubFolders="true"><m:FolderIds>'
               f"{distinguished('searchfolders')}</m:FolderIds></m:EmptyFolder>")  # fmt: skip
    return make(client, traversal="Shallow").id("FolderId")


def test_a_search_folder_says_what_it_looks_for_and_how_many_it_shows(client: Client) -> None:
    fill(client)
    found = get(client, make(client).id("FolderId"))
    assert (found.text("t:TotalCount"), found.text("t:UnreadCount")) == ("3", "0")
    assert found.one("t:SearchParameters").get("Traversal") == "Deep"
    assert found.one("t:SearchParameters/t:Restriction/t:Contains/t:Constant").get("Value") == "red"


def test_what_a_search_folder_looks_for_can_be_changed(client: Client) -> None:
    fill(client)
    folder = make(client).id("FolderId")
    blue = _RED.replace("red", "blue")
    search = (
        f"<t:SearchParameters>{blue}<t:BaseFolderIds>{distinguished('inbox')}</t:BaseFolderIds></t:SearchParameters>"
    )
    wish = change("Set", "folder:SearchParameters", search, "SearchFolder").replace("ItemField", "FolderField")
    one = f"<t:FolderChange>{folder}<t:Updates>{wish}</t:Updates></t:FolderChange>"
    assert client.ask(f"<m:UpdateFolder><m:FolderChanges>{one}</m:FolderChanges></m:UpdateFolder>").codes == ["NoError"]
    assert find(client, folder) == ["blue"]


def test_a_search_in_no_folder_is_refused_and_one_in_a_deleted_folder_finds_nothing(client: Client) -> None:
    assert make(client, base="moon").codes == ["ErrorFolderNotFound"]
    fill(client)
    below = client.ask(
        '<m:FindFolder Traversal="Shallow"><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>'
        f"<m:ParentFolderIds>{distinguished('inbox')}</m:ParentFolderIds></m:FindFolder>"
    ).id("FolderId")
    folder = make(client).body.tag and make_in(client, below)
    client.ask(f'<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>{below}</m:FolderIds></m:DeleteFolder>')
    assert find(client, folder) == []


def make_in(client: Client, folder: str) -> str:
    search = f"<t:SearchParameters>{_RED}<t:BaseFolderIds>{folder}</t:BaseFolderIds></t:SearchParameters>"
    made = f"<t:SearchFolder><t:DisplayName>Gone</t:DisplayName>{search}</t:SearchFolder>"
    parent = f"<m:ParentFolderId>{distinguished('searchfolders')}</m:ParentFolderId>"
    return client.ask(f"<m:CreateFolder>{parent}<m:Folders>{made}</m:Folders></m:CreateFolder>").id("FolderId")
