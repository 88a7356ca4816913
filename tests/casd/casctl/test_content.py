from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from casd.casctl import content, control
from casd.casctl.content_entries import entries
from casd.casctl.control import Control
from casd.directory.sqlite_edit import Mistake
from casd.mailbox import transfer
from casd.model import Server as Named
from tests.casd.casctl.conftest import Casctl, answer
from tests.casd.mailbox.conversation import ALICE_ASKS, KEYS, Server
from tests.casd.mailbox.store.world import APPOINTMENT, CONTACT, NOON, TASK, mail, result

MBOX = (
    b"From bob@example.org Sat Mar  9 16:00:00 2024\n"
    b"Status: RO\nX-Status: F\nDate: Sat, 02 Mar 2024 10:00:00 +0100\nSubject: one\n\n"
    b"first\n>From here\n\nFrom there, too\n\n"
    b"From bob@example.org Sat Mar  9 16:00:00 2024\nStatus: O\nSubject: two\n\nsecond\n"
)
CALENDAR = APPOINTMENT[: APPOINTMENT.index(b"END:VCALENDAR")] + TASK[TASK.index(b"BEGIN:VTODO") :]


class Line:
    """casctl's connection to a mailbox server of the unit tests."""

    def __init__(self, server: Server) -> None:
        self.server, self.targets, self.fail_after = server, list[str](), 1000

    def connect(self, _server: Named) -> Line:
        return self

    def request(self, method: str, target: str, body: str, headers: dict[str, str]) -> None:
        if len(self.targets) == self.fail_after:
            raise ConnectionResetError("the line is down")
        self.targets.append(target)
        self.server.channel.dataReceived(
            f"{method} {target} HTTP/1.1\r\nHost: x\r\nX-CASD-Identity: {headers['X-CASD-Identity']}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )

    def getresponse(self) -> Any:
        found = self.server.answer()
        return SimpleNamespace(
            status=found.status, read=lambda: found.body, getheader=lambda name: found.headers.get(name.lower())
        )

    def close(self) -> None:
        pass


@pytest.fixture
def line(estate: Casctl, ini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    (tmp_path / "store").mkdir()
    services = {f"/casd/{name}": transfer.serve for name in ("import", "export", "folders")}
    found = Line(Server(tmp_path / "store", services, "DB01"))
    monkeypatch.setattr(Control, "_connect", found.connect)
    monkeypatch.setattr(control, "read_keys", lambda _file: KEYS)
    monkeypatch.setattr(control.time, "time", lambda: NOON)
    (ini.parent / "demo").mkdir(exist_ok=True)
    for name in ("client.pem", "client.key"):
        (ini.parent / "demo" / name).touch(mode=0o600)
    (ini.parent / "demo" / "keys").mkdir()
    return found


def exported(casctl: Casctl, target: Path, form: str = "eml") -> dict[str, list[bytes]]:
    assert casctl(f"content export alice@example.org {target} --format {form}").exit_code == 0
    files = [file for file in sorted(target.rglob("*")) if file.is_file() and not file.name.startswith(".")]
    found: dict[str, list[bytes]] = {}
    for file in files:
        found.setdefault(str(file.parent.relative_to(target)), []).append(file.read_bytes())
    return found


def imported(casctl: Casctl, *sources: Path, options: str = "") -> dict[str, int]:
    names = " ".join(map(str, sources))
    found: dict[str, int] = answer(casctl(f"content import alice@example.org {names} {options} --json"))
    return found


def test_files_of_all_kinds_go_where_they_belong_and_come_out_again(estate: Casctl, line: Line, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "Projects" / "Old").mkdir(parents=True)
    (source / "Projects" / "Old" / "a.eml").write_bytes(mail("a"))
    (source / "Projects" / "notes.doc").write_bytes(b"not mail")
    (source / "people.vcf").write_bytes(CONTACT * 2 + CONTACT.replace(b"card-1", b"card-2"))
    (source / "calendar.ics").write_bytes(CALENDAR)
    (source / "in.mbox").write_bytes(MBOX)
    assert imported(estate, source) == {"imported": 7, "known": 1, "bad": 0}
    found = exported(estate, tmp_path / "out")
    assert set(found) == {"Inbox", "Projects/Old", "Contacts", "Calendar", "Tasks"}
    assert found["Projects/Old"] == [mail("a")]
    assert CONTACT in found["Contacts"]
    assert b"UID:meeting-1" in found["Calendar"][0]
    assert b"UID:task-1" in found["Tasks"][0]
    assert len(found["Inbox"]) == 2


def test_what_is_imported_again_is_known(estate: Casctl, line: Line, tmp_path: Path) -> None:
    (tmp_path / "in.mbox").write_bytes(MBOX)
    assert imported(estate, tmp_path / "in.mbox") == {"imported": 2, "known": 0, "bad": 0}
    assert imported(estate, tmp_path / "in.mbox") == {"imported": 0, "known": 2, "bad": 0}
    assert imported(estate, tmp_path / "in.mbox", options="--folder Archive/2024")["imported"] == 2
    assert set(exported(estate, tmp_path / "out")) == {"Inbox", "Archive/2024"}


def test_an_import_that_was_interrupted_is_finished_by_the_same_command(
    estate: Casctl, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "_BATCH", 2)
    for number in range(5):
        (tmp_path / f"{number}.eml").write_bytes(mail(f"{number}"))
    line.fail_after = 3
    sources = [tmp_path / f"{number}.eml" for number in range(5)]
    folder = tmp_path / "mails"
    folder.mkdir()
    for source in sources:
        source.rename(folder / source.name)
    result = estate(f"content import alice@example.org {folder}")
    assert result.exit_code == 3
    assert "the line is down" in result.output
    line.fail_after = 1000
    line.server.connect()
    assert imported(estate, folder) == {"imported": 3, "known": 2, "bad": 0}


def test_a_bad_entry_is_named_and_keeps_no_other_out(estate: Casctl, line: Line, tmp_path: Path) -> None:
    bad = b"BEGIN:VCARD\r\nVERSION:3.0\r\nnonsense\r\nEND:VCARD\r\n"
    worse = bad.replace(b"3.0", b"3.0\r\nFN;CHARSET=utf-8:Ann Lee")
    (tmp_path / "people.vcf").write_bytes(bad + worse + CONTACT)
    result = estate(f"content import alice@example.org {tmp_path}/people.vcf")
    assert result.exit_code == 1
    assert "1 imported, 0 known, 2 bad" in result.output
    assert "people.vcf: contact without a name: not a vCard" in result.output
    assert "people.vcf: 'Ann Lee': not a vCard" in result.output


def test_flags_and_times_are_kept(estate: Casctl, line: Line, tmp_path: Path) -> None:
    (tmp_path / "in.mbox").write_bytes(MBOX)
    imported(estate, tmp_path / "in.mbox")
    exported(estate, tmp_path / "maildir", "maildir")
    names = sorted(file.name for file in (tmp_path / "maildir" / "Inbox" / "cur").iterdir())
    assert names[0].startswith(f"{int(datetime(2024, 3, 2, 9, tzinfo=UTC).timestamp())}.")
    assert [name.partition(":2,")[2] for name in names] == ["FS", ""]
    maildir = list(entries(tmp_path / "maildir"))
    assert [(entry.folder, entry.read, entry.flagged) for entry in maildir] == [
        ("Inbox", True, True),
        ("Inbox", False, False),
    ]


def test_an_mbox_that_comes_out_goes_in_again(estate: Casctl, line: Line, tmp_path: Path) -> None:
    (tmp_path / "in.mbox").write_bytes(MBOX)
    imported(estate, tmp_path / "in.mbox")
    (whole,) = exported(estate, tmp_path / "out", "mbox")["Inbox"]
    assert whole.count(b"\n>From here\n") == 1
    again = list(entries(tmp_path / "out" / "Inbox" / "messages.mbox"))
    assert [(entry.read, entry.flagged) for entry in again] == [(True, True), (False, False)]
    assert b"\nFrom here\n\nFrom there, too" in again[0].content


@pytest.mark.parametrize("form", ["eml", "mbox", "maildir"])
def test_an_export_that_was_interrupted_goes_on(
    estate: Casctl, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(transfer, "_BATCH", 2)
    folder = tmp_path / "mails"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.eml").write_bytes(mail(f"{number}"))
    imported(estate, folder)
    line.targets.clear()
    line.fail_after = 3
    command = f"content export alice@example.org {tmp_path}/out --format {form}"
    assert estate(command).exit_code == 3
    if form == "mbox":  # written, but not noted
        with (tmp_path / "out" / "Inbox" / "messages.mbox").open("ab") as file:
            file.write(b"half a mess")
    line.fail_after = 1000
    line.server.connect()
    assert answer(estate(f"{command} --json"))["items"] == 1
    assert answer(estate(f"{command} --json"))["items"] == 0
    assert len(list(entries(tmp_path / "out"))) == 5


def test_names_of_folders_do_no_harm(estate: Casctl, line: Line, tmp_path: Path) -> None:
    state = {"id": "f", "path": "../..\\x/.hidden", "total": 1}
    item = {"arrival": 1, "id": "i", "kind": "mail", "received": 0.0, "read": True, "flagged": False, "content": ""}
    export = content.Export(tmp_path / "out", content.FORMATS["eml"])
    export.write(state, [item])
    (file,) = tmp_path.rglob("*.eml")
    assert file.relative_to(tmp_path / "out").parts == ("_", "__x", "_hidden", "19700101-000000-i.eml")


def test_folders_of_one_name_do_not_write_over_each_other(tmp_path: Path) -> None:
    item = {"arrival": 1, "id": "i", "kind": "mail", "received": 0.0, "read": True, "flagged": False, "content": ""}
    (tmp_path / "c_").mkdir()
    (tmp_path / "c_" / "messages.mbox").write_bytes(b"of another export")
    for folder, path in (("1", "a?"), ("2", "a!"), ("1", "a?"), ("3", "c?")):
        content.Export(tmp_path, content.FORMATS["mbox"]).write({"id": folder, "path": path}, [item])
    sizes = {file.parent.name: file.read_bytes().count(b"Status: RO") for file in tmp_path.rglob("*.mbox")}
    assert sizes == {"a_": 2, "a_ (2)": 1, "c_": 0, "c_ (2)": 1}


def test_what_was_moved_into_a_folder_is_exported_as_new(estate: Casctl, line: Line, tmp_path: Path) -> None:
    (tmp_path / "old.eml").write_bytes(mail("old"))
    imported(estate, tmp_path / "old.eml", options="--folder Archive")
    (tmp_path / "new.eml").write_bytes(mail("new"))
    imported(estate, tmp_path / "new.eml")
    exported(estate, tmp_path / "out")
    with line.server.roster.use("DB01") as database:
        ((item, inbox),) = database.connections.execute(
            "SELECT item.id, home.id FROM item, folder AS home WHERE subject = 'old' AND home.name = 'Inbox'"
        ).fetchall()
        mailbox = next(iter(database._opened.values()))
        result(database.run(mailbox.items.move, item, inbox))
    assert len(exported(estate, tmp_path / "out")["Inbox"]) == 2


def test_what_is_no_mail_is_refused(estate: Casctl, line: Line, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0\1\2")
    assert "neither mbox" in estate(f"content import alice@example.org {tmp_path}/a.bin").output
    (tmp_path / "a.ics").write_bytes(b"BEGIN:VCALENDAR\nnonsense")
    assert "not iCalendar" in estate(f"content import alice@example.org {tmp_path}/a.ics").output
    (tmp_path / "a.ics").write_bytes(CALENDAR.replace(b"BEGIN:VEVENT", b"BEGIN:VEVENT\r\nRRULE:FREQ=DAILY;INTERVAL=0"))
    assert "not iCalendar" in estate(f"content import alice@example.org {tmp_path}/a.ics").output
    assert "no mailbox bob" in estate(f"content import bob@example.org {tmp_path}/a.bin").output


def test_only_the_operator_transfers(line: Line) -> None:
    asked = ALICE_ASKS._replace(target="/casd/export?folder=x&after=0", method="GET")
    assert line.server.ask(asked).status == 403


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("GET", "/casd/import", b"", 405),
        ("POST", "/casd/export", b"", 405),
        ("POST", "/casd/import", b"nonsense", 400),
        ("POST", "/casd/import", b'{"items": [{}]}', 400),
        ("GET", "/casd/export?folder=none&after=0", b"", 400),
        ("GET", "/casd/export", b"", 400),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    line: Line, method: str, target: str, body: bytes, status: int
) -> None:
    asked = ALICE_ASKS._replace(method=method, target=target, mechanism="control")
    assert line.server.ask(asked, body).status == status


class Message:
    delivery_time = client_submit_time = datetime(2024, 3, 9, 12)  # noqa: DTZ001 - as libpff has it
    transport_headers: str | None = None
    subject, sender_name = "Offer\r\nBcc: x", "Bob"
    plain_text_body: bytes | str | None = "Grüße".encode()
    html_body: bytes | None = b"<p>Gr\xc3\xbc\xc3\x9fe"

    def __init__(self, *attachments: Any) -> None:
        self.attachments = attachments


def test_an_outlook_file_is_read_as_mime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attachment = SimpleNamespace(long_filename="a.txt", get_size=lambda: 3, read_buffer=lambda _size: b"abc")
    wired = Message()
    wired.transport_headers = "From: Carol <carol@example.org>\r\nContent-Type: text/weird\r\nSubject: Wired\r\n"
    wired.html_body = None
    inbox = SimpleNamespace(name="Inbox", sub_messages=[Message(attachment), wired], sub_folders=[])
    top = SimpleNamespace(name="Top of Personal Folders", sub_messages=[], sub_folders=[inbox])
    root = SimpleNamespace(name=None, sub_messages=[], sub_folders=[top])
    pst = SimpleNamespace(open=lambda _name: None, get_root_folder=lambda: root, close=lambda: None)
    monkeypatch.setitem(sys.modules, "pypff", SimpleNamespace(file=lambda: pst))
    first, second = entries(tmp_path / "a.pst")
    assert (first.folder, first.received) == ("Inbox", datetime(2024, 3, 9, 12, tzinfo=UTC).timestamp())
    assert b"Subject: Offer Bcc: x\n" in first.content
    assert b'filename="a.txt"' in first.content
    assert b"From: Carol <carol@example.org>" in second.content
    assert b"text/weird" not in second.content
    assert [entry.digest for entry in entries(tmp_path / "a.pst")] == [first.digest, second.digest]


def test_an_outlook_file_needs_libpff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypff", None)
    with pytest.raises(Mistake, match=r"casd\[pst\]"):
        next(entries(tmp_path / "a.pst"))


def test_a_file_that_is_no_outlook_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pst").write_bytes(b"nonsense")
    with pytest.raises(Mistake, match="cannot be read"):
        next(entries(tmp_path / "a.pst"))
