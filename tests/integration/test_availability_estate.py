"""Free and busy times of a hundred mailboxes on four servers of three kinds: how soon, and what of one that hangs."""

from __future__ import annotations

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from uuid import uuid4

from exchangelib import EWSDateTime, EWSTimeZone

from casd.casctl.credentials import make_credentials
from casd.casctl.provision import NAMESPACES, ORGANISATION, tls_name
from casd.directory.sqlite_edit import edit
from casd.directory.sqlite_edit_mailboxes import put_mailbox
from casd.directory.sqlite_edit_topology import put_database, put_server
from casd.model import Copy, Database, Endpoint, Mailbox, Server, ServerKind
from casd.testing import layout
from tests.integration.clients import ExchangelibTestCase
from tests.integration.groupware import SECRET, Radicale, Sogo, event
from tests.integration.process import wait_until
from tests.integration.soap import HEADERS, envelope

EACH = 25
ROUNDS = 15
DEADLINE = 4.0
MONDAY = datetime(2027, 3, 1, tzinfo=UTC)


def hour(number: int) -> int:
    """Return when a mailbox is busy, in UTC, for an hour on Monday and on Tuesday."""
    return 7 + number % 10


def digits(number: int) -> str:
    """Return what is to be told of it for both days, by the hour."""
    return ("0" * hour(number) + "2" + "0" * (23 - hour(number))) * 2


class AvailabilityEstate(ExchangelibTestCase):
    """mbx1 and mbx2 are ours, dav1 is Radicale, sogo1 SOGo (a second Radicale where there is none)."""

    def setUp(self) -> None:
        super().setUp()
        self.front.process.stop()  # which is to know more servers
        estate, names = self.estate, {"dav1": "dav", "sogo1": "sogo"}
        make_credentials(
            estate.demo, ORGANISATION, NAMESPACES, {name: (tls_name(name), "127.0.0.1") for name in names},
            datetime.now(UTC),
        )  # fmt: skip
        has_sogo = Sogo.can_be_had()
        ports = layout.free_ports(*names)
        ports["sogo1"] = 20_000 + ports["sogo1"] % 9000  # it takes some more beside it
        kinds = {"dav1": ServerKind.DAV, "sogo1": ServerKind.SOGO if has_sogo else ServerKind.DAV}
        self.users = {server: [f"{server}x{number}" for number in range(EACH)] for server in ("mbx1", "mbx2", *names)}
        self._fill_directory(ports, kinds)
        self.radicale = Radicale(estate, "dav1", ports["dav1"])
        self.other = (
            Sogo(estate, "sogo1", ports["sogo1"], self.users["sogo1"])
            if has_sogo
            else Radicale(estate, "sogo1", ports["sogo1"])
        )
        if isinstance(self.other, Sogo):
            self.addCleanup(self.other.close)
        self._accounts()
        sections = estate.sections("fe1")
        sections["availability"] = {"accounts": "accounts", "deadline": f"{DEADLINE} s"}
        self.front = estate.front("fe1", sections)
        self._fill_calendars()
        self.session = estate.session()

    def test_a_hundred_mailboxes_of_four_servers_are_told_of_at_once(self) -> None:
        everyone = [user for users in self.users.values() for user in users]
        self._check(everyone, {})
        together, slowest, beside = [], [], []
        alone: dict[str, list[float]] = {server: [] for server in self.users}
        with ThreadPoolExecutor(len(self.users)) as threads:
            for _ in range(ROUNDS):
                together.append(self._ask(everyone)[0])
                for server, users in self.users.items():
                    alone[server].append(self._ask(users)[0])
                slowest.append(max(times[-1] for times in alone.values()))
                beside.append(max(took for took, _ in threads.map(self._ask, self.users.values())))
        told = ", ".join(f"{server} {median(times) * 1000:.0f} ms" for server, times in alone.items())
        ratio, ratio_beside = (
            median(whole / part for whole, part in zip(together, parts, strict=True)) for parts in (slowest, beside)
        )
        self.report(
            f"100 mailboxes {median(together) * 1000:.0f} ms; alone {told}; the slowest beside the others, which share"
            f" {os.cpu_count()} processors with it, {median(beside) * 1000:.0f} ms; paired median ratios"
            f" {ratio:.2f} and {ratio_beside:.2f}"
        )

    def test_one_server_that_hangs_costs_its_own_mailboxes_alone(self) -> None:
        everyone = [user for users in self.users.values() for user in users]
        self._ask(everyone)
        self.radicale.process.signal(signal.SIGSTOP)
        self.addCleanup(self.radicale.process.signal, signal.SIGCONT)
        for _ in range(2):
            took = self._check(everyone, dict.fromkeys(self.users["dav1"], "ErrorTimeoutExpired"))
            self.report(f"one server hangs: answered after {took:.2f} s, the deadline is {DEADLINE} s")
            assert DEADLINE - 0.1 <= took <= DEADLINE + 2
        self.radicale.process.signal(signal.SIGCONT)  # it works off first what nobody waits for any more
        wait_until(lambda: not self._wrong(everyone, {})[1], "all to be told of again")

    def test_exchangelib_sees_what_is_on_all_servers(self) -> None:
        alice, zone = self.account("alice"), EWSTimeZone("Europe/Berlin")
        start = EWSDateTime(2027, 3, 1, 0, 0, tzinfo=zone)
        asked = [(f"{users[3]}@example.org", "Required", False) for users in self.users.values()]
        views = list(
            alice.protocol.get_free_busy_info(
                [*asked, ("nobody@example.org", "Optional", False)], start, start + timedelta(days=1),
                merged_free_busy_interval=60, requested_view="DetailedMerged",
            )
        )  # fmt: skip
        busy = hour(3) + 1
        for view in views[:4]:
            assert view.view_type == "FreeBusyMerged", view
            assert view.merged == "0" * busy + "2" + "0" * (23 - busy), view
            assert [(one.start.hour, one.end.hour, one.busy_type) for one in view.calendar_events] == [
                (busy, busy + 1, "Busy")
            ]
        assert isinstance(views[4], Exception)

    def _fill_directory(self, ports: dict[str, int], kinds: dict[str, ServerKind]) -> None:
        demo = self.estate.demo
        with edit(demo / "directory.sqlite") as connection:
            for name, kind in kinds.items():
                endpoints = {"http": Endpoint("127.0.0.1", ports[name])}
                ca = (demo / "ca.pem").read_text()
                put_server(
                    connection, Server(name, "Main", endpoints=endpoints, tls_name=tls_name(name), ca=ca, kind=kind)
                )
                put_database(connection, Database(f"DB-{name}", uuid4(), name, copies=(Copy(name),)))
            for server in ("dav1", "sogo1"):
                for user in self.users[server]:
                    address = f"{user}@example.org"
                    put_mailbox(connection, Mailbox(uuid4(), address, address, f"DB-{server}", user))
        for server, database in (("mbx1", "DB01"), ("mbx2", "DB02")):
            for user in self.users[server]:
                layout.add_user(demo / "directory.sqlite", f"{user}@example.org", database, self.estate.password)

    def _accounts(self) -> None:
        folder = self.estate.folder / "accounts"
        folder.mkdir()
        for server in ("dav1", "sogo1"):
            sogo = server == "sogo1" and isinstance(self.other, Sogo)
            file = folder / f"{server}.account"
            file.write_text(f"user = casd\npassword = {SECRET}\n" if sogo else "header = X-Remote-User: {local}\n")
            file.chmod(0o600)

    def _fill_calendars(self) -> None:
        for number in range(EACH):
            start, end = (f"20270301T{hour(number) + later:02}0000Z" for later in (0, 1))
            series = event(1, start, end, "FREQ=DAILY;COUNT=2")
            self.radicale.put(self.users["dav1"][number], series)
            self.other.put(self.users["sogo1"][number], series)
            for server in ("mbx1", "mbx2"):
                self._meet(self.users[server][number], number)

    def _meet(self, user: str, number: int) -> None:
        """Have somebody of ours put appointments into his calendar."""
        days = (MONDAY + timedelta(days=day, hours=hour(number)) for day in (0, 1))
        items = "".join(
            f"<t:CalendarItem><t:Subject>Plan</t:Subject><t:Start>{start:%Y-%m-%dT%H:%M:%SZ}</t:Start>"
            f"<t:End>{start + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}</t:End></t:CalendarItem>"
            for start in days
        )
        body = f'<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items>{items}</m:Items></m:CreateItem>'
        answer = self.estate.session().post(
            f"{self.front.url}/EWS/Exchange.asmx", data=envelope(body), timeout=60,
            headers={**HEADERS, "Authorization": self.estate.basic(user)},
        )  # fmt: skip
        assert answer.text.count("NoError") == 2, answer.text

    def _ask(self, users: list[str]) -> tuple[float, list[str]]:
        """Return how long alice waits for the times of users, and what she is told of each."""
        people = "".join(
            f"<t:MailboxData><t:Email><t:Address>{user}@example.org</t:Address></t:Email>"
            "<t:AttendeeType>Required</t:AttendeeType></t:MailboxData>"
            for user in users
        )
        window = "<t:StartTime>2027-03-01T00:00:00</t:StartTime><t:EndTime>2027-03-03T00:00:00</t:EndTime>"
        body = envelope(
            "<m:GetUserAvailabilityRequest><t:TimeZone><t:Bias>0</t:Bias>"
            "<t:StandardTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month>"
            "<t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime><t:DaylightTime><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time>"
            "<t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>"
            f"<m:MailboxDataArray>{people}</m:MailboxDataArray><t:FreeBusyViewOptions><t:TimeWindow>{window}</t:TimeWindow>"
            "<t:MergedFreeBusyIntervalInMinutes>60</t:MergedFreeBusyIntervalInMinutes>"
            "<t:RequestedView>FreeBusyMerged</t:RequestedView></t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>"
        )
        headers = {**HEADERS, "Authorization": self.estate.basic("alice")}
        begun = perf_counter()
        answer = self.session.post(f"{self.front.url}/EWS/Exchange.asmx", data=body, headers=headers, timeout=60)
        took = perf_counter() - begun
        assert answer.status_code == 200, answer.text
        told = re.findall(r"<m:FreeBusyResponse>.*?</m:FreeBusyResponse>", answer.text, re.DOTALL)
        return took, [re.findall(r"<\w:(?:MergedFreeBusy|ResponseCode)>([^<]*)<", one)[-1] for one in told]

    def _check(self, users: list[str], errors: dict[str, str]) -> float:
        """Ask for users, hold what is told against what stands in their calendars, and return how long it took."""
        took, wrong = self._wrong(users, errors)
        assert not wrong, wrong
        return took

    def _wrong(self, users: list[str], errors: dict[str, str]) -> tuple[float, dict[str, str]]:
        took, told = self._ask(users)
        expected = {user: errors.get(user) or digits(int(user.rpartition("x")[2])) for user in users}
        return took, {user: one for user, one in zip(users, told, strict=True) if one != expected[user]}
