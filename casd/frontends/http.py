"""The door of browsers, phones and web services: owa, ecp, ews, ActiveSync, autodiscover, oab and api."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from casd.config import endpoints, file, key, secret, several, text
from casd.frontends.settings import DoorSettings, listeners
from casd.model import Endpoint
from casd.vdirs.api import Api
from casd.vdirs.autoconfig import Autoconfig
from casd.vdirs.autodiscover import Autodiscover
from casd.vdirs.eas import Eas
from casd.vdirs.ecp import Ecp
from casd.vdirs.ews import Ews
from casd.vdirs.mobileconfig import Mobileconfig
from casd.vdirs.oab import Oab
from casd.vdirs.owa import Owa
from casd.vdirs.submit import Submit
from casd.vdirs.wellknown import WellKnown
from casd.vdirs.wopi import Wopi

VDIRS = (Owa, Ecp, Ews, Eas, Autodiscover, Oab, Api, Wopi, Submit, Autoconfig, Mobileconfig, WellKnown)


@frozen(kw_only=True)
class Settings(DoorSettings):
    """Section `[http]`."""

    listen: tuple[Endpoint, ...] = listeners("127.0.0.1:8443")
    plain: tuple[Endpoint, ...] = key(
        endpoints, "127.0.0.1:8080", "addresses of plain HTTP, where everything is sent to https"
    )
    namespaces: tuple[str, ...] = key(
        several(text), "localhost", "the names that clients ask for; any other Host is refused"
    )
    certificate: tuple[Path, ...] = key(
        several(file), doc="the certificate chain (PEM) that clients see; of several the one for the name they ask for"
    )
    private_key: tuple[Path, ...] = key(several(secret), doc="its private key (PEM); of several in the same order")
