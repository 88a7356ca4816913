"""`casctl cert`: what clients are shown, and how it comes to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from attrs import frozen

from casd import acme, config
from casd.casctl.answer import done, table
from casd.casctl.cert_problems import problems
from casd.casctl.credentials import make_credentials
from casd.casctl.invocation import Down, Invocation, Noun
from casd.casctl.named import authority
from casd.casctl.owner import tell_owner, work_for_owner
from casd.casctl.self_signed import key_of, make_self_signed
from casd.certificates import Pair, chosen_by_clients, read_certificate, signing_request
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_edit_topology import check_name
from casd.directory.sqlite_topology import read_topology
from casd.frontends import http as http_door
from casd.model import Topology
from casd.plan import certificates_of, read_plan


@click.group("cert", cls=Noun)
def command() -> None:
    """Certificates and keys."""


@command.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--front", multiple=True, help="A name of the front door.  [repeatable; default: the directory's sites]")
@click.option(
    "--server",
    "servers",
    multiple=True,
    metavar="NAME[=HOST]",
    help="A mailbox server with the name in its certificate.  [repeatable; default: the directory's]",
)
@click.pass_obj
def init(invocation: Invocation, folder: Path, front: tuple[str, ...], servers: tuple[str, ...]) -> None:
    """Make certificates and keys in FOLDER; what is there and still good stays, what is not is made again.

    Copy to each mailbox server its own certificate and key, ca.pem and keys/SERVER.key, and to each front end
    front, client, ca.pem, keys and array.secret. ca.key is needed on neither: keep it apart.
    """
    topology = Topology() if front and servers else _topology(invocation)
    fronts = front or _namespaces(topology)
    names = _named(servers) or {name: (server.tls_name or name,) for name, server in topology.servers.items()}
    if not fronts:
        raise Mistake("what is the front door called? Say --front mail.example.org, or add a site first")
    made = make_credentials(folder, topology.organisation or fronts[0], fronts, names, datetime.now(UTC))
    text = f"made {', '.join(made)}" if made else "all is there, and good"
    done(invocation, f"{folder}: {text}", folder=str(folder), made=made)


@command.command("show")
@click.pass_obj
def show(invocation: Invocation) -> None:
    """Show what is in use: to whom each certificate answers, until when, and by whom it was signed.

    The first that [http] names answers whoever asks for no name of the others.
    """
    plan = read_plan(invocation.config)
    read = [(section, read_certificate(pair)) for section, pair in certificates_of(plan)]
    doors = [certificate for section, certificate in read if section == "http"]
    answers: dict[Pair, list[str]] = {}
    for name in plan.doors["http"][1].namespaces:
        answers.setdefault(chosen_by_clients(doors, name).pair, []).append(name)
    now = datetime.now(UTC)
    records = [
        {
            "section": section,
            "file": each.pair.certificate,
            "key": each.pair.key,
            "names": each.names,
            "answers": answers.get(each.pair, []) if section == "http" else [],
            "issuer": each.issuer,
            "begins": f"{each.begins:%Y-%m-%d}",
            "ends": f"{each.expires:%Y-%m-%d}",
            "days": (each.expires - now).days,
            "fingerprint": each.fingerprint,
        }
        for section, each in read
    ]
    table(invocation, ["section", "file", "ends", "days", "names", "answers", "issuer", "fingerprint"], records)


@command.command("check")
@click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=lambda _ctx, _parameter, file: file and authority(file) and file,
    help="A private authority (PEM) that clients trust beside the public ones.",
)
@click.pass_obj
def check(invocation: Invocation, ca: Path | None) -> None:
    """Check what clients are shown: keys, chains, names, expiry; end with 1 if anything is wrong.

    Every name of [http] namespaces must be answered by a certificate that was made for it.
    """
    http = invocation.section("http", _Shown)
    found = problems(map(Pair, http.certificate, http.private_key), http.namespaces, ca, datetime.now(UTC))
    said = "\n".join(found) or "every name is answered by a good certificate"
    done(invocation, said, good=not found, problems=found)
    if found:
        raise click.exceptions.Exit(1)


@command.command("self-signed")
@click.option("--name", "names", multiple=True, help="A name in it.  [repeatable; default: [http] namespaces]")
@click.pass_obj
def self_signed(invocation: Invocation, names: tuple[str, ...]) -> None:
    """Make the first certificate of [http], with its key, to start with; it vouches for itself.

    No client trusts it unless told to: let [acme] or an authority take its place.
    """
    http = invocation.section("http", _Shown)
    pair = Pair(http.certificate[0], http.private_key[0])
    for file in pair.certificate, pair.key:
        if file.exists():
            raise Mistake(f"{file} is there already: move it away if another is to take its place")
    chosen = names or http.namespaces
    work_for_owner(pair.key.parent)
    pair.key.parent.mkdir(parents=True, exist_ok=True)
    pair.certificate.parent.mkdir(parents=True, exist_ok=True)
    make_self_signed(pair, chosen, datetime.now(UTC))
    tell_owner(pair.key)
    done(invocation, f"made {pair}", certificate=pair.certificate, key=pair.key, names=chosen)


@command.command("csr")
@click.option("--name", "names", multiple=True, help="A name in it.  [repeatable; default: [http] namespaces]")
@click.option(
    "--key",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The key; made if it is not there.  [default: the first of [http] private key]",
)
@click.pass_obj
def csr(invocation: Invocation, names: tuple[str, ...], key: Path | None) -> None:
    """Print a request (PEM) for an authority to sign, with the key that is in use or a new one."""
    http = invocation.section("http", _Shown)
    file = key or http.private_key[0]
    chosen = names or http.namespaces
    work_for_owner(file.parent)
    try:
        private, made = key_of(file)
    except (ValueError, TypeError) as error:
        raise Mistake(f"{file} holds no private key (PEM, without a password): {error}") from error
    if made:
        tell_owner(file)
    request = signing_request(private, chosen).decode()
    done(invocation, request.rstrip(), request=request, key=file, made=made, names=chosen)


@command.command("renew")
@click.option("--force", is_flag=True, help="Also if it is not yet time.")
@click.pass_obj
def renew(invocation: Invocation, force: bool) -> None:
    """Have the certificate of [acme] renewed if two thirds of its life are over, as a front end does by itself.

    A front end must be running: the authority asks it whether the names are ours.
    """
    plan = read_plan(invocation.config)
    if plan.acme is None:
        raise Mistake(f"{invocation.config} names no authority: say [acme] directory")
    work_for_owner(plan.acme.folder)
    try:
        renewed = acme.renew(plan.acme, plan.acme_names, force=force)
    except (acme.NotIssued, OSError) as error:
        raise Down(str(error)) from error
    file = plan.acme.certificate
    if renewed:
        tell_owner(file)
    text = f"{file} is new" if renewed else f"{file} is left as it is: it is not yet time, or was just tried"
    done(invocation, text, renewed=renewed, certificate=file, names=plan.acme_names)


@frozen(kw_only=True)
class _Shown(http_door.Settings):
    """Section `[http]` as `casctl cert` reads it: the files need be neither there nor good."""

    certificate: tuple[Path, ...] = config.key(config.several(config.path))
    private_key: tuple[Path, ...] = config.key(config.several(config.path))


def _topology(invocation: Invocation) -> Topology:
    with invocation.read() as connection:
        return read_topology(connection)


def _namespaces(topology: Topology) -> list[str]:
    sites = [site.namespace for site in topology.sites.values()]
    return sites + [f"autodiscover.{domain}" for domain in sorted(topology.domains)] if sites else []


def _named(servers: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    pairs = [server.partition("=") for server in servers]
    for name, *_ in pairs:
        check_name(name)  # files are called by it
    return {name: (host or name,) for name, _, host in pairs}
