from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from casd.directory.sqlite import connect
from casd.directory.sqlite_mailboxes import by_address, password_of
from tests.casd.casctl.conftest import Casctl, answer, refused


def test_a_mailbox_is_added_shown_and_removed(estate: Casctl) -> None:
    guid = "6f1c0d8e-0000-4000-8000-000000000001"
    line = (
        f"mailbox add Bob@example.org --database db01 --guid {guid} --proxy b@example.org --upn bob@corp.local --hidden"
    )
    assert answer(estate(f"{line} --json"))["guid"] == guid
    shown = answer(estate("mailbox show bob@corp.local --json"))
    assert shown["address"] == "Bob@example.org"
    assert shown["proxy_addresses"] == ["b@example.org"]
    assert shown["hidden"] is True
    assert shown["legacy_dn"].endswith("-Bob")
    assert shown["password_since"] is None
    assert estate("mailbox remove b@example.org").output == "removed Bob@example.org\n"
    assert "there is no mailbox bob@corp.local" in refused(estate, "mailbox show bob@corp.local")


def test_mailboxes_are_listed(estate: Casctl) -> None:
    assert estate("mailbox list").output.splitlines()[1].split() == [
        "alice@example.org",
        "Alice",
        "DB01",
        "no",
        "imap4=off",
    ]
    assert answer(estate("mailbox list --database none --json")) == []


def test_a_mailbox_must_be_new_and_in_a_database(estate: Casctl) -> None:
    assert "casctl mailbox set alice@example.org" in refused(estate, "mailbox add ALICE@example.org --database DB01")
    assert "needs --database" in refused(estate, "mailbox add bob@example.org")
    assert "there is no database DB9" in refused(estate, "mailbox add bob@example.org --database DB9")
    assert "not an accepted domain" in refused(estate, "mailbox add bob@example.net --database DB01")


def test_only_what_is_given_changes(estate: Casctl) -> None:
    estate("mailbox set alice@example.org --add-proxy sales@example.org --switch pop3=off --switch imap4=default")
    shown = answer(estate("mailbox show alice@example.org --json"))
    assert shown["display_name"] == "Alice"
    assert shown["switches"] == {"pop3": False}
    assert shown["proxy_addresses"] == ["sales@example.org"]


def test_a_mailbox_is_opened_for_users_until_that_is_taken_back(estate: Casctl) -> None:
    estate("mailbox add team@example.org --database DB01 --kind shared")
    estate("mailbox set team@example.org --open-for ALICE@example.org --open-for alice@example.org")
    assert answer(estate("mailbox show team@example.org --json"))["open_for"] == ["alice@example.org"]
    estate("mailbox set alice@example.org --address al@example.org")
    assert answer(estate("mailbox show team@example.org --json"))["open_for"] == ["al@example.org"]
    (opened,) = answer(estate("mailbox show al@example.org --json"))["opens"]
    assert opened["address"] == "team@example.org"
    for address in ("team@example.org", "nobody@example.org"):
        assert "not for" in refused(estate, f"mailbox set team@example.org --open-for {address}")
    assert "is not opened for x@" in refused(estate, "mailbox set team@example.org --not-open-for x@example.org")
    estate("mailbox set team@example.org --not-open-for Al@example.org")
    assert answer(estate("mailbox show al@example.org --json"))["opens"] == []
    estate("mailbox set team@example.org --open-for al@example.org")
    estate("mailbox remove team@example.org")
    assert answer(estate("mailbox show al@example.org --json"))["opens"] == []


def test_the_old_address_stays_with_a_renamed_mailbox(estate: Casctl) -> None:
    estate("mailbox set alice@example.org --address al@example.org")
    assert answer(estate("mailbox show alice@example.org --json"))["address"] == "al@example.org"
    estate("mailbox set al@example.org --remove-proxy ALICE@example.org --upn al@example.org")
    assert estate("mailbox show alice@example.org").exit_code == 1
    assert "no proxy address" in refused(estate, "mailbox set al@example.org --remove-proxy x@example.org")


def test_a_password_is_read_from_a_file_and_kept_as_a_hash(estate: Casctl, ini: Path, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse\n")
    estate(f"mailbox set alice@example.org --password-file {file}")
    connection = connect(ini.parent / "demo" / "directory.sqlite", "ro", 1)
    alice = by_address(connection, "alice@example.org")
    assert alice is not None
    password = password_of(connection, alice.guid)
    assert password is not None
    assert PasswordHasher().verify(password.hash, "correct horse")
    connection.close()
    assert "20" in answer(estate("mailbox show alice@example.org --json"))["password_since"]


def test_a_new_mailbox_may_have_a_password_from_standard_input(estate: Casctl) -> None:
    line = "mailbox add bob@example.org --database DB01 --password-file -"
    assert "the password is empty" in estate(line, input="\n").output
    assert estate(line, input="secret\n").exit_code == 0
    assert answer(estate("mailbox show bob@example.org --json"))["password_since"]


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def test_an_import_adds_what_is_good_and_names_the_lines_that_are_not(estate: Casctl, csv: Path) -> None:
    csv.write_bytes(
        b"\xef\xbb\xbfaddress,database,display_name,proxy_addresses,switches,hidden,guid\n"
        b"bob@example.org,DB01,Bob,b2@example.org; b1@example.org,imap4=off pop3=default,yes,\n"
        b"carol@example.net,DB01,Carol,,,,\n"
        b"dave@example.org,DB9,Dave,,,,\n"
        b"\n"
        b"erin@example.org,DB01\n"
        b"fred@example.org,DB01,Fred,alice@example.org,,,\n"
        b"gina@example.org,DB01,Gina,,imap=off,,\n"
        b"hank@example.org,DB01,Hank,,,maybe,\n"
        b"ivan@example.org,DB01,Ivan,,,,not-a-guid\n"
        b"j\xffrg@example.org,DB01,Joerg,,,,\n"
        b'"kate@example.org","DB01","Kate, of\nTwo Lines",,,,\n'
        b"liam@example.org,DB01,Liam,,,,6f1c0d8e-0000-4000-8000-000000000009\n"
    )
    result = estate(f"mailbox import {csv}")
    assert result.exit_code == 1
    assert result.stdout == "2 added, 0 changed, 0 unchanged, 9 bad\n"
    complaints = dict(line.split(": ", 1) for line in result.stderr.splitlines())
    assert [int(place.rpartition(":")[2]) for place in complaints] == [3, 4, 6, 7, 8, 9, 10, 11, 13]
    assert "taken by alice@example.org" in complaints[f"{csv}:7"]
    assert complaints[f"{csv}:11"] == "it is not in UTF-8: save the file as CSV in UTF-8"
    shown = answer(estate("mailbox show bob@example.org --json"))
    assert (shown["hidden"], shown["switches"]) == (True, {"imap4": False})
    assert shown["proxy_addresses"] == ["b1@example.org", "b2@example.org"]
    assert answer(estate("mailbox show liam@example.org --json"))["guid"].endswith("9")


def test_the_same_file_again_changes_nothing(estate: Casctl, csv: Path) -> None:
    csv.write_text(
        "address,database,proxy_addresses\nbob@example.org,DB01,z@example.org a@example.org\nal@example.org,DB01,\n"
    )
    assert answer(estate(f"mailbox import {csv} --json"))["added"] == 2
    assert answer(estate(f"mailbox import {csv} --json")) == {"added": 0, "changed": 0, "unchanged": 2, "bad": 0}


def test_columns_that_the_file_does_not_have_stay(estate: Casctl, csv: Path) -> None:
    csv.write_text("address,database,hidden\nalice@example.org,DB01,yes\n")
    assert answer(estate(f"mailbox import {csv} --json"))["changed"] == 1
    shown = answer(estate("mailbox show alice@example.org --json"))
    assert (shown["display_name"], shown["hidden"], shown["switches"]) == ("Alice", True, {"imap4": False})


def test_a_guid_finds_a_mailbox_whose_address_changes(estate: Casctl, csv: Path) -> None:
    guid = answer(estate("mailbox show alice@example.org --json"))["guid"]
    csv.write_text(f"guid,address,database\n{guid},al@example.org,DB01\n")
    assert answer(estate(f"mailbox import {csv} --json"))["changed"] == 1
    assert answer(estate("mailbox show al@example.org --json"))["guid"] == guid


def test_an_import_brings_password_hashes(estate: Casctl, csv: Path) -> None:
    encoded = "$argon2id$v=19$m=8\u0024c2FsdHNhbHQ$aGFzaA"
    csv.write_text(f"address,database,password_hash\nalice@example.org,DB01,{encoded}\nbob@example.org,DB01,secret\n")
    result = estate(f"mailbox import {csv}")
    assert result.stdout == "0 added, 1 changed, 0 unchanged, 1 bad\n"
    assert "secret" not in result.stderr
    assert estate(f"mailbox import {csv}").stdout == "0 added, 0 changed, 1 unchanged, 1 bad\n"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "it must name the columns"),
        ("address\n", "it must name the columns"),
        ("address,databse\n", "use database"),
        ('address,database\n"' + "x" * 200_000, "quotation mark"),
        ("address\rdatabase\n", "is this CSV"),
        ("address;database\n", "commas must separate"),
        ("\udcff\udcfea,database\n", "save the file as CSV in UTF-8"),
    ],
)
def test_a_file_that_is_no_list_of_mailboxes_is_refused(
    estate: Casctl, csv: Path, content: str, complaint: str
) -> None:
    csv.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert complaint in refused(estate, f"mailbox import {csv}")


def test_an_interrupted_import_keeps_what_was_committed(
    estate: Casctl, csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casd.casctl.mailbox_import._BATCH", 2)
    rows = [f"user{n}@example.org,DB01" for n in range(5)]
    csv.write_text("\n".join(["address,database", *rows, '"' + "x" * 200_000]))
    assert estate(f"mailbox import {csv}").exit_code == 1
    assert len(answer(estate("mailbox list --json"))) == 1 + 4
    csv.write_text("\n".join(["address,database", *rows]))
    assert answer(estate(f"mailbox import {csv} --json")) == {"added": 1, "changed": 0, "unchanged": 4, "bad": 0}


def test_a_room_is_told_of_in_details(estate: Casctl) -> None:
    estate("mailbox add oak@example.org --database DB01 --kind room --detail office=3.14 --detail capacity=12")
    shown = answer(estate("mailbox show oak@example.org --json"))
    assert (shown["kind"], shown["details"]) == ("room", {"office": "3.14", "capacity": "12"})
    estate("mailbox set oak@example.org --detail office=")
    assert answer(estate("mailbox show oak@example.org --json"))["details"] == {"capacity": "12"}
    assert estate("mailbox set oak@example.org --detail colour=red").exit_code == 2


def test_an_import_brings_details(estate: Casctl, csv: Path) -> None:
    csv.write_text("address,database,kind,title\neve@example.org,DB01,,Head\noak@example.org,DB01,room,\n")
    assert "2 added" in estate(f"mailbox import {csv}").output
    assert "2 unchanged" in estate(f"mailbox import {csv}").output
    assert answer(estate("mailbox show eve@example.org --json"))["details"] == {"title": "Head"}
    assert answer(estate("mailbox show oak@example.org --json"))["kind"] == "room"


def test_an_address_book_that_the_file_does_not_have_is_warned_of(estate: Casctl, ini: Path) -> None:
    line = "mailbox set alice@example.org --address-book Sales"
    assert "has no [oab:Sales]" in estate(line).stderr
    with ini.open("a") as file:
        file.write("[oab:sales]\n")
    assert estate(line).stderr == ""
