from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from casd.casctl.main import main
from casd.casctl.switches import PROTOCOLS
from casd.registry import module_of
from casd.vdirs.vdir import Vdir
from tests.casd.casctl.conftest import PIN, Casctl, answer, refused


def test_every_noun_explains_itself(casctl: Casctl) -> None:
    context = click.Context(main)
    names = main.list_commands(context)
    assert {"mailbox", "database", "server", "site", "domain", "check", "why", "status", "component", "cert"} <= set(
        names
    )
    for name in names:
        assert casctl(f"{name} --help").exit_code == 0


def test_an_unknown_noun_is_mistyped(casctl: Casctl) -> None:
    assert casctl("mailbocks list").exit_code == 2
    assert casctl("answer").exit_code == 2


def test_every_virtual_directory_can_be_switched() -> None:
    for vdirs in "http", "mapihttp", "rpchttp":
        module = module_of(vdirs)
        for vdir in module.VDIRS:  # type: ignore[union-attr]
            assert issubclass(vdir, Vdir)
            assert vdir.protocol in PROTOCOLS


def test_without_a_directory_the_way_to_one_is_told(casctl: Casctl) -> None:
    assert "casctl organisation init NAME" in refused(casctl, "domain list")
    assert "casctl organisation init NAME" in refused(casctl, "domain add example.org")


def test_without_a_configuration_its_name_is_told(casctl: Casctl, ini: Path) -> None:
    ini.unlink()
    assert "cannot be read" in refused(casctl, "domain list")


def test_a_configuration_without_the_section_says_so(casctl: Casctl, ini: Path) -> None:
    ini.write_text("[cas]\n")
    assert "no section [sqlite]" in refused(casctl, "domain list")
    ini.write_text("[sqlite]\nfiel = x\n")
    assert "did you mean 'file'?" in refused(casctl, "domain list")


def test_a_directory_that_cannot_be_read_is_down(estate: Casctl, ini: Path) -> None:
    (ini.parent / "demo" / "directory.sqlite").write_bytes(b"rubbish" * 1000)
    assert estate("domain list").exit_code == 3
    assert estate("domain add example.net").exit_code == 3


def test_an_organisation_is_made_once_and_changed_later(estate: Casctl) -> None:
    assert "exists already" in refused(estate, "organisation init Other")
    assert estate("organisation set --name Other --default pop3=off --default eas=on").exit_code == 0
    assert answer(estate("organisation show --json")) == {
        "name": "Other",
        "domains": ["example.org"],
        "switches": {"eas": True, "pop3": False},
    }
    estate("organisation set --default pop3=default")
    assert "eas=on\n" in estate("organisation show").output


@pytest.mark.parametrize("word", ["imap=off", "imap4=never", "imap4"])
def test_a_mistyped_switch_says_what_would_be_right(estate: Casctl, word: str) -> None:
    result = estate(f"organisation set --default {word}")
    assert result.exit_code == 2
    assert "imap4" in result.output


def test_domains_come_and_go(estate: Casctl) -> None:
    estate("domain add bücher.example")
    assert answer(estate("domain list --json")) == [{"name": "example.org"}, {"name": "xn--bcher-kva.example"}]
    assert estate("domain remove bücher.example").exit_code == 0
    assert "there are addresses in example.org (1)" in refused(estate, "domain remove example.org")


def test_a_site_is_changed_where_it_is_told_to(estate: Casctl) -> None:
    assert "exists already" in refused(estate, "site add MAIN --namespace x.example.org")
    estate("site set main --external-url https://mail.example.org --redirect")
    assert answer(estate("site show main --json")) == {
        "name": "Main",
        "namespace": "mail.example.org",
        "internal_url": "",
        "external_url": "https://mail.example.org",
        "redirect": True,
    }
    estate("site set main --no-redirect")
    assert answer(estate("site list --json"))[0]["redirect"] is False
    assert "holds the server mbx1" in refused(estate, "site remove Main")
    estate("site add Moon --namespace moon.example.org")
    assert estate("site remove Moon").exit_code == 0


def test_a_server_is_changed_where_it_is_told_to(estate: Casctl, provisioned: Path) -> None:
    authority = provisioned / "ca.pem"
    estate(f"server set mbx1 --version 15.1 --tls-name mbx1.example.org --ca {authority}")
    estate("server set mbx1 --proxy-protocol v2 --kind sogo")
    estate("server set mbx1 --version 15.1")
    assert answer(estate("server show MBX1 --json")) == {
        "name": "mbx1",
        "site": "Main",
        "version": "15.1",
        "endpoints": {"http": "127.0.0.1:9443", "imap4": "127.0.0.1:9993"},
        "tls_name": "mbx1.example.org",
        "ca": authority.read_text(),
        "pin": PIN,
        "proxy_protocol": "v2",
        "kind": "sogo",
    }
    assert "http=127.0.0.1:9443 imap4=127.0.0.1:9993" in estate("server list").output
    assert "holds a copy of the database DB01" in refused(estate, "server remove mbx1")


def test_a_server_that_could_not_be_trusted_is_not_added(estate: Casctl) -> None:
    assert "nothing is sent to a stranger" in refused(estate, "server add mbx2 --site Main --endpoint h:1")
    assert "nothing is sent to a stranger" in refused(estate, f"server add mbx2 --site Main --pin {PIN}")
    assert "exists already" in refused(estate, f"server add mbx1 --site Main --endpoint h:1 --pin {PIN}")


def test_another_organisation_comes_and_goes(estate: Casctl) -> None:
    estate("partner add Partner.Example --autodiscover https://there.example/autodiscover/autodiscover.xml")
    assert "exists already" in refused(estate, "partner add partner.example")
    for nowhere in "http://there.example/", "there.example", "https:///x", "user@":
        assert "begins with https" in refused(estate, f"partner set partner.example --autodiscover {nowhere}")
    assert "in a circle" in refused(estate, "partner set partner.example --autodiscover x@PARTNER.example")
    assert "is an accepted domain" in refused(estate, "partner add example.org")
    estate("partner set partner.example --availability https://there.example/EWS/Exchange.asmx --trust organisation")
    assert answer(estate("partner list --json")) == [answer(estate("partner show PARTNER.example --json"))]
    assert answer(estate("partner show partner.example --json")) == {
        "domain": "partner.example",
        "autodiscover": "https://there.example/autodiscover/autodiscover.xml",
        "availability": "https://there.example/EWS/Exchange.asmx",
        "trust": "organisation",
    }
    estate("partner remove partner.example")
    assert "there is no partner partner.example" in refused(estate, "partner remove partner.example")


def test_a_group_is_added_changed_and_removed(estate: Casctl) -> None:
    estate("group add Staff@example.org --name Staff --member alice@example.org --member x@elsewhere.example")
    shown = answer(estate("group show staff@example.org --json"))
    assert shown["members"] == ["alice@example.org", "x@elsewhere.example"]
    assert shown["legacy_dn"].endswith("-Staff")
    assert "belongs to another group" in refused(estate, "group add staff@example.org")
    assert "is no member" in refused(estate, "group set staff@example.org --remove-member bob@example.org")
    estate("group set staff@example.org --remove-member X@elsewhere.example --rooms")
    assert answer(estate("group list --json"))[0] == {**shown, "members": ["alice@example.org"], "room_list": True}
    estate("group remove staff@example.org")
    assert "there is no group staff@example.org" in refused(estate, "group show staff@example.org")


def test_an_address_is_a_mailbox_or_a_group(estate: Casctl) -> None:
    assert "belongs to a mailbox" in refused(estate, "group add alice@example.org")
    assert "example.net is not an accepted domain" in refused(estate, "group add staff@example.net")
    assert "is not an address such as" in refused(estate, "group add staff@example.org --member nobody")
    estate("group add staff@example.org")
    assert "is taken by the group" in refused(estate, "mailbox add staff@example.org --database DB01")


@pytest.mark.parametrize(
    "words", ["--endpoint host", "--endpoint imap=h:143", "--version 15", "--ca cas.ini", "--pin zz"]
)
def test_a_mistyped_server_says_what_would_be_right(estate: Casctl, ini: Path, words: str) -> None:
    result = estate(f"server set mbx1 {words.replace('cas.ini', str(ini))}")
    assert result.exit_code == 2
    assert "Invalid value" in result.output


def test_a_pin_is_taken_as_openssl_prints_it(estate: Casctl) -> None:
    estate(f"server set mbx1 --pin {':'.join(['AB'] * 32)}")
    assert answer(estate("server show mbx1 --json"))["pin"] == PIN


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://mail.example.org", "https://mail.example.org/owa", "https:///"]
)
def test_a_site_has_urls_that_paths_can_follow(estate: Casctl, url: str) -> None:
    assert "such as https://mail.example.org" in refused(estate, f"site set Main --external-url {url}")
    assert estate("site set Main --internal-url https://mail.example.org/ --namespace in.example.org").exit_code == 0
    assert answer(estate("site show Main --json"))["internal_url"] == "https://mail.example.org"
    assert "'mail_example' is not a domain" in refused(estate, "site set Main --namespace mail_example")


def test_a_database_has_its_copies_by_preference(estate: Casctl) -> None:
    estate(f"server add mbx2 --site Main --endpoint 127.0.0.1:9444 --pin {PIN}")
    assert "active on mbx2" in estate("database add DB02 --copy mbx2 --copy mbx1").output
    assert answer(estate("database show db02 --json"))["copies"] == {"mbx2": 1, "mbx1": 2}
    estate("database set DB02 --copy mbx1:1 --copy mbx2:5")
    estate("database set DB02 --address-book sales")
    shown = answer(estate("database show db02 --json"))
    assert (shown["copies"], shown["address_book"]) == ({"mbx1": 1, "mbx2": 5}, "sales")
    estate("database set DB02 --address-book=")
    assert answer(estate("database show db02 --json"))["address_book"] == ""
    assert "DB02 has no copy on mbx2" in refused(estate, "database set DB02 --copy mbx1")
    assert "needs --copy" in refused(estate, "database add DB03")
    assert "exists already" in refused(estate, "database add db02 --copy mbx1")
    assert estate("database add DB03 --copy mbx1:first").exit_code == 2
    assert estate("database remove DB02").exit_code == 0
    assert [database["name"] for database in answer(estate("database list --json"))] == ["DB01"]
    assert "did you mean DB01?" in refused(estate, "database show DB1")


def test_components_are_set_by_name(estate: Casctl) -> None:
    assert estate("component mapiproxy --state inactive").output == "MapiProxy of front1 is inactive\n"
    estate("component OwaProxy --state active --front front2")
    assert answer(estate("component --json")) == [
        {"front": "front1", "name": "MapiProxy", "active": False},
        {"front": "front2", "name": "OwaProxy", "active": True},
    ]
    assert "MapiProxy" in refused(estate, "component mapi --state active")


@pytest.mark.parametrize("line", ["organisation set", "mailbox set alice@example.org", "database set DB01 --json"])
def test_a_change_of_nothing_is_mistyped(estate: Casctl, line: str) -> None:
    result = estate(line)
    assert result.exit_code == 2
    assert "say what to change: --" in result.output


def test_a_file_that_cannot_be_written_is_told_in_one_line(estate: Casctl, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    output = refused(estate, f"cert init {tmp_path}/file/folder --front mail.example.org --server mbx1")
    assert output == f"Error: {tmp_path}/file/folder/keys: Not a directory\n"


def test_a_member_that_is_nobody_yet_is_warned_of(estate: Casctl) -> None:
    said = "Warning: nobody has the address bob@example.org yet: what is sent to the group does not reach it\n"
    assert estate("group add t@example.org --member alice@example.org --member bob@example.org").stderr == said
    assert estate("group set t@example.org --add-member x@elsewhere.example").stderr == ""
    assert estate("group set t@example.org --add-member bob@example.org").stderr == said


@pytest.mark.parametrize("line", ["domain list", "domain add example.net"])
def test_a_directory_of_somebody_else_is_told(estate: Casctl, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(os, "access", lambda file, _mode: Path(file).name != "directory.sqlite")
    assert "directory.sqlite: Permission denied; run this as the user that casd runs as" in refused(estate, line)
