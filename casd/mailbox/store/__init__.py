"""The store of the Mailbox role: mailbox databases in SQLite, spoken to by values."""
