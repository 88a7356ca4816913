"""Autodiscover: plain XML, SOAP and JSON."""
