"""Web mail from the Mailbox role."""
