"""The directory in memory and on disk."""
