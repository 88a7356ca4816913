"""The command that administrators type."""
