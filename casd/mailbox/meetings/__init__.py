"""Meetings among mailboxes: invitations, answers, updates and cancellations as iTIP (RFC 5546) in mail."""
