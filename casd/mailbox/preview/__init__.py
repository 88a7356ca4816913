"""Attachments shown as pages: converted by processes that can do no harm, kept for who asks again."""
