"""Tests of casd.mailbox."""
