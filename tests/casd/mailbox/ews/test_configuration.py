"""User configuration: what a client keeps with a folder."""

from __future__ import annotations

from tests.casd.mailbox.ews.conversation import Answer, Client, distinguished

ENTRY = """<t:DictionaryEntry><t:DictionaryKey><t:Type>String</t:Type><t:Value>k</t:Value></t:DictionaryKey>
<t:DictionaryValue><t:Type>StringArray</t:Type><t:Value>a</t:Value><t:Value>b</t:Value></t:DictionaryValue>
</t:DictionaryEntry>"""


def named(name: str = "Views", prefix: str = "t", folder: str = "inbox") -> str:
    place = distinguished(folder)
    return f'<{prefix}:UserConfigurationName Name="{name}">{place}</{prefix}:UserConfigurationName>'


def set_(client: Client, operation: str, held: str, name: str = "Views") -> list[str]:
    value = f"<m:UserConfiguration>{named(name)}{held}</m:UserConfiguration>"
    return client.ask(f"<m:{operation}UserConfiguration>{value}</m:{operation}UserConfiguration>").codes


def get(client: Client, wanted: str = "All", **place: str) -> Answer:
    asked = f"<m:UserConfigurationProperties>{wanted}</m:UserConfigurationProperties>"
    return client.ask(f"<m:GetUserConfiguration>{named(prefix='m', **place)}{asked}</m:GetUserConfiguration>")


def test_what_is_kept_comes_back(client: Client) -> None:
    assert set_(client, "Create", f"<t:Dictionary>{ENTRY}</t:Dictionary><t:XmlData>PHgvPg==</t:XmlData>") == ["NoError"]
    found = get(client)
    assert found.texts("t:Type") == ["String", "StringArray"]
    assert found.texts("t:Value") == ["k", "a", "b"]
    assert (found.text("t:XmlData"), found.all("t:BinaryData")) == ("PHgvPg==", [])
    assert found.one("t:UserConfigurationName").get("Name") == "Views"
    assert get(client, "XmlData").all("t:Dictionary") == []


def test_what_an_update_does_not_say_stays(client: Client) -> None:
    set_(client, "Create", "<t:XmlData>PHgvPg==</t:XmlData><t:BinaryData>YQ==</t:BinaryData>")
    assert set_(client, "Update", "<t:BinaryData>Yg==</t:BinaryData>") == ["NoError"]
    found = get(client)
    assert (found.text("t:XmlData"), found.text("t:BinaryData")) == ("PHgvPg==", "Yg==")


def test_each_name_and_folder_has_its_own(client: Client) -> None:
    set_(client, "Create", "")
    assert set_(client, "Create", "") == ["ErrorItemSave"]
    assert set_(client, "Create", "", "Other.Views") == ["NoError"]
    assert get(client, folder="drafts").codes == ["ErrorItemNotFound"]
    assert set_(client, "Create", "", "no/name") == ["ErrorInvalidRequest"]


def test_what_is_deleted_is_gone(client: Client) -> None:
    set_(client, "Create", "")
    delete = f"<m:DeleteUserConfiguration>{named(prefix='m')}</m:DeleteUserConfiguration>"
    assert client.ask(delete).codes == ["NoError"]
    assert client.ask(delete).codes == ["ErrorItemNotFound"]
    assert set_(client, "Update", "") == ["ErrorItemNotFound"]


def test_properties_that_are_none_are_refused(client: Client) -> None:
    assert get(client, "Moon").fault == "ErrorSchemaValidation"
