"""check, why, status: what casctl says without changing anything."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import pytest

from casd.testing import layout
from tests.casd.casctl.conftest import Casctl, answer


def test_a_good_configuration_is_called_good(demo: Casctl, ini: Path) -> None:
    assert demo("check").output == f"{ini} is good\n"
    assert answer(demo("check --json")) == {"good": True, "problems": [], "warnings": []}


def test_what_the_directory_does_not_know_is_told_and_is_no_problem_yet(demo: Casctl, ini: Path) -> None:
    lines = [
        "[access]",
        "site = Moon",
        "[oab]",
        "folder = oab",
        "[oab:tenant]",
        "domains = example.net",
        "sites = Main",
    ]
    section = layout.mailbox_servers({"mbx1": 9443, "mbx2": 9444, "front": 8443})["mailbox:mbx1"]
    lines += ["[mailbox:mbx9]", *(f"{name} = {value}" for name, value in {**section, "mount": "DB01 DB9"}.items())]
    with ini.open("a") as file:
        file.write("\n".join(lines))
    result = demo("check")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "[access] site: the directory has no site Moon; casctl site list shows what there is",
        "[mailbox:NAME]: the directory has no server mbx9; casctl server list shows what there is",
        "[mailbox:mbx9] mount: the directory has no database DB9; casctl database list shows what there is",
        "[oab:tenant] domains: the directory has no domain example.net; casctl domain list shows what there is",
        f"{ini} is good",
    ]


def test_mailbox_servers_by_themselves_are_checked_without_a_front_end(demo: Casctl, ini: Path) -> None:
    section = layout.mailbox_servers({"mbx1": 9443, "mbx2": 9444, "front": 8443})["mailbox:mbx1"]
    lines = ["[mailbox:mbx1]", *(f"{name} = {value}" for name, value in section.items())]
    ini.write_text("\n".join(lines))
    assert demo("check").output == f"{ini} is good\n"
    ini.write_text("\n".join(lines).replace("mount", "mnt"))
    result = demo("check")
    assert result.exit_code == 1
    assert "did you mean 'mount'?" in result.output
    ini.write_text("\n".join(lines).replace("demo/mbx1.key", "demo/mbx2.key"))
    assert "the key is that of another certificate" in demo("check").output


def test_a_directory_that_cannot_be_read_is_told(demo: Casctl, ini: Path) -> None:
    (ini.parent / "demo" / "directory.sqlite").write_bytes(b"rubbish" * 1000)
    result = demo("check")
    assert result.exit_code == 0
    assert "the directory cannot be read: " in result.output


def test_every_problem_of_a_bad_one_is_named(demo: Casctl, ini: Path) -> None:
    ini.write_text(ini.read_text().replace("[forms]", "[formz]").replace("8444", "8443"))
    result = demo("check")
    assert result.exit_code == 1
    assert f"{ini}:6: [formz]: unknown section" in result.output
    result = demo("check --json")
    assert result.exit_code == 1
    assert {problem["section"] for problem in json.loads(result.stdout)["problems"]} >= {"formz"}


def test_why_prints_the_decision_step_by_step(demo: Casctl) -> None:
    lines = demo("why alice@example.org --protocol ews").output.splitlines()
    assert lines[0] == "anchor user~alice@example.org from the authenticated user"
    assert lines[-1] == "proxy to mbx1 at 127.0.0.1:9443"


def test_why_follows_an_anchor(demo: Casctl) -> None:
    told = answer(demo("why alice@example.org --protocol ews --anchor dave@example.org --json"))
    assert (told["decision"], told["server"], told["database"]) == ("proxy", "mbx2", "DB02")
    guid = answer(demo("mailbox show carol@example.org --json"))["guid"]
    told = answer(demo(f"why alice@example.org --protocol mapi --anchor {guid}@example.org --json"))
    assert told["server"] == "mbx2"


def test_why_ignores_a_header_that_names_nobody_but_not_a_path(demo: Casctl) -> None:
    line = "why alice@example.org --anchor eve@example.org --json --protocol"
    assert answer(demo(f"{line} ews"))["server"] == "mbx1"
    assert answer(demo(f"{line} owa"))["word"] == "UserNotFound"


def test_why_tells_of_a_redirect(demo: Casctl) -> None:
    demo("site add Moon --namespace moon.example.org --external-url https://moon.example.org --redirect")
    demo("server set mbx2 --site Moon")
    demo("site set Main --no-redirect")
    told = answer(demo("why dave@example.org --protocol owa --from 192.0.2.7 --json"))
    assert (told["decision"], told.get("url")) == ("redirect", "https://moon.example.org")


def test_why_knows_who_cannot_sign_in(demo: Casctl) -> None:
    result = demo("why eve@example.org --protocol ews")
    assert result.exit_code == 1
    assert "cannot sign in" in result.output
    assert demo("why alice@example.org --protocol ews --from here").exit_code == 2


def test_autodiscover_prints_what_a_client_gets_and_why(demo: Casctl) -> None:
    told = demo("autodiscover alice@example.org --client thunderbird").output
    sections, _, because = told.partition("\nbecause:\n")
    assert [line for line in sections.splitlines() if line[0] != " "] == ["EXCH", "EXPR", "WEB"]
    assert "    EwsUrl                 https://localhost:8443/EWS/Exchange.asmx" in sections
    assert "    mbx1 offers ews owa" in because


@pytest.mark.parametrize(
    ("line", "sections"),
    [
        ("alice@example.org", ["EXCH", "EXPR", "EXHTTP", "EXHTTP", "WEB"]),
        ("alice@example.org --external", ["EXCH", "EXPR", "EXHTTP", "EXHTTP", "WEB"]),
        ("dave@example.org", ["mapiHttp", "EXHTTP", "EXHTTP", "WEB"]),
        ("dave@example.org --client phone", ["MobileSync"]),
        ("alice@example.org --client phone", ["error 501"]),
        ("eve@example.org", ["error 500"]),
        ("eve@elsewhere.example --client phone", ["error 500"]),
        ("eve@there.example", ["redirectUrl"]),
        ("eve@other.example", ["redirectAddr"]),
    ],
)
def test_autodiscover_knows_each_client(demo: Casctl, line: str, sections: list[str]) -> None:
    demo("server set mbx2 --kind exchange")
    demo("site set Main --internal-url https://in.example.org")
    demo("partner add there.example --autodiscover https://there.example/autodiscover/autodiscover.xml")
    demo("partner add other.example --autodiscover user@there.example")
    told = answer(demo(f"autodiscover {line} --json"))
    assert [each["section"] for each in told["told"]] == sections
    assert told["trace"]


def test_autodiscover_names_hosts_for_which_this_front_end_does_not_answer(demo: Casctl) -> None:
    assert answer(demo("autodiscover alice@example.org --json"))["elsewhere"] == []
    demo("site set Main --external-url https://front.example.net")
    assert demo("autodiscover alice@example.org").output.endswith("([http] namespaces): front.example.net\n")


def test_autodiscover_without_anything_to_tell_is_an_error_to_the_client(demo: Casctl) -> None:
    demo("mailbox set alice@example.org --switch ews=off --switch owa=off")
    assert "error 501" in demo("autodiscover alice@example.org").output


STATUS = {
    "name": "front1",
    "directory": "up",
    "servers": [{"name": "mbx1", "site": "Main", "version": "15.2"}],
    "databases": [],
    "pools": [],
    "connections": {"http": 3},
    "requests": [],
    "workers": [{"worker": 1, "pid": 7, "state": "up", "connections": 3, "requests": 0}],
}


class FakeFront:
    """An admin listener."""

    status = 200

    def __init__(self, host: str, port: int, timeout: float) -> None:
        assert (host, port) == ("127.0.0.1", 8444)

    def request(self, method: str, target: str) -> None:
        assert (method, target) == ("GET", "/status")

    def getresponse(self) -> FakeFront:
        return self

    def read(self) -> bytes:
        return json.dumps(STATUS).encode()

    def close(self) -> None:
        pass


class DeadFront(FakeFront):
    def request(self, method: str, target: str) -> None:
        raise ConnectionRefusedError("refused")


class StrangeFront(FakeFront):
    status = 404


def test_status_shows_what_the_front_end_tells(demo: Casctl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http.client, "HTTPConnection", FakeFront)
    text = demo("status").output
    assert "connections  http=3" in text
    assert "servers:\nname  site  version\nmbx1  Main  15.2\n" in text
    assert "workers:\nworker  pid  state  connections  requests\n1       7    up     3            0\n" in text
    assert answer(demo("status --json")) == STATUS


@pytest.mark.parametrize(("front", "words"), [(DeadFront, "is it running?"), (StrangeFront, "answers 404")])
def test_a_front_end_that_does_not_answer_is_down(
    demo: Casctl, monkeypatch: pytest.MonkeyPatch, front: type[FakeFront], words: str
) -> None:
    monkeypatch.setattr(http.client, "HTTPConnection", front)
    result = demo("status")
    assert result.exit_code == 3
    assert words in result.output


def test_a_front_end_without_an_admin_listener_cannot_be_asked(demo: Casctl, ini: Path) -> None:
    ini.write_text(ini.read_text().replace("listen = 127.0.0.1:8444", "listen ="))
    result = demo("status")
    assert result.exit_code == 1
    assert "[admin] listen is empty" in result.output
