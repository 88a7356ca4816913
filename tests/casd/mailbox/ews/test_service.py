from __future__ import annotations

import pytest
from twisted.internet.defer import fail

from casd.mailbox.ews import service
from casd.mailbox.store.errors import NotMounted
from protocols.ews import envelope
from tests.casd.mailbox.ews.conversation import Client, Exchange, Head, distinguished
from tests.casd.mailbox.store.world import World

GET_INBOX = (
    "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
    f"<m:FolderIds>{distinguished('inbox')}</m:FolderIds></m:GetFolder>"
)


def test_a_request_is_answered_wherever_the_letters_of_its_path_are_great(client: Client) -> None:
    answer = client.ask(GET_INBOX, path="/ews/Exchange.ASMX")
    assert (answer.status, answer.codes, answer.text("t:DisplayName")) == (200, ["NoError"], "Inbox")


def test_there_is_no_other_page_and_no_other_method(client: Client) -> None:
    for head, status in ((Head(path="/EWS/Services.wsdl"), 404), (Head(method=b"GET"), 405)):
        response = client.exchange(Exchange(b"", head))
        assert response is not None
        assert response.status == status


def test_unknown_operations_and_bad_documents_get_faults(client: Client) -> None:
    for body, code in (
        ("<m:GetUMPrompt/>", "ErrorInvalidRequest"),
        ("<m:Nonsense/>", "ErrorInvalidRequest"),
        ("<t:GetItem/>", "ErrorInvalidRequest"),
        ("<m:GetItem/>", "ErrorSchemaValidation"),
        ('<m:DeleteItem DeleteType="Burn"/>', "ErrorSchemaValidation"),
    ):
        answer = client.ask(body)
        assert (answer.status, answer.fault) == (500, code)


def test_a_document_that_is_too_large_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "MAX_SIZE", 10)
    assert client.ask(GET_INBOX).fault == "ErrorMessageSizeExceeded"


@pytest.mark.negative
def test_a_mailbox_is_closed_to_everybody_else(client: Client) -> None:
    client.user = "bob@example.org"
    assert client.ask(GET_INBOX).fault == "ErrorAccessDenied"
    client.user = "ALICE@example.org"
    assert client.ask(GET_INBOX).codes == ["NoError"]


@pytest.mark.negative
def test_nobody_impersonates_another(client: Client) -> None:
    sid = "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>{}</t:PrimarySmtpAddress></t:ConnectingSID>"
    header = sid + "</t:ExchangeImpersonation>"
    assert client.ask(GET_INBOX, header.format("bob@example.org")).fault == "ErrorImpersonateUserDenied"
    assert client.ask(GET_INBOX, header.format("Alice@example.org")).codes == ["NoError"]


@pytest.mark.negative
def test_the_folders_of_another_are_closed_in_this_mailbox_too(client: Client) -> None:
    owner = "<t:Mailbox><t:EmailAddress>bob@example.org</t:EmailAddress></t:Mailbox>"
    asked = GET_INBOX.replace('Id="inbox"/>', f'Id="inbox">{owner}</t:DistinguishedFolderId>')
    assert client.ask(asked).codes == ["ErrorAccessDenied"]


def test_a_surprise_is_an_internal_error_in_the_protocols_own_words(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(service.OPERATIONS, "GetFolder", broken)
    assert client.ask(GET_INBOX).fault == "ErrorInternalServerError"


def test_a_database_that_has_left_is_no_matter_of_ews(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for way in ("run", "read"):
        monkeypatch.setattr(client.world.database, way, lambda *_: fail(NotMounted("gone")))
    with pytest.raises(NotMounted):
        client.ask(GET_INBOX)


def test_an_identifier_is_converted_into_itself_only(client: Client) -> None:
    known = client.ask(GET_INBOX).one("t:FolderId").get("Id", "")

    def convert(form: str, source: str) -> list[str]:
        asked = f'<m:ConvertId DestinationFormat="{form}"><m:SourceIds>{source}</m:SourceIds></m:ConvertId>'
        return client.ask(asked).codes

    alternate = f'<t:AlternateId Format="EwsId" Id="{known}" Mailbox="alice@example.org"/>'
    assert convert("EwsId", alternate) == ["NoError"]
    assert convert("EntryId", alternate) == ["ErrorUnsupportedTypeForConversion"]
    assert convert("EwsId", '<t:AlternatePublicFolderId Format="EwsId" FolderId="x"/>') == [
        "ErrorUnsupportedTypeForConversion"
    ]
    assert convert("EntryId", alternate.replace(known, "DUMMY")) == ["ErrorInvalidIdMalformed"]


def test_time_zones_are_listed_by_their_windows_names(client: Client) -> None:
    everything = client.ask("<m:GetServerTimeZones/>").all("t:TimeZoneDefinition")
    assert len(everything) > 100
    some = client.ask("<m:GetServerTimeZones><m:Ids><t:Id>UTC</t:Id><t:Id>Mars</t:Id></m:Ids></m:GetServerTimeZones>")
    assert [zone.get("Id") for zone in some.all("t:TimeZoneDefinition")] == ["UTC"]


def test_a_fault_undoes_the_whole_request(client: Client, world: World) -> None:
    good, bad = "<t:Message><t:Subject>a</t:Subject></t:Message>", "<t:Message><t:Moon/></t:Message>"
    assert client.create(good + bad).fault == "ErrorSchemaValidation"
    assert world.alice.folders.distinguished("inbox").total == 0


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("<m:GetAppManifests/>", "m:Manifests"),
        ("<m:GetAppManifests><m:ApiVersionSupported>1.1</m:ApiVersionSupported></m:GetAppManifests>", "m:Apps"),
        ("<m:GetPasswordExpirationDate/>", "m:PasswordExpirationDate"),
        ("<m:GetUserRetentionPolicyTags/>", "m:RetentionPolicyTags"),
    ],
)
def test_what_programs_ask_first_is_answered(client: Client, asked: str, held: str) -> None:
    answer = client.ask(asked)
    assert (answer.codes, len(answer.all(held))) == (["NoError"], 1)


@pytest.mark.negative
def test_a_document_of_another_structure_is_refused_before_it_is_read(client: Client) -> None:
    assert client.ask(GET_INBOX.replace("<m:FolderIds>", "<m:Moon/><m:FolderIds>")).fault == "ErrorSchemaValidation"
    assert client.ask("<m:GetUserRetentionPolicyTags><m:Moon/></m:GetUserRetentionPolicyTags>").fault == (
        "ErrorSchemaValidation"
    )


def test_nobody_searches_in_other_peoples_mail(client: Client) -> None:
    assert client.ask("<m:GetSearchableMailboxes/>").codes == ["ErrorAccessDenied"]
