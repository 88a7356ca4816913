"""Access tokens open one attachment for a while, and proofs come from the office server."""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from protocols import handover, wopi
from protocols.wopi import Access, BadToken, Proof, ProofKeys
from protocols.wopi_discovery import BadDiscovery, parse

KEYS = {"1": b"k" * 32}
NOON = 1_800_000_000
ACCESS = Access("mbx1", "1", NOON + 60, "alice@example.org", "guid", "attachment", "https://mail.example.org")
URL = "https://mail.example.org/wopi/files/attachment?access_token=t"


def test_a_token_says_what_it_opens() -> None:
    token = wopi.issue(ACCESS, KEYS["1"])
    assert wopi.read(token) == wopi.verify(token, KEYS, NOON) == ACCESS


def changed(token: str, **instead: object) -> str:
    said, _, signature = token.partition(".")
    assert urlsafe_b64decode(said)
    whole = wopi.issue(ACCESS._replace(**instead), b"another")  # type: ignore[arg-type]
    return f"{whole.partition('.')[0]}.{signature}"


@pytest.mark.negative
@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: changed(token, attachment="another"),
        lambda token: changed(token, user="bob@example.org"),
        lambda token: changed(token, expires=NOON + 9999),
        lambda token: changed(token, key_id="2"),
        lambda token: token[:-2] + "AA",
        lambda token: token.partition(".")[0],
        lambda token: "",
        lambda token: "é.é",
        lambda token: urlsafe_b64encode(b"[" * 40_000).decode(),
        lambda token: urlsafe_b64encode(b'["short"]').decode() + ".x",
        lambda token: urlsafe_b64encode(b'[1, 2, "3", 4, 5, 6, 7]').decode() + ".x",
        lambda token: wopi.issue(ACCESS, b"x" * 32),
    ],
)
def test_a_token_that_is_not_ours_opens_nothing(spoil: Callable[[str], str]) -> None:
    with pytest.raises(BadToken):
        wopi.verify(spoil(wopi.issue(ACCESS, KEYS["1"])), KEYS, NOON)


@pytest.mark.negative
def test_a_token_opens_nothing_after_its_time() -> None:
    token = wopi.issue(ACCESS, KEYS["1"])
    assert wopi.verify(token, KEYS, NOON + 59)
    with pytest.raises(BadToken, match="expired"):
        wopi.verify(token, KEYS, NOON + 60)


@pytest.mark.negative
def test_what_a_hand_over_key_signs_elsewhere_is_no_token() -> None:
    said = urlsafe_b64encode(b"x")
    assert b64decode(handover._mac(KEYS["1"], said)) != urlsafe_b64decode(wopi._mac(KEYS["1"], said))


@cache
def private(_name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def signed(key: rsa.RSAPrivateKey, ticks: int, token: str = "t", url: str = URL) -> bytes:
    whole = b""
    for part in (token.encode(), url.upper().encode(), struct.pack(">q", ticks)):
        whole += struct.pack(">I", len(part)) + part
    return key.sign(whole, PKCS1v15(), SHA256())


def ticks(moment: int) -> int:
    return 621_355_968_000_000_000 + moment * 10_000_000


def proved(present: str, before: str, *, age: int = 0, token: str = "t", url: str = URL) -> bool:
    at = ticks(NOON - age)
    proof = Proof(signed(private(present), at), signed(private(before), at), at)
    keys = ProofKeys(private("present").public_key(), private("before").public_key())
    return wopi.proved(proof, keys, token, url, NOON)


@pytest.mark.parametrize(
    ("present", "before", "good"),
    [
        ("present", "before", True),
        ("next", "present", True),  # it has a new key that we have not read yet
        ("before", "other", True),  # we have a new key that it does not use yet
        ("other", "before", False),
        ("other", "another", False),
    ],
)
def test_a_proof_is_by_a_key_of_the_office_server(present: str, before: str, good: bool) -> None:
    assert proved(present, before) is good


@pytest.mark.negative
@pytest.mark.parametrize("how", [{"age": 21 * 60}, {"token": "another"}, {"url": URL + "&more"}])
def test_a_proof_is_of_this_request_and_not_old(how: dict[str, object]) -> None:
    assert proved("present", "before", **how) is False  # type: ignore[arg-type]


def test_a_proof_is_read_from_three_fields() -> None:
    fields = {"x-wopi-proof": "YQ==", "x-wopi-proofold": "Yg==", "x-wopi-timestamp": "7"}
    assert Proof.read(fields) == Proof(b"a", b"b", 7)
    for name in fields:
        assert Proof.read({**fields, name: "?"}) is None
        assert Proof.read({each: value for each, value in fields.items() if each != name}) is None


def discovery(actions: str, keys: str = "", zone: str = "external-https") -> bytes:
    app = f'<net-zone name="{zone}"><app name="Word">{actions}</app></net-zone>'
    return f"<wopi-discovery>{app}{keys}</wopi-discovery>".encode()


def test_what_an_office_server_shows_is_read_with_what_is_optional_left_out() -> None:
    found = parse(
        discovery(
            '<action name="edit" ext="docx" urlsrc="https://o.example/edit?"/>'
            '<action name="view" ext="DOCX" urlsrc="https://o.example/view?&lt;ui=UI_LLCC&amp;&gt;&lt;rs=DC_LLCC&amp;&gt;"/>'
            '<action name="edit" ext="odt" urlsrc="https://o.example/cool.html?"/>'
            '<action name="view" ext="xlsx" urlsrc="https://o.example/x"/>'
            '<action name="view" ext="pptx" urlsrc="https://o.example/p?a=b"/>'
            '<action name="convert" ext="doc" urlsrc="https://o.example/c?"/>'
        )
    )
    assert found.actions == {
        ".docx": "https://o.example/view?",
        ".odt": "https://o.example/cool.html?",
        ".xlsx": "https://o.example/x?",
        ".pptx": "https://o.example/p?a=b&",
    }
    assert found.keys is None


def test_the_keys_of_proofs_are_read() -> None:
    numbers = private("present").public_key().public_numbers()
    modulus, exponent = (
        b64encode(value.to_bytes(size, "big")).decode() for value, size in ((numbers.n, 256), (numbers.e, 3))
    )
    keys = f'<proof-key modulus="{modulus}" exponent="{exponent}" oldmodulus="{modulus}" oldexponent="{exponent}"/>'
    found = parse(discovery("", keys))
    assert found.keys is not None
    assert found.keys.before.public_numbers() == numbers


@pytest.mark.parametrize(
    "document",
    [b"", b"<wopi-discovery/>", b"no xml", discovery("", '<proof-key modulus="x"/>'), discovery("", "<proof-key/>")],
)
def test_what_is_no_discovery_document_is_refused(document: bytes) -> None:
    with pytest.raises(BadDiscovery):
        parse(document)


def test_a_discovery_document_brings_in_nothing_from_elsewhere() -> None:
    evil = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + discovery(
        '<action name="view" ext="docx" urlsrc="&x;"/>'
    )
    with pytest.raises(BadDiscovery):
        parse(evil)
