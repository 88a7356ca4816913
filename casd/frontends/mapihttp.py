"""The door of Outlook over MAPI/HTTP."""

from __future__ import annotations

from attrs import frozen

from casd.frontends.settings import DoorSettings, listeners
from casd.model import Endpoint
from casd.vdirs.mapi import Mapi

VDIRS = (Mapi,)


@frozen(kw_only=True)
class Settings(DoorSettings):
    """Section `[mapihttp]`."""

    listen: tuple[Endpoint, ...] = listeners("")
