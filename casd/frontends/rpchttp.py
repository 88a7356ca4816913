"""The door of Outlook Anywhere: RPC over HTTP."""

from __future__ import annotations

from attrs import frozen

from casd.frontends.settings import DoorSettings, listeners
from casd.model import Endpoint
from casd.vdirs.rpc import Rpc

VDIRS = (Rpc,)


@frozen(kw_only=True)
class Settings(DoorSettings):
    """Section `[rpchttp]`."""

    listen: tuple[Endpoint, ...] = listeners("")
