"""The few EWS requests that tests write by hand, because a whole client would be too slow or hide too much."""

from __future__ import annotations

import re

HEADERS = {"Content-Type": "text/xml; charset=utf-8"}


def get_inbox() -> bytes:
    """Ask for the inbox."""
    return envelope(
        "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
        '<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>'
    )


def create_draft(subject: str) -> bytes:
    """Put a message into the drafts."""
    return envelope(
        '<m:CreateItem MessageDisposition="SaveOnly">'
        '<m:SavedItemFolderId><t:DistinguishedFolderId Id="drafts"/></m:SavedItemFolderId>'
        f"<m:Items><t:Message><t:Subject>{subject}</t:Subject></t:Message></m:Items></m:CreateItem>"
    )


def find_drafts(offset: int, count: int) -> bytes:
    """Ask for the subjects of some drafts."""
    return envelope(
        '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>'
        '<t:FieldURI FieldURI="item:Subject"/></t:AdditionalProperties></m:ItemShape>'
        f'<m:IndexedPageItemView MaxEntriesReturned="{count}" Offset="{offset}" BasePoint="Beginning"/>'
        '<m:ParentFolderIds><t:DistinguishedFolderId Id="drafts"/></m:ParentFolderIds></m:FindItem>'
    )


def succeeded(answer: bytes) -> bool:
    """Say whether an answer reports success."""
    return b'ResponseClass="Success"' in answer


def subjects(answer: bytes) -> list[str]:
    """Return the subjects in an answer."""
    return re.findall(r"<(?:\w+:)?Subject>([^<]*)<", answer.decode())


def envelope(body: str) -> bytes:
    """Return the document that asks for an operation."""
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
        ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
