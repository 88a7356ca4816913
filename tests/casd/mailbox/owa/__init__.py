"""Tests of web mail."""
