"""What stands in files of mail: mbox, Maildir, EML, iCalendar, vCard, PST, one entry after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path

from attrs import frozen
from icalendar import Calendar, Component

from casd.casctl import content_pst
from casd.directory.sqlite_edit import Mistake
from casd.mailbox.store import bombs

HOMES = {"mail": "Inbox", "appointment": "Calendar", "task": "Tasks", "contact": "Contacts"}
"""Where an entry goes that comes from no folder, by its kind."""

_SUFFIXES = frozenset((".eml", ".mbox", ".mbx", ".ics", ".vcf", ".pst", ".ost"))

_TITLE = re.compile(rb"^(?:Subject|SUMMARY|FN)(?:;[^:\r\n]*)?:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)

_SEPARATOR = re.compile(rb"From .*\d\d:\d\d.*\d{4}\s*$")
"""With a time and a year at its end: many programs quote no line of a text that begins with From."""


@frozen
class Entry:
    """One thing to import. `folder` is a path below the top of the mailbox, empty: none in particular.

    `received` is in seconds since 1970; `size` how much of its file it was.
    """

    kind: str
    content: bytes
    size: int
    folder: str = ""
    received: float | None = None
    read: bool = True
    flagged: bool = False

    @property
    def digest(self) -> str:
        """What says whether it was imported before."""
        return sha256(f"{self.kind}\0{self.folder}\0".encode() + self.content).hexdigest()

    @property
    def title(self) -> str:
        """By what people know it: its subject or name."""
        named = _TITLE.search(self.content)
        text = named[1].decode("utf-8", "replace").strip() if named else ""
        return repr(text[:80]) if text else f"{self.kind} without a name"


def size_of(sources: tuple[Path, ...]) -> int:
    """Return the bytes of some files and of all that is in some folders."""
    files = (file for source in sources for file in (source.rglob("*") if source.is_dir() else (source,)))
    return sum(file.stat().st_size for file in files if file.is_file())


def entries(source: Path) -> Iterator[Entry]:
    """Yield what is in a file or folder. Raises `Mistake` for what is none of the formats."""
    if source.is_dir():
        yield from _folder(source, "")
    else:
        yield from _file(source, "")


def _folder(source: Path, path: str) -> Iterator[Entry]:
    if (source / "cur").is_dir():
        yield from _maildir(source, path)
    for inner in sorted(source.iterdir()):
        if inner.is_dir() and inner.name not in {"cur", "new", "tmp"}:
            name = inner.name.lstrip(".").replace(".", "/") if (inner / "cur").is_dir() else inner.name
            yield from _folder(inner, f"{path}/{name}".lstrip("/"))
        elif inner.suffix.lower() in _SUFFIXES:
            yield from _file(inner, path)


def _file(source: Path, path: str) -> Iterator[Entry]:
    suffix = source.suffix.lower()
    if suffix in {".pst", ".ost"}:
        for folder, received, content in content_pst.messages(source):
            yield Entry("mail", content, len(content), f"{path}/{folder}".lstrip("/"), received)
        return
    with source.open("rb") as file:
        begin = file.read(64).lstrip(b"\xef\xbb\xbf \r\n")
    if begin.startswith(b"From "):
        yield from _mbox(source, path)
    elif begin[:15].upper() == b"BEGIN:VCALENDAR":
        yield from _calendar(source.read_bytes(), path)
    elif begin[:11].upper() == b"BEGIN:VCARD":
        yield from _cards(source.read_bytes(), path)
    elif suffix == ".eml" or re.match(rb"[!-9;-~]+:", begin):
        content = source.read_bytes()
        yield Entry("mail", content, len(content), path, _dated(content))
    else:
        raise Mistake(f"{source} is neither mbox, EML, iCalendar, vCard nor PST")


def _mbox(source: Path, path: str) -> Iterator[Entry]:
    """Yield the messages of an mbox, whose lines `>From ` have lost a bracket again (mboxrd)."""
    with source.open("rb") as file:
        message: list[bytes] = []
        blank = True
        for line in file:
            if blank and message and _SEPARATOR.match(line):
                yield _from_mbox(message, path)
                message = []
            message.append(line)
            blank = not line.strip()
        if message:
            yield _from_mbox(message, path)


def _from_mbox(lines: list[bytes], path: str) -> Entry:
    body = [line[1:] if re.match(rb">+From ", line) else line for line in lines[1:]]
    if body and not body[-1].strip():
        body.pop()
    content = b"".join(body)
    head = BytesHeaderParser().parsebytes(content)
    status = f"{head.get('Status', 'R')}{head.get('X-Status', '')}"
    return Entry("mail", content, sum(map(len, lines)), path, _dated(content), "R" in status, "F" in status)


def _maildir(source: Path, path: str) -> Iterator[Entry]:
    for place in ("new", "cur"):
        for file in sorted((source / place).glob("*")):
            flags = file.name.partition(":2,")[2]
            content = file.read_bytes()
            came = re.match(r"\d{9,10}(?=\.)", file.name)
            received = float(came[0]) if came else file.stat().st_mtime
            yield Entry("mail", content, len(content), path, received, "S" in flags, "F" in flags)


def _calendar(content: bytes, path: str) -> Iterator[Entry]:
    """Yield each event with its exceptions, and each task, as a calendar of its own, with all time zones."""
    try:
        bombs.check(content)
        whole = Calendar.from_ical(content)
    except ValueError as error:
        raise Mistake(f"this is not iCalendar: {error}") from error
    zones = list(whole.walk("VTIMEZONE"))
    for name, kind in (("VEVENT", "appointment"), ("VTODO", "task")):
        series: dict[str, list[Component]] = {}
        for number, component in enumerate(whole.walk(name)):
            series.setdefault(str(component.get("UID", number)), []).append(component)
        for components in series.values():
            one = Calendar()
            one.add("PRODID", "-//casd//import//EN")
            one.add("VERSION", "2.0")
            for part in (*zones, *components):
                one.add_component(part)
            own = bytes(one.to_ical())
            yield Entry(kind, own, len(own), path)


def _cards(content: bytes, path: str) -> Iterator[Entry]:
    for card in re.findall(rb"BEGIN:VCARD.*?\nEND:VCARD\r?\n?", content, re.DOTALL | re.IGNORECASE):
        yield Entry("contact", card, len(card), path)


def _dated(content: bytes) -> float | None:
    """Return when a message came, as its first Received says, or else when it was sent."""
    head = BytesHeaderParser().parsebytes(content)
    for line in (str(head.get("Received", "")).rpartition(";")[2], str(head.get("Date", ""))):
        try:
            date = parsedate_to_datetime(line.strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    return None


def stamp(received: float) -> datetime:
    """Return a time for people and files."""
    return datetime.fromtimestamp(received, UTC)
