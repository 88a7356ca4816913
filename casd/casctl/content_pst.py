"""Messages of an Outlook file (PST, OST) as MIME, read by libpff if that is installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import format_datetime
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from casd.directory.sqlite_edit import Mistake

_LINES = re.compile(r"[\r\n\0]+")
_CONTENT = re.compile(r"content-|mime-version", re.IGNORECASE)


def messages(file: Path) -> Iterator[tuple[str, float | None, bytes]]:
    """Yield folder, time of arrival in seconds since 1970 and content of each message."""
    try:
        pypff = import_module("pypff")
    except ImportError:
        raise Mistake(f"{file}: Outlook's files need libpff: pip install 'casd[pst]'") from None
    pst = pypff.file()
    try:
        pst.open(str(file))
    except OSError as error:
        raise Mistake(f"{file} cannot be read: {error}") from error
    try:
        yield from _folder(pst.get_root_folder(), "")
    finally:
        pst.close()


def _folder(folder: Any, path: str) -> Iterator[tuple[str, float | None, bytes]]:
    for message in folder.sub_messages:
        yield path, _seconds(message.delivery_time), _mime(message)
    for inner in folder.sub_folders:
        yield from _folder(inner, _below(path, str(inner.name or "")))


def _below(path: str, name: str) -> str:
    """Return the path of a folder; what stands above the mailbox' own top is left out."""
    if not path and name in {"", "Top of Personal Folders", "Top of Outlook data file", "IPM_SUBTREE"}:
        return ""
    return f"{path}/{name.replace('/', '-')}".lstrip("/")


def _mime(message: Any) -> bytes:
    made = EmailMessage()
    for name, value in _headers(message):
        made[name] = value
    plain, html = (_text(each) for each in (message.plain_text_body, message.html_body))
    made.set_content(plain)
    if html:
        made.add_alternative(html, subtype="html")
    for attachment in message.attachments:
        name = str(getattr(attachment, "long_filename", "") or "attachment")
        size = attachment.get_size()
        data = attachment.read_buffer(size) if size else b""
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    _bound(made)
    return bytes(made)


def _bound(made: EmailMessage) -> None:
    """Give a message boundaries that are the same each time: else it would be another each time it is imported."""
    digest = sha256()
    for leaf in made.walk():
        payload = leaf.get_payload(decode=True)
        digest.update(payload if isinstance(payload, bytes) else b"")
    for number, part in enumerate(made.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{number}_{digest.hexdigest()[:40]}")


def _headers(message: Any) -> Iterator[tuple[str, str]]:
    """Yield what came over the wire, or, for what never did, what is known of it."""
    said = BytesHeaderParser().parsebytes((message.transport_headers or "").encode("utf-8", "replace"))
    known = {name.lower() for name in said.keys()}  # noqa: SIM118 - a message is no mapping
    for name, value in said.items():
        if not _CONTENT.match(name):
            yield name, _line(value)
    sent = message.client_submit_time
    rest = {
        "Subject": message.subject or "",
        "From": message.sender_name or "",
        "Date": format_datetime(sent.replace(tzinfo=UTC)) if sent else "",
    }
    for name, value in rest.items():
        if value and name.lower() not in known:
            yield name, _line(value)


def _line(value: object) -> str:
    return _LINES.sub(" ", str(value))


def _text(value: str | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""


def _seconds(moment: Any) -> float | None:
    return moment.replace(tzinfo=UTC).timestamp() if moment else None
