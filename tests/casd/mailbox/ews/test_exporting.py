"""Items exported and uploaded again."""

from __future__ import annotations

from base64 import b64decode, b64encode

import pytest

from casd.mailbox.ews.exporting import Package
from protocols.ews.errors import Refusal
from tests.casd.mailbox.ews.conversation import Answer, Client

_FILE = "<t:FileAttachment><t:Name>f</t:Name><t:Content>YWJj</t:Content></t:FileAttachment>"
_ITEM = (
    f"<t:Subject>x</t:Subject><t:Attachments>{_FILE}</t:Attachments><t:Categories><t:String>c</t:String></t:Categories>"
)


def export(client: Client, item: str) -> str:
    return client.ask(f"<m:ExportItems><m:ItemIds>{item}</m:ItemIds></m:ExportItems>").text("m:Data")


def upload(client: Client, data: str, action: str = "CreateNew", item: str = "", folder: str = "drafts") -> Answer:
    shape = "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>"
    ids = f'<m:FolderIds><t:DistinguishedFolderId Id="{folder}"/></m:FolderIds>'
    place = (
        client.ask(f"<m:GetFolder>{shape}{ids}</m:GetFolder>").id("FolderId").replace("t:FolderId", "t:ParentFolderId")
    )
    held = f'<t:Item CreateAction="{action}">{place}{item}<t:Data>{data}</t:Data></t:Item>'
    return client.ask(f"<m:UploadItems><m:Items>{held}</m:Items></m:UploadItems>")


def identity(answer: Answer) -> str:
    found = answer.one("m:ItemId")
    return f'<t:ItemId Id="{found.get("Id")}" ChangeKey="{found.get("ChangeKey")}"/>'


@pytest.mark.parametrize("kind", ["Message", "Task", "Contact"])
def test_an_uploaded_item_is_as_the_exported_one(client: Client, kind: str) -> None:
    made = client.create(f"<t:{kind}>{_ITEM}</t:{kind}>")
    copy = client.get(identity(upload(client, export(client, made.id()))))
    assert copy.texts("t:String") == ["c"]
    assert copy.texts("t:FileAttachment/t:Name") == ["f"]
    assert copy.id() != made.id()


def test_an_update_gives_an_item_what_was_exported(client: Client) -> None:
    one, other = (client.create(f"<t:Message><t:Subject>{name}</t:Subject></t:Message>").id() for name in "ab")
    task = client.create("<t:Task><t:Subject>t</t:Subject></t:Task>").id()
    updated = upload(client, export(client, one), "Update", other)
    assert client.get(identity(updated)).text("t:Subject") == "a"
    assert upload(client, export(client, task), "Update", other).codes == ["ErrorCorruptData"]
    gone = identity(updated).replace('Id="', 'Id="aa', 1)
    assert upload(client, export(client, one), "Update", gone).codes == ["ErrorItemNotFound"]
    assert upload(client, export(client, one), "UpdateOrCreate").codes == ["NoError"]


def test_other_bytes_are_refused(client: Client) -> None:
    good = b64decode(export(client, client.create("<t:Message/>").id()))
    head, line, content = good.split(b"\n", 2)
    for data in (
        b"",
        b"MZ",
        good[:-1],
        good + b"x",
        b"\n".join((head, b"{}", content)),
        b"\n".join((head, b"[", content)),
    ):
        assert upload(client, b64encode(data).decode()).codes == ["ErrorCorruptData"], data[:40]
    odd = line.replace(b'"received": ', b'"received": 99999999')
    assert upload(client, b64encode(b"\n".join((head, odd, content))).decode()).codes == ["ErrorCorruptData"]


def test_a_package_is_read_as_it_was_written() -> None:
    data = b'casd item 1\n{"kind": "task", "fields": {}, "size": 2, "files": [{"name": "n", "size": 1}]}\nabc'
    package = Package.parse(data)
    assert (package.content, package.files) == (b"ab", (({"name": "n"}, b"c"),))
    with pytest.raises(Refusal):
        Package.parse(data.replace(b'"size": 2', b'"size": -2'))


@pytest.mark.negative
@pytest.mark.parametrize("name", ["folder", "mailbox", "number", 'read") VALUES (1) --'])
def test_a_package_sets_nothing_but_what_an_export_holds(client: Client, name: str) -> None:
    package = Package.parse(b64decode(export(client, client.create("<t:Message/>").id())))
    spoiled = bytes(Package(package.kind, package.content, {**package.fields, name: 1}))
    assert upload(client, b64encode(spoiled).decode()).codes == ["ErrorCorruptData"]
