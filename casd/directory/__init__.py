"""One module for each source of mailboxes, databases, servers and sites."""
