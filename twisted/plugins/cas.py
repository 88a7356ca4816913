"""The twistd commands: `twistd cas` is the front door, `twistd mailbox` a mailbox server by itself."""

from twisted.application.service import ServiceMaker

cas = ServiceMaker(
    "casd front door", "casd.tap", "The Client Access Server: one front door for every mail client.", "cas"
)
mailbox = ServiceMaker("casd mailbox server", "casd.mailbox.tap", "The bundled Mailbox role by itself.", "mailbox")
