"""Tests of what the measurements make of their figures."""
