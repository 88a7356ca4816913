"""What programs ask a server for before or beside their work, and this one has nothing of."""

from __future__ import annotations

from datetime import tzinfo

from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import responses
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element, child, m

_NEVER = "9999-12-31T23:59:59Z"


def get_app_manifests(_mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve GetAppManifests: there are no add-ins."""
    newer = child(body, "ApiVersionSupported") is not None
    return responses.alone("GetAppManifests", m("Apps" if newer else "Manifests"))


def get_password_expiration_date(_mailbox: MailboxStore, _body: Element, _zone: tzinfo) -> Element:
    """Serve GetPasswordExpirationDate: the front door knows about passwords, and none expires by itself."""
    return responses.alone("GetPasswordExpirationDate", m("PasswordExpirationDate", _NEVER))


def get_searchable_mailboxes(_mailbox: MailboxStore, _body: Element, _zone: tzinfo) -> Element:
    """Serve GetSearchableMailboxes: nobody has the role that it takes to search in other people's mail."""
    raise Refusal("ErrorAccessDenied")


def get_user_retention_policy_tags(_mailbox: MailboxStore, _body: Element, _zone: tzinfo) -> Element:
    """Serve GetUserRetentionPolicyTags: there are no policies."""
    return responses.alone("GetUserRetentionPolicyTags", m("RetentionPolicyTags"))
