"""Out of office settings as elements (UserOofSettings)."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from protocols.ews.codecs import choice, parse_moment, show_moment
from protocols.ews.errors import BadDocument
from protocols.ews.markup import Element, child, m, t, text

_STATE = choice("Disabled", "Enabled", "Scheduled")
_AUDIENCE = choice("None", "Known", "All")


@frozen
class OofSettings:
    """What a client says or is told. Times may be naive, for the request's time zone to settle."""

    state: str
    audience: str
    start: datetime | None
    end: datetime | None
    internal: str
    external: str


def address(body: Element) -> str:
    """Return whose settings a request is about. Raises `BadDocument`."""
    mailbox = child(body, "Mailbox")
    if mailbox is None or not text(mailbox, "Address"):
        raise BadDocument("The required element 'Mailbox' with an 'Address' is missing.")
    return text(mailbox, "Address")


def parse(body: Element) -> OofSettings:
    """Return the settings in a SetUserOofSettingsRequest. Raises `BadDocument`."""
    node = child(body, "UserOofSettings")
    if node is None:
        raise BadDocument("The required element 'UserOofSettings' is missing.")
    duration = child(node, "Duration")
    times = [None, None] if duration is None else [text(duration, name) for name in ("StartTime", "EndTime")]
    start, end = (parse_moment(one) if one else None for one in times)
    return OofSettings(
        state=_STATE.constant(text(node, "OofState")),
        audience=_AUDIENCE.constant(text(node, "ExternalAudience")),
        start=start,
        end=end,
        internal=_message(node, "InternalReply"),
        external=_message(node, "ExternalReply"),
    )


def _message(node: Element, name: str) -> str:
    found = child(node, name)
    held = None if found is None else child(found, "Message")
    return "" if held is None else held.text or ""


def write(settings: OofSettings) -> Element:
    """Return the OofSettings of an answer."""
    times = (("StartTime", settings.start), ("EndTime", settings.end))
    duration = [t(name, show_moment(moment)) for name, moment in times if moment is not None]
    return t(
        "OofSettings",
        t("OofState", settings.state),
        t("ExternalAudience", settings.audience),
        t("Duration", duration) if duration else None,
        t("InternalReply", t("Message", settings.internal)),
        t("ExternalReply", t("Message", settings.external)),
    )


def answer(operation: str, code: str = "NoError", words: str = "", settings: Element | None = None) -> Element:
    """Return the answer to one of the two operations, which have no ResponseMessages."""
    message = m(
        "ResponseMessage",
        m("MessageText", words) if words else None,
        m("ResponseCode", code),
        m("DescriptiveLinkKey", "0") if words else None,
        ResponseClass="Success" if code == "NoError" else "Error",
    )
    allowed = None if settings is None else m("AllowExternalOof", "All")
    return m(f"{operation}Response", message, settings, allowed)
