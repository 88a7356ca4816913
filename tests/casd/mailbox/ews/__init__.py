"""Tests of casd.mailbox.ews."""
