"""Two organisations of casd, each with all of its own: what users of one are told of the times of the other's."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from casd.directory.sqlite_edit import edit
from casd.directory.sqlite_edit_topology import add_domain, put_partner
from casd.model import Partner, Trust
from casd.testing import layout
from tests.integration.estate import Estate, FrontEnd
from tests.integration.soap import HEADERS, envelope

_UTC = (
    "<t:TimeZone><t:Bias>0</t:Bias>"
    + "".join(
        f"<t:{name}><t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month>"
        f"<t:DayOfWeek>Sunday</t:DayOfWeek></t:{name}>"
        for name in ("StandardTime", "DaylightTime")
    )
    + "</t:TimeZone>"
)


class TwoOrganisations(SynchronousTestCase):
    """alice is of example.org; there.example has bob, and a twin of alice since a merger."""

    def setUp(self) -> None:
        self.here, self.there = Estate(Path(self.mktemp())), Estate(Path(self.mktemp()))
        for estate in (self.here, self.there):
            self.addCleanup(estate.close)
        with edit(self.there.demo / "directory.sqlite") as connection:
            add_domain(connection, "there.example")
        for user in ("bob", "partner"):
            layout.add_user(self.there.demo / "directory.sqlite", f"{user}@there.example", "DB01", self.there.password)
        self._fronts = {estate: self._begin(estate) for estate in (self.here, self.there)}
        self._meet()

    def test_by_autodiscover_and_the_partners_trust(self) -> None:
        for trust, subject in ((Trust.ORGANISATION, ""), (Trust.USER, "Plan"), (Trust.NONE, "ErrorNoFreeBusyAccess")):
            self._partner(self.here, "there.example", self._autodiscover(self.there), trust)
            told = self._ask("bob@there.example")
            if trust is Trust.NONE:
                assert subject in told, told
                continue
            assert "<t:MergedFreeBusy>0000000002000000" in told, told
            assert re.findall("<t:Subject>([^<]*)<", told) == ([subject] if subject else []), told
        self._partner(self.here, "there.example", self._autodiscover(self.there), Trust.ORGANISATION)
        assert "ErrorMailRecipientNotFound" in self._ask("bob@there.example", "nobody@there.example")

    def test_two_that_point_at_each_other_make_no_loop(self) -> None:
        for first, second in ((self.here, self.there), (self.there, self.here)):
            self._partner(first, "loop.example", self._autodiscover(second), Trust.ORGANISATION)
        assert "ErrorAutoDiscoverFailed" in self._ask("eve@loop.example")
        asked = [self._served(estate, "autodiscover") for estate in (self.here, self.there)]
        assert asked == [2, 3], asked
        before = [self._served(estate, "ews") for estate in (self.here, self.there)]
        for first, second in ((self.here, self.there), (self.there, self.here)):
            url = f"{self._fronts[second].url}/EWS/Exchange.asmx"
            self._partner(first, "loop.example", "", Trust.ORGANISATION, availability=url)
        assert "ErrorProxyRequestNotAllowed" in self._ask("eve@loop.example")
        after = [self._served(estate, "ews") for estate in (self.here, self.there)]
        assert [last - first for first, last in zip(before, after, strict=True)] == [1, 1]

    def _begin(self, estate: Estate) -> FrontEnd:
        """Start an organisation whose front end has an account at the other."""
        estate.mailbox_servers()
        other = self.there if estate is self.here else self.here
        folder = estate.folder / "accounts"
        folder.mkdir()
        both = estate.folder / "both.pem"
        both.write_text("".join((each.demo / "ca.pem").read_text() for each in (self.here, self.there)))
        user = "partner@there.example" if other is self.there else "carol@example.org"
        for domain in ("there.example", "loop.example"):
            file = folder / f"{domain}.account"
            file.write_text(f"user = {user}\npassword = {other.password}\nca = ../both.pem\n")
            file.chmod(0o600)
        sections = estate.sections("fe1")
        sections["availability"] = {"accounts": "accounts", "impersonators": "partner@there.example"}
        return estate.front("fe1", sections)

    def _autodiscover(self, estate: Estate) -> str:
        return f"{self._fronts[estate].url}/autodiscover/autodiscover.xml"

    def _partner(self, estate: Estate, domain: str, autodiscover: str, trust: Trust, **more: str) -> None:
        with edit(estate.demo / "directory.sqlite") as connection:
            put_partner(connection, Partner(domain, autodiscover=autodiscover, trust=trust, **more))

    def _meet(self) -> None:
        """Put an appointment into bob's calendar, and let the twin of alice read it."""
        item = (
            "<t:CalendarItem><t:Subject>Plan</t:Subject><t:Start>2027-03-01T09:00:00Z</t:Start>"
            "<t:End>2027-03-01T10:00:00Z</t:End></t:CalendarItem>"
        )
        user = "<t:UserId><t:PrimarySmtpAddress>alice@example.org</t:PrimarySmtpAddress></t:UserId>"
        level = "<t:CalendarPermissionLevel>Reviewer</t:CalendarPermissionLevel>"
        allowed = f"<t:CalendarPermission>{user}{level}</t:CalendarPermission>"
        change = (
            '<t:DistinguishedFolderId Id="calendar"/><t:Updates><t:SetFolderField>'
            '<t:FieldURI FieldURI="folder:PermissionSet"/><t:CalendarFolder><t:PermissionSet><t:CalendarPermissions>'
            f"{allowed}</t:CalendarPermissions></t:PermissionSet></t:CalendarFolder></t:SetFolderField></t:Updates>"
        )
        for body in (
            f'<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items>{item}</m:Items></m:CreateItem>',
            f"<m:UpdateFolder><m:FolderChanges><t:FolderChange>{change}</t:FolderChange></m:FolderChanges></m:UpdateFolder>",
        ):
            answer = self._post(self.there, "bob@there.example", body)
            assert answer.count("NoError") == 1, answer

    def _ask(self, *addresses: str) -> str:
        """Return what alice is told of a Monday."""
        people = "".join(
            f"<t:MailboxData><t:Email><t:Address>{address}</t:Address></t:Email>"
            "<t:AttendeeType>Required</t:AttendeeType></t:MailboxData>"
            for address in addresses
        )
        window = "<t:StartTime>2027-03-01T00:00:00</t:StartTime><t:EndTime>2027-03-02T00:00:00</t:EndTime>"
        return self._post(
            self.here,
            "alice@example.org",
            f"<m:GetUserAvailabilityRequest>{_UTC}<m:MailboxDataArray>{people}</m:MailboxDataArray>"
            f"<t:FreeBusyViewOptions><t:TimeWindow>{window}</t:TimeWindow>"
            "<t:MergedFreeBusyIntervalInMinutes>60</t:MergedFreeBusyIntervalInMinutes>"
            "<t:RequestedView>DetailedMerged</t:RequestedView></t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>",
        )

    def _post(self, estate: Estate, user: str, body: str) -> str:
        url = f"{self._fronts[estate].url}/EWS/Exchange.asmx"
        session = estate.session()
        session.auth = (user, estate.password)
        answer = session.post(url, data=envelope(body), headers=HEADERS, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.text

    def _served(self, estate: Estate, vdir: str) -> float:
        """Return how many requests an organisation has answered."""
        return self._fronts[estate].metric("casd_requests_total", door="http", status="200", vdir=vdir)
