"""exchangelib's accounts in an organisation: signed in, and trusting its authority and no other host's."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter


class Trusting(HTTPAdapter):
    """What exchangelib sends requests by: hosts of an organisation are checked by its own authority."""

    authorities: ClassVar[dict[str, str]] = {}

    def send(self, request: Any, *args: Any, **how: Any) -> Any:
        """Send a request."""
        authority = self.authorities.get(urlsplit(request.url).netloc)
        return super().send(request, *args, **(how | {"verify": authority} if authority else how))


def account(address: str, password: str, ews: str, ca: Path) -> Any:
    """Return an `exchangelib.Account`; ModuleNotFoundError says what to install."""
    try:
        exchangelib = import_module("exchangelib")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("accounts are exchangelib's: pip install exchangelib") from error
    Trusting.authorities[urlsplit(ews).netloc] = str(ca)
    protocol = import_module("exchangelib.protocol").BaseProtocol
    if protocol.HTTP_ADAPTER_CLS is HTTPAdapter:  # whoever has chosen another one knows why
        protocol.HTTP_ADAPTER_CLS = Trusting
    configuration = exchangelib.Configuration(
        service_endpoint=ews, credentials=exchangelib.Credentials(address, password), auth_type=exchangelib.BASIC
    )
    return exchangelib.Account(address, config=configuration, access_type=exchangelib.DELEGATE)


def forget(ews: str) -> None:
    """Close what exchangelib keeps open, if an account was made here."""
    if Trusting.authorities.pop(urlsplit(ews).netloc, None):
        import_module("exchangelib").close_connections()
