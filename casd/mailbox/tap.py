"""Options and makeService of `twistd mailbox`: servers of the Mailbox role without a front end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from twisted.application.service import IService, MultiService
from twisted.python import usage

from casd.certificates import BadCertificate, Pair, read_certificate
from casd.config import BadConfiguration, Ini
from casd.mailbox.server import Settings, service
from casd.net.reactor import choose_reactor, fail_if


class Options(usage.Options):
    """What `twistd mailbox` takes."""

    synopsis = "[--config FILE]"
    optParameters = [["config", "c", "etc/mailbox.ini", "the configuration file"]]  # noqa: RUF012 (Twisted's way)

    def postOptions(self) -> None:
        """Choose the reactor, which must be done before anything imports it; then read the file."""
        choose_reactor()
        try:
            self["servers"] = read_servers(Path(self["config"]).resolve())
        except BadConfiguration as error:
            raise usage.UsageError(f"the configuration is not usable:\n{error}\nNothing was started.") from None


def read_servers(file: Path) -> Mapping[str, Settings]:
    """Return the value of each section `[mailbox:NAME]` by name; `BadConfiguration` names everything that is wrong."""
    ini = Ini.read(file)
    servers = {}
    for section in ini.sections:
        role, _, name = section.partition(":")
        if role != "mailbox" or not name:
            ini.unknown(section, ["mailbox:NAME"])
        elif (settings := ini.take(section, Settings)) is not None:
            servers[name] = settings
            try:
                read_certificate(Pair(settings.certificate, settings.private_key))
            except BadCertificate as error:
                ini.note(section, "certificate", str(error))
    if not ini.sections:
        ini.note("mailbox:NAME", "", "there must be a section for each server, named as the directory calls it")
    ini.finish()
    return servers


def makeService(options: Options) -> IService:
    """Return the service tree of the servers of a file."""
    from twisted.internet import reactor  # noqa: PLC0415, TID251 (one of the two places)

    servers = MultiService()
    for name, settings in options["servers"].items():
        service(name, settings, reactor).setServiceParent(servers)
    fail_if(lambda: any(server.failed for server in servers))
    return servers
