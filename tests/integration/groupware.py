"""Calendars on other servers: Radicale, and SOGo with the database that it needs, behind TLS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from tests.integration.estate import Estate, listens
from tests.integration.process import Process, wait_until

SECRET = "secret"
POSTGRES = Path("/usr/lib/postgresql/15/bin")


def event(number: int, start: str, end: str, rule: str = "") -> bytes:
    """Return an appointment of iCalendar."""
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN", "BEGIN:VEVENT", f"UID:event-{number}"),
        *("DTSTAMP:20270101T000000Z", f"DTSTART:{start}", f"DTEND:{end}", "SUMMARY:Plan"),
        *([f"RRULE:{rule}"] if rule else []),
        *("END:VEVENT", "END:VCALENDAR", ""),
    ]
    return "\r\n".join(lines).encode()


class Radicale:
    """A server of CalDAV that believes the front end who asks."""

    def __init__(self, estate: Estate, name: str, port: int) -> None:
        self.folder = estate.folder / name
        self.folder.mkdir()
        self._url = f"https://127.0.0.1:{port}"
        self._session = estate.session()
        demo = estate.demo
        settings = {
            "server": {"hosts": f"127.0.0.1:{port}", "ssl": "True", "certificate": demo / f"{name}.pem",
                       "key": demo / f"{name}.key"},
            "auth": {"type": "http_x_remote_user"},
            "rights": {"type": "authenticated"},
            "storage": {"filesystem_folder": self.folder / "data"},
            "web": {"type": "none"},
        }  # fmt: skip
        lines = [line for part, of in settings.items() for line in (f"[{part}]", *(f"{key} = {of[key]}" for key in of))]
        (self.folder / "config").write_text("\n".join(lines))
        self.process = estate.begin(sys.executable, "-m", "radicale", "--config", self.folder / "config")
        wait_until(lambda: listens(port), f"{name} to listen")

    def put(self, user: str, *events: bytes) -> None:
        """Give a user a calendar with appointments."""
        self._ask("MKCALENDAR", f"/{user}/calendar/", user)
        for number, content in enumerate(events):
            self._ask("PUT", f"/{user}/calendar/{number}.ics", user, content)

    def _ask(self, method: str, path: str, user: str, content: bytes = b"") -> None:
        headers = {"X-Remote-User": user, "Content-Type": "text/calendar"}
        answer = self._session.request(method, self._url + path, data=content, headers=headers, timeout=30)
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text)


class Sogo:
    """SOGo behind TLS, with PostgreSQL and memcached; only root can give it a configuration of its own."""

    @staticmethod
    def can_be_had() -> bool:
        return os.getuid() == 0 and bool(shutil.which("sogod")) and POSTGRES.exists() and bool(shutil.which("haproxy"))

    def __init__(self, estate: Estate, name: str, port: int, users: list[str]) -> None:
        self.folder = Path("/tmp") / f"casd-{name}-{os.getpid()}-{port}"
        self.folder.mkdir()
        self._inner = port + 1
        self._begin_database([*users, "casd"])
        self._begin_sogo(estate)
        self._begin_tls(estate, name, port)

    def put(self, user: str, *events: bytes) -> None:
        """Give a user appointments."""
        for number, content in enumerate(events):
            url = f"http://127.0.0.1:{self._inner}/SOGo/dav/{user}/Calendar/personal/{number}.ics"
            headers = {"Content-Type": "text/calendar"}
            answer = requests.put(url, data=content, auth=(user, SECRET), headers=headers, timeout=30)
            assert answer.status_code < 300, (url, answer.status_code, answer.text)

    def close(self) -> None:
        for process in (self.tls, self.process, self._memcached, self._postgres):
            process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begin_database(self, users: list[str]) -> None:
        folder, port = self.folder, self._inner + 1
        shutil.chown(folder, "postgres")
        as_postgres = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
        data = folder / "data"
        self._run(*as_postgres, POSTGRES / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--no-sync")
        self._postgres = Process(
            *as_postgres, POSTGRES / "postgres", "-D", data, "-p", str(port), "-k", folder, "-c", "fsync=off",
            "-c", "listen_addresses=127.0.0.1", cwd=folder,
        )  # fmt: skip
        self._postgres.wait_for("ready to accept connections")
        self._sql("postgres", "create role sogo login password 'sogo'", "create database sogo owner sogo")
        columns = ", ".join(f"{name} varchar(64)" for name in ("c_uid", "c_name", "c_password", "c_cn", "mail"))
        rows = ", ".join(f"('{user}', '{user}', '{SECRET}', '{user}', '{user}@example.org')" for user in users)
        self._sql("sogo", f"create table sogo_users ({columns})", f"insert into sogo_users values {rows}")

    def _sql(self, user: str, *statements: str) -> None:
        each = [part for one in statements for part in ("-c", one)]
        database = ("postgres", "sogo")[user == "sogo"]
        self._run("psql", "-q", "-h", "127.0.0.1", "-p", str(self._inner + 1), "-U", user, database, *each)

    def _begin_sogo(self, estate: Estate) -> None:
        folder, cache = self.folder, self._inner + 2
        self._memcached = Process("memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", str(cache), "-U", "0")
        store = f"postgresql://sogo:sogo@127.0.0.1:{self._inner + 1}/sogo"
        tables = {"SOGoProfileURL": "sogo_profile", "OCSFolderInfoURL": "sogo_folders",
                  "OCSSessionsFolderURL": "sogo_sessions", "OCSEMailAlarmsFolderURL": "sogo_alarms",
                  "OCSStoreURL": "sogo_store", "OCSAclURL": "sogo_acl", "OCSCacheFolderURL": "sogo_cache",
                  "OCSAdminURL": "sogo_admin"}  # fmt: skip
        source = f'type = sql; id = directory; viewURL = "{store}/sogo_users"; canAuthenticate = YES; '
        settings = {
            **{name: f'"{store}/{table}"' for name, table in tables.items()},
            "WOPort": f'"127.0.0.1:{self._inner}"',
            "WOWorkersCount": "3",
            "SOGoMailDomain": '"example.org"',
            "SOGoMemcachedHost": f'"127.0.0.1:{cache}"',
            "SOGoUserSources": f"({{{source}isAddressBook = YES; userPasswordAlgorithm = plain;}})",
            "SOGoCalendarDefaultRoles": '("PublicDAndTViewer")',
        }
        file = folder / "sogo.conf"
        file.write_text("{\n" + "".join(f"  {name} = {value};\n" for name, value in settings.items()) + "}\n")
        run = folder / "run"
        run.mkdir()
        for path in (file, run):
            shutil.chown(path, "sogo", "sogo")
        options = f"-WONoDetach YES -WOPidFile {run}/pid -WOLogFile {run}/log -WOUseWatchDog YES"
        as_sogo = "setpriv --reuid=sogo --regid=sogo --init-groups"
        script = f"mount --bind {file} /etc/sogo/sogo.conf && exec {as_sogo} sogod {options}"
        self.process = Process("unshare", "-m", "bash", "-c", script)
        wait_until(lambda: listens(self._inner), "SOGo to listen")

    def _begin_tls(self, estate: Estate, name: str, port: int) -> None:
        pair = self.folder / "pair.pem"
        pair.write_text((estate.demo / f"{name}.pem").read_text() + (estate.demo / f"{name}.key").read_text())
        file = self.folder / "haproxy.cfg"
        file.write_text(
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
            "  option http-server-close\n"  # what SOGo closes just when it is asked would be a 502
            f"listen sogo\n  bind 127.0.0.1:{port} ssl crt {pair}\n  server one 127.0.0.1:{self._inner}\n"
        )
        self.tls = Process("haproxy", "-f", file)
        wait_until(lambda: listens(port), "TLS before SOGo to listen")

    def _run(self, *command: Any) -> None:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
