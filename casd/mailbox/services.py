"""The services of the Mailbox role, by path."""

from __future__ import annotations

from collections.abc import Mapping

from casd.mailbox import delivery, question, transfer
from casd.mailbox.dispatch import ServiceOfPath
from casd.mailbox.ews import photos
from casd.mailbox.ews import service as ews
from casd.mailbox.owa import service as owa
from casd.mailbox.preview import wopi

SERVICES: Mapping[str, ServiceOfPath] = {
    "/ews/exchange.asmx": ews.serve,
    "/owa": owa.serve,
    "/wopi": wopi.serve,
    "/casd/deliver": delivery.serve,
    "/casd/import": transfer.serve,
    "/casd/export": transfer.serve,
    "/casd/folders": transfer.serve,
    "/casd/photo": photos.serve,
    "/casd/tips": question.tips,
}
"""A path, in lower case, serves all below it too."""
