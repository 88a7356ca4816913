"""A configuration file as one checked value, or everything that is wrong with it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from casd import acme, plan
from casd.casctl.provision import provision
from casd.config import BadConfiguration
from casd.model import Endpoint
from casd.oab_book import EVERYBODY
from casd.plan import Plan, read_plan
from tests.casd.casctl.conftest import CHEAP

GOOD = """\
[cas]
name = fe1
[sqlite]
file = directory.sqlite
[forms]
secret = array.secret
[pool]
certificate = client.pem
private key = client.key
keys = keys
[http]
listen = 127.0.0.1:0
plain =
certificate = front.pem
private key = front.key
"""

Read = Callable[..., Plan]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with everything that a configuration may name."""
    folder = tmp_path_factory.mktemp("plan") / "demo"
    provision(folder, hasher=CHEAP)
    return folder


@pytest.fixture
def read(demo: Path, tmp_path: Path) -> Read:
    """Return a reader of the good configuration with lines replaced or added."""
    folder = tmp_path / "demo"
    shutil.copytree(demo, folder)

    def reader(*changes: tuple[str, str], more: str = "") -> Plan:
        content = GOOD
        for old, new in changes:
            assert old in content
            content = content.replace(old, new)
        (folder / "cas.ini").write_text(content + more)
        return read_plan(folder / "cas.ini")

    return reader


def mistakes(read: Read, *changes: tuple[str, str], more: str = "") -> str:
    with pytest.raises(BadConfiguration) as caught:
        read(*changes, more=more)
    return re.sub(r"/[^ :]*/", "", str(caught.value))


def test_a_good_file_becomes_a_plan(read: Read) -> None:
    plan = read(more="[mapihttp]\n[admin]\nlisten = 127.0.0.1:0\n[access]\nmechanisms = basic\n")
    assert (plan.name, plan.drain_time) == ("fe1", 30)
    assert set(plan.doors) == {"http", "mapihttp"}
    assert plan.admin.listen == (Endpoint("127.0.0.1", 0),)
    assert [module.__name__ for module in plan.mechanisms] == ["casd.auth.basic"]
    assert (plan.forms, plan.mailboxes) == (None, {})
    assert plan.directory[0].__name__ == "casd.directory.sqlite"
    assert [pair.certificate.name for pair in plan.tls.pairs] == ["front.pem"]
    assert plan.watch.interval == 5


def test_http2_is_spoken_unless_a_door_leaves_it_out(read: Read) -> None:
    assert read(more="[mapihttp]\n").tls.protocols == ("h2", "http/1.1")
    assert read(more="[mapihttp]\nstreams = 0\n").tls.protocols == ("http/1.1",)


def test_without_a_name_a_front_end_has_its_hosts(read: Read) -> None:
    assert read(("name = fe1\n", "")).name


@pytest.mark.negative
@pytest.mark.parametrize(
    ("changes", "more", "said"),
    [
        ([], "[htpp]\n", "cas.ini:16: [htpp]: unknown section; did you mean 'http'?"),
        ([], "[plan]\n", "[plan]: unknown section"),
        ([], "[access.x]\n", "[access.x]: unknown section"),
        ([], "idle times = 5\n", "cas.ini:16: [http] idle times: unknown key; did you mean 'idle time'?"),
        ([], "idle time = 5\n", "[http] idle time: '5' needs a number and a unit"),
        ([], "[admin]\nlisten = 8444\n", "[admin] listen: '8444' is not address:port"),
        ([("front.pem", "none.pem")], "", "[http] certificate: none.pem cannot be read"),
        ([("front.pem", "cas.ini")], "", "[http] certificate: cas.ini and front.key are no certificate with its key"),
        (
            [("front.key", "client.key")],
            "",
            "[http] certificate: front.pem and client.key are no certificate with its key",
        ),
        ([("client.key", "front.key")], "", "[pool] certificate: client.pem and front.key are no certificate"),
        (
            [("front.pem", "front.pem mbx1.pem")],
            "",
            "[http] private key: 2 certificates need as many private keys, not 1",
        ),
        ([("certificate = front.pem", "certificate =")], "", "[http] certificate: needs a value"),
        ([("array.secret", "password")], "", "[forms] secret: "),
        ([("[sqlite]\nfile = directory.sqlite\n", "")], "", "[sqlite]: needs the key 'file'"),
        (
            [("[pool]\ncertificate = client.pem\nprivate key = client.key\nkeys = keys\n", "")],
            "",
            "[pool]: needs the key",
        ),
        (
            [],
            "[access]\ndirectory = ldapp\n",
            "[access] directory: there is no casd.directory.ldapp; known are: sqlite",
        ),
        ([("plain =", "plain =\nnamespaces =")], "", "[http] namespaces: needs a value"),
        ([], "[access]\ndirectory = pool\n", "[access] directory: there is no casd.directory.pool"),
        ([], "[access]\nmechanisms = basic ntlmx\n", "there is no casd.auth.ntlmx; known are: basic, forms"),
        ([], "[access]\nmechanisms = password\n", "there is no casd.auth.password; known are: basic, forms"),
        ([], "[access]\nversion = 15\n", "[access] version: '15' is not a version"),
        ([], "[accesslog]\nstyle = xml\n", "[accesslog] style: 'xml' is neither text nor json"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_remedy(
    read: Read, changes: list[tuple[str, str]], more: str, said: str
) -> None:
    assert said in mistakes(read, *changes, more=more)


def test_certificates_are_paired_with_keys_in_order(read: Read) -> None:
    plan = read(
        ("certificate = front.pem", "certificate = front.pem mbx1.pem"), ("= front.key", "= front.key\n    mbx1.key")
    )
    assert [(pair.certificate.name, pair.key.name) for pair in plan.tls.pairs] == [
        ("front.pem", "front.key"),
        ("mbx1.pem", "mbx1.key"),
    ]


def test_there_must_be_a_door(read: Read) -> None:
    http = GOOD[GOOD.index("[http]") :]
    assert "there must be a section [http]" in mistakes(read, (http, ""))


@pytest.mark.negative
@pytest.mark.parametrize(
    "more",
    [
        "[admin]\nlisten = 127.0.0.1:8443\n",
        "[mapihttp]\nlisten = 127.0.0.1:8443\n",
    ],
)
def test_two_listeners_on_one_port_refuse_the_start(read: Read, more: str) -> None:
    told = mistakes(read, ("127.0.0.1:0", "127.0.0.1:8443"), more=more)
    assert "127.0.0.1:8443 is taken by [" in told
    assert "choose another port" in told
    assert "is taken by" in mistakes(read, ("127.0.0.1:0", "127.0.0.1:8443"), ("plain =", "plain = 127.0.0.1:8443"))


@pytest.mark.negative
def test_a_secret_that_anyone_may_read_refuses_the_start(read: Read, tmp_path: Path) -> None:
    (tmp_path / "demo" / "array.secret").chmod(0o644)
    assert "holds a secret but anyone may read it: chmod o=" in mistakes(read)


def test_everything_that_is_wrong_is_told_at_once(read: Read) -> None:
    told = mistakes(
        read, ("front.pem", "none.pem"), ("name = fe1", "nam = fe1"), more="[nonsense]\n[admin]\nlisten = x\n"
    )
    assert len(told.splitlines()) == 4


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match=r"none\.ini.*cannot be read"):
        read_plan(tmp_path / "none.ini")


def test_auto_is_a_worker_for_each_processor(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan.os, "sched_getaffinity", lambda _: {0, 2, 5})
    assert read().workers == 1
    assert read(("name = fe1", "name = fe1\nworkers = auto")).workers == 3
    assert read(("name = fe1", "name = fe1\nworkers = 7")).workers == 7
    with pytest.raises(BadConfiguration, match="'many' is not a whole number"):
        read(("name = fe1", "name = fe1\nworkers = many"))


def test_there_are_no_more_workers_than_can_be_told_of_each_other(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan.os, "sched_getaffinity", lambda _: set(range(500)))
    assert read(("name = fe1", "name = fe1\nworkers = auto")).workers == 127
    assert read(("name = fe1", "name = fe1\nworkers = 127")).workers == 127
    with pytest.raises(BadConfiguration, match="'128' is not a whole number from 1 to 127"):
        read(("name = fe1", "name = fe1\nworkers = 128"))


ACME = "[acme]\ndirectory = https://acme.example.net/directory\nagree = yes\n"


def acme_of(*changes: tuple[str, str]) -> list[tuple[str, str]]:
    http = "plain = 127.0.0.1:0\nnamespaces = mail.example.org localhost 127.0.0.1"
    return [
        ("plain =", http),
        ("= front.pem", "= acme/certificate.pem"),
        ("= front.key", "= acme/certificate.pem"),
        *changes,
    ]


@pytest.fixture
def issued(read: Read, tmp_path: Path) -> None:
    """Put a certificate where [acme] brings one."""
    folder = tmp_path / "demo"
    (folder / "acme").mkdir()
    content = (folder / "front.key").read_bytes() + (folder / "front.pem").read_bytes()
    (folder / "acme" / "certificate.pem").write_bytes(content)
    (folder / "acme" / "certificate.pem").chmod(0o600)


@pytest.mark.usefixtures("issued")
def test_an_authority_is_asked_for_public_names(read: Read) -> None:
    plan = read(*acme_of(), more=ACME)
    assert plan.acme
    assert plan.acme_names == ("mail.example.org",)
    assert read(*acme_of(), more=ACME + "names = localhost\n").acme_names == ("localhost",)


@pytest.mark.usefixtures("issued")
def test_an_authority_may_come_to_the_encrypted_port_alone(read: Read) -> None:
    assert read(*acme_of(), more=ACME).tls.challenges is None
    plan = read(*acme_of(("plain = 127.0.0.1:0", "plain =")), more=f"{ACME}challenge = tls-alpn-01\n")
    assert plan.acme
    assert plan.tls.challenges == plan.acme.challenges


def test_without_a_directory_nothing_is_asked_of_any(read: Read) -> None:
    assert read(more="[acme]\n").acme is None


@pytest.mark.usefixtures("issued")
@pytest.mark.parametrize(
    ("changes", "more", "said"),
    [
        (acme_of(), ACME.replace("agree = yes\n", ""), "[acme] agree: say yes if you agree"),
        (
            acme_of(
                ("acme/certificate.pem\nprivate", "front.pem\nprivate"),
                ("key = acme/certificate.pem", "key = front.key"),
            ),
            ACME,
            "begin with `casctl cert self-signed`",
        ),
        (
            acme_of(("plain = 127.0.0.1:0", "plain =")),
            ACME,
            "[http] plain: the authority of [acme] comes by plain HTTP",
        ),
        (
            acme_of(("mail.example.org localhost", "localhost")),
            ACME,
            "[acme] names: [http] namespaces has no public name",
        ),
        (acme_of(), ACME + "names = x.example.org\n", "[acme] names: x.example.org is not in [http] namespaces"),
        (acme_of(), ACME + "challenge = dns-01\n", "[acme] challenge: 'dns-01' is neither http-01 nor tls-alpn-01"),
        (acme_of(), ACME.replace("https:", "http:"), "is not the URL of a directory, for example https:"),
    ],
)
def test_what_an_authority_needs_is_told(read: Read, changes: list[tuple[str, str]], more: str, said: str) -> None:
    assert said in mistakes(read, *changes, more=more)


@pytest.mark.usefixtures("issued")
def test_who_the_authority_knows_already_is_named_with_a_key(read: Read, tmp_path: Path) -> None:
    file = tmp_path / "demo" / "hmac"
    file.touch(0o600)
    file.write_text("x" * 32 + "\n")
    both = ACME + "eab key id = kid-1\neab hmac = hmac\n"
    found = read(*acme_of(), more=both).acme
    assert found
    assert acme.read_hmac(found.eab_hmac) == "x" * 32
    for alone in "eab key id = kid-1\n", "eab hmac = hmac\n":
        assert "name both, or none" in mistakes(read, *acme_of(), more=ACME + alone)
    file.write_text("not/base64url")
    assert "[acme] eab hmac: hmac holds no key in base64url" in mistakes(read, *acme_of(), more=both)
    file.chmod(0o644)
    assert "holds a secret but anyone may read it" in mistakes(read, *acme_of(), more=both)


@pytest.mark.usefixtures("issued")
@pytest.mark.negative
@pytest.mark.parametrize("more", ["", "account key = acme/account.key\n"])
def test_an_account_that_anyone_may_use_is_refused(read: Read, tmp_path: Path, more: str) -> None:
    key = tmp_path / "demo" / "acme" / "account.key"
    assert read(*acme_of(), more=ACME + more).acme
    key.write_text("secret")
    key.chmod(0o644)
    said = mistakes(read, *acme_of(), more=ACME + more)
    assert "[acme] account key: account.key holds a secret but anyone may read it: chmod o=" in said
    key.chmod(0o600)
    assert read(*acme_of(), more=ACME + more).acme


# Offline address books


def test_without_a_section_no_address_books_are_made(read: Read) -> None:
    found = read()
    assert (found.oab, found.books) == (None, ())


def test_with_a_section_there_is_a_book_with_everybody_unless_others_are_named(read: Read) -> None:
    assert read(more="[oab]\n").books == (EVERYBODY,)
    named = read(more="[oab]\n[oab:Tenant]\ndomains = tenant.example\n[oab:All]\n").books
    assert [book.name for book in named] == ["Tenant", "All"]


def test_a_book_needs_the_section_that_has_books_made(read: Read) -> None:
    with pytest.raises(BadConfiguration, match=r"\[oab:All\]: .* a section \[oab\]: add it"):
        read(more="[oab:All]\n")


def test_two_books_have_two_guids(read: Read) -> None:
    with pytest.raises(BadConfiguration, match=r"\[oab:all\] guid: \[oab:All\] has the GUID"):
        read(more="[oab]\n[oab:All]\n[oab:all]\n")


def test_a_directory_that_records_nothing_has_no_address_books(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casd.directory.sqlite.Directory", object)
    with pytest.raises(BadConfiguration, match="records no generations"):
        read(more="[oab]\n")


def test_6_1_a_generation_is_made_every_eight_hours_unless_it_is_said_otherwise(read: Read) -> None:
    settings = read(more="[oab]\n").oab
    assert settings is not None
    assert (settings.interval, settings.keep) == (8 * 3600, 7 * 24 * 3600)


# Free and busy times


def test_an_account_for_free_and_busy_times_is_read_before_it_is_needed(read: Read, tmp_path: Path) -> None:
    accounts = tmp_path / "demo" / "accounts"
    accounts.mkdir()
    good = accounts / "sogo1.account"
    good.write_text("user = casd\npassword = secret\n")
    good.chmod(0o600)
    assert read(more="[availability]\naccounts = accounts\n").availability.accounts == accounts
    for line in ("usr = casd", "language = latin"):
        good.write_text(line)
        with pytest.raises(BadConfiguration, match=r"\[availability\] accounts"):
            read(more="[availability]\naccounts = accounts\n")
