"""casd, the open Client Access Server."""
