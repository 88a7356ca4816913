"""Pure wire formats: bytes to values and values to bytes, with no transport, clock or policy."""
