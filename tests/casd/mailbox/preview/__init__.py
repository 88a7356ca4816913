"""Tests of attachments shown as pages."""
