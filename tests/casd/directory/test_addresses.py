from __future__ import annotations

import pytest

from casd.directory.addresses import check_address, check_domain, domain_of, normal_address, normal_domain


def test_letter_case_makes_no_difference() -> None:
    assert normal_address("Alice@Example.ORG") == "alice@example.org"


def test_letters_of_other_scripts_are_folded_too() -> None:
    assert normal_address("STRASSE@example.org") == normal_address("straße@example.org")
    assert normal_address("ΣΊΣΥΦΟΣ@example.org") == normal_address("σίσυφος@example.org")


def test_a_composed_letter_equals_its_parts() -> None:
    assert normal_address("andr\u00e9@example.org") == normal_address("andre\u0301@example.org")


def test_a_domain_is_the_same_in_unicode_and_in_ascii() -> None:
    assert normal_domain("Bücher.example") == normal_domain("XN--bcher-kva.example") == "xn--bcher-kva.example"
    assert domain_of("x@BÜCHER.example") == "xn--bcher-kva.example"


def test_a_very_long_unicode_address_is_refused_before_it_costs_time() -> None:
    with pytest.raises(ValueError, match="at most"):
        normal_address("é" * 400 + "@example.org")


@pytest.mark.parametrize(
    "address",
    ["", "alice", "@example.org", "alice@", "a b@example.org", "a\x1fb@example.org", "a@b@c@-x.org", "a@exa mple.org"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        check_address(address)


@pytest.mark.parametrize("domain", ["", ".", "example..org", "-example.org", "a" * 64 + ".org", "example.org\n"])
def test_what_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="is not a domain"):
        check_domain(domain)


def test_a_good_address_comes_back_normal() -> None:
    assert check_address("Jürgen@Bücher.example") == "jürgen@xn--bcher-kva.example"
