"""One module for each Twisted factory that owns a port."""
