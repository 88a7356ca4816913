"""Tests of what casd gives to the tests of mail clients."""
