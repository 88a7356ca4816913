"""People, tips, photos: what is looked up outside one's own mailbox."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import pytest

from casd.mailbox.call import Person as Colleague
from casd.mailbox.call import Said, Unanswered
from tests.casd.mailbox.ews.conversation import Answer, Client
from tests.casd.mailbox.meetings.conversation import Person, Town

ENTRY = '<t:EmailAddresses><t:Entry Key="EmailAddress1">bob@home.example</t:Entry></t:EmailAddresses>'
BOB = f"<t:Contact><t:DisplayName>Bob Stone</t:DisplayName><t:GivenName>Bob</t:GivenName>{ENTRY}</t:Contact>"


def resolve(client: Client, words: str, scope: str = "", full: str = "false") -> Answer:
    where = f'SearchScope="{scope}"' if scope else ""
    entry = f"<m:UnresolvedEntry>{words}</m:UnresolvedEntry>"
    return client.ask(f'<m:ResolveNames ReturnFullContactData="{full}" {where}>{entry}</m:ResolveNames>')


def test_a_colleague_is_resolved_by_name_and_by_address(town: Town) -> None:
    for words in ("bob", "bob@example.org", "smtp:bob@example.org"):
        answer = resolve(town.alice, words)
        assert (answer.codes, answer.text("t:EmailAddress")) == (["NoError"], "bob@example.org")
    full = resolve(town.alice, "bob", full="true")
    assert (full.text("t:GivenName"), full.text("t:ContactSource")) == ("Bob", "ActiveDirectory")


def test_contacts_stand_beside_colleagues_in_the_order_asked_for(town: Town) -> None:
    town.alice.create(BOB, "contacts")
    for scope, kinds in (
        ("", ["Mailbox", "Contact"]),
        ("ContactsActiveDirectory", ["Contact", "Mailbox"]),
        ("Contacts", ["Contact"]),
        ("ActiveDirectory", ["Mailbox"]),
    ):
        answer = resolve(town.alice, "bob", scope)
        assert answer.texts("t:MailboxType") == kinds
        assert answer.codes == ["NoError" if len(kinds) == 1 else "ErrorNameResolutionMultipleResults"]


def test_nobody_is_found_who_is_not_there(town: Town) -> None:
    assert resolve(town.alice, "eve").codes == resolve(town.alice, "").codes == ["ErrorNameResolutionNoResults"]
    assert town.alice.ask("<m:ResolveNames/>").fault == "ErrorSchemaValidation"
    mailbox = "<m:Mailbox><t:EmailAddress>bob@example.org</t:EmailAddress></m:Mailbox>"
    assert town.alice.ask(f"<m:ExpandDL>{mailbox}</m:ExpandDL>").codes == ["ErrorNameResolutionNoResults"]


def find_people(person: Person, folder: str, words: str = "") -> Answer:
    view = '<m:IndexedPageItemView MaxEntriesReturned="10" Offset="0" BasePoint="Beginning"/>'
    shape = "<m:PersonaShape><t:BaseShape>Default</t:BaseShape></m:PersonaShape>"
    where = f'<m:ParentFolderId><t:DistinguishedFolderId Id="{folder}"/></m:ParentFolderId>'
    query = f"<m:QueryString>{words}</m:QueryString>" if words else ""
    return person.ask(f"<m:FindPeople>{shape}{view}{where}{query}</m:FindPeople>")


@pytest.mark.parametrize(("folder", "name"), [("contacts", "Bob Stone"), ("directory", "Bob")])
def test_people_are_found_in_a_folder_and_in_the_address_book(town: Town, folder: str, name: str) -> None:
    town.alice.create(BOB, "contacts")
    answer = find_people(town.alice, folder, "bob")
    assert (answer.codes, answer.texts("t:DisplayName")) == (["NoError"], [name])
    identity = answer.one("t:PersonaId").get("Id")
    got = town.alice.ask(f'<m:GetPersona><m:PersonaId Id="{identity}"/></m:GetPersona>')
    assert (got.codes, got.text("t:DisplayName")) == (["NoError"], name)


def test_somebody_who_is_gone_is_no_persona(town: Town) -> None:
    identity = find_people(town.alice, "directory", "bob").one("t:PersonaId").get("Id")
    town.alice.colleagues.clear()
    asked = f'<m:GetPersona><m:PersonaId Id="{identity}"/></m:GetPersona>'
    assert town.alice.ask(asked).codes == ["ErrorPersonNotFound"]
    town.alice.create(BOB, "contacts")
    identity = find_people(town.alice, "contacts").one("t:PersonaId").get("Id")
    town.alice.drop(town.alice.find("contacts").id(), kind="HardDelete")
    gone = town.alice.ask(f'<m:GetPersona><m:PersonaId Id="{identity}"/></m:GetPersona>')
    assert gone.codes == ["ErrorPersonNotFound"]


def test_groups_and_rooms_are_found_as_what_they_are(town: Town) -> None:
    town.alice.colleagues += [
        Colleague("team@example.org", "Team Blue", "group"),
        Colleague("blue@example.org", "Room Blue", "room"),
    ]
    answer = resolve(town.alice, "blue", full="true")
    assert answer.texts("t:MailboxType") == ["PublicDL", "Mailbox"]
    assert answer.texts("t:Surname") == []
    assert answer.texts("t:DisplayName") == ["Team Blue", "Room Blue"]
    answer = find_people(town.alice, "directory", "blue")
    assert answer.texts("t:PersonaType") == ["DistributionList", "Room"]
    assert answer.texts("t:MailboxType") == ["PublicDL", "PublicDL", "Mailbox", "Mailbox"]
    identity = answer.all("t:PersonaId")[0].get("Id")
    got = town.alice.ask(f'<m:GetPersona><m:PersonaId Id="{identity}"/></m:GetPersona>')
    assert (got.text("t:PersonaType"), got.text("t:DisplayName")) == ("DistributionList", "Team Blue")


def expand(person: Person, address: str) -> Answer:
    return person.ask(f"<m:ExpandDL><m:Mailbox><t:EmailAddress>{address}</t:EmailAddress></m:Mailbox></m:ExpandDL>")


def test_a_group_is_expanded_into_its_members(town: Town) -> None:
    kinds = ("user", "room", "group", "outside")
    town.alice.groups["team@example.org"] = [Colleague(f"{kind}@x.example", kind.title(), kind) for kind in kinds]
    town.alice.groups["none@example.org"] = []
    answer = expand(town.alice, "team@example.org")
    assert answer.codes == ["NoError"]
    assert answer.texts("t:Name") == ["User", "Room", "Group", "Outside"]
    assert answer.texts("t:MailboxType") == ["Mailbox", "Mailbox", "PublicDL", "OneOff"]
    assert answer.one("m:DLExpansion").attrib == {"TotalItemsInView": "4", "IncludesLastItemInRange": "true"}
    assert expand(town.alice, "none@example.org").one("m:DLExpansion").get("TotalItemsInView") == "0"
    town.alice.groups = None
    assert expand(town.alice, "team@example.org").codes == ["ErrorADUnavailable"]


def test_a_group_is_nobodys_delegate(town: Town) -> None:
    town.alice.colleagues.append(Colleague("team@example.org", "Team", "group"))
    who = "<t:UserId><t:PrimarySmtpAddress>team@example.org</t:PrimarySmtpAddress></t:UserId>"
    user = f"<t:DelegateUser>{who}</t:DelegateUser>"
    mailbox = "<m:Mailbox><t:EmailAddress>alice@example.org</t:EmailAddress></m:Mailbox>"
    answer = town.alice.ask(f"<m:AddDelegate>{mailbox}<m:DelegateUsers>{user}</m:DelegateUsers></m:AddDelegate>")
    assert "ErrorDelegateNoUser" in answer.codes


def test_a_photo_is_seen_by_colleagues(town: Town) -> None:
    picture = b64encode(b"\x89PNG\r\n\x1a\n...").decode()
    put = f"<m:SetUserPhoto><m:Email>bob@example.org</m:Email><m:Content>{picture}</m:Content></m:SetUserPhoto>"
    get = (
        "<m:GetUserPhoto><m:Email>bob@example.org</m:Email><m:SizeRequested>HR96x96</m:SizeRequested></m:GetUserPhoto>"
    )
    assert town.alice.ask(get).codes == ["ErrorItemNotFound"]
    assert town.alice.ask(put).codes == ["ErrorAccessDenied"]
    assert town.bob.ask(put.replace(picture, "AAAA")).codes == ["ErrorInvalidPhotoSize"]
    assert town.bob.ask(put).codes == ["NoError"]
    assert town.alice.ask(get).text("m:PictureData") == picture


def test_tips_tell_who_is_away_full_or_nobody(town: Town) -> None:
    settings = (
        "<t:OofState>Enabled</t:OofState><t:ExternalAudience>None</t:ExternalAudience>"
        "<t:InternalReply><t:Message>Gone fishing</t:Message></t:InternalReply><t:ExternalReply/>"
    )
    mailbox = "<t:Mailbox><t:Address>bob@example.org</t:Address></t:Mailbox>"
    town.bob.ask(
        f"<m:SetUserOofSettingsRequest>{mailbox}<t:UserOofSettings>{settings}</t:UserOofSettings>"
        "</m:SetUserOofSettingsRequest>"
    )
    people = ("bob", "carol", "eve")
    listed = "".join(f"<t:Mailbox><t:EmailAddress>{name}@example.org</t:EmailAddress></t:Mailbox>" for name in people)
    sender = "<m:SendingAs><t:EmailAddress>alice@example.org</t:EmailAddress></m:SendingAs>"
    wanted = f"<m:Recipients>{listed}</m:Recipients><m:MailTipsRequested>All</m:MailTipsRequested>"
    answer = town.alice.ask(f"<m:GetMailTips>{sender}{wanted}</m:GetMailTips>")
    assert answer.codes == ["NoError"] * 4
    assert [text for text in answer.texts("t:Message") if text] == ["Gone fishing"]
    assert answer.texts("t:InvalidRecipient") == ["false", "false", "true"]


def test_tips_tell_how_many_a_group_has(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    async def others(*_: object) -> Sequence[Said]:
        return [Said("team@example.org", "", {"members": 12, "outside": 3})]

    monkeypatch.setattr(town.alice, "_others", others)
    sender = "<m:SendingAs><t:EmailAddress>alice@example.org</t:EmailAddress></m:SendingAs>"
    listed = "<t:Mailbox><t:EmailAddress>team@example.org</t:EmailAddress></t:Mailbox>"
    answer = town.alice.ask(f"<m:GetMailTips>{sender}<m:Recipients>{listed}</m:Recipients></m:GetMailTips>")
    assert [answer.text(f"t:{name}MemberCount") for name in ("Total", "External")] == ["12", "3"]


def test_time_zones_tell_when_their_clocks_change(town: Town) -> None:
    asked = "<m:Ids><t:Id>W. Europe Standard Time</t:Id><t:Id>UTC</t:Id></m:Ids>"
    answer = town.alice.ask(f'<m:GetServerTimeZones ReturnFullTimeZoneData="true">{asked}</m:GetServerTimeZones>')
    berlin, utc = answer.all("t:TimeZoneDefinition")
    assert (berlin.get("Name"), utc.get("Name")) == ("(UTC+01:00) Berlin", "(UTC) Coordinated Universal Time")
    assert {period.get("Bias") for period in berlin.iterfind(".//{*}Period")} == {"-PT60M", "-PT120M"}
    spring, autumn = berlin.findall(".//{*}RecurringDayTransition")
    read = [[change.findtext(f"{{*}}{name}") for name in ("Month", "DayOfWeek", "Occurrence", "TimeOffset")]
            for change in (spring, autumn)]  # fmt: skip
    assert read == [["3", "Sunday", "-1", "PT120M"], ["10", "Sunday", "-1", "PT180M"]]
    assert utc.findall(".//{*}RecurringDayTransition") == []


def test_an_address_book_that_does_not_answer_means_try_later(town: Town) -> None:
    async def silent(_words: str, _limit: int) -> Sequence[Colleague]:
        raise Unanswered("the front door is down")

    town.alice._people = silent  # type: ignore[method-assign]
    assert resolve(town.alice, "bob").codes == ["ErrorADUnavailable"]
