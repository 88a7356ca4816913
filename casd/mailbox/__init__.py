"""The bundled Mailbox role: a server like any other, reached over a socket."""
