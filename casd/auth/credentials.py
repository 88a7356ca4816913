"""What a client offered to prove who it is, before anyone has checked it."""

from __future__ import annotations

from attrs import field, frozen


class Denied(Exception):
    """The proof failed. Nobody is told more: an unknown user and a wrong password are the same answer."""


@frozen
class LoginPassword:
    """A login name with its password, by which mechanism, for which realm."""

    login: str
    password: str = field(repr=False)
    mechanism: str = "basic"
    realm: str = ""
