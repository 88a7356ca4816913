"""One module for what is special about one HTTP path."""
