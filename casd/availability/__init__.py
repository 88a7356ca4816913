"""When people are free and busy, each asked at the server that has the calendar, in that server's language."""
