"""Whom casd is measured against: one proxy in each file."""
