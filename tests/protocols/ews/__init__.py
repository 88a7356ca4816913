"""Tests of protocols.ews."""
