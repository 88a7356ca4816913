"""Exchange Web Services of the bundled Mailbox role, served from its store."""
