"""Tests of casd.mailbox.store."""
