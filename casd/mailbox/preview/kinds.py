"""Which attachments can be made into pages, by their names and types."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

PDF = ".pdf"
DOCX = ".docx"

FILTERS: Mapping[str, str] = {
    **dict.fromkeys((DOCX, ".docm", ".dotx", ".doc", ".dot", ".odt", ".ott", ".rtf"), "writer_pdf_Export"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xltx", ".xls", ".ods", ".ots", ".csv"), "calc_pdf_Export"),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx", ".potx", ".ppt", ".pps", ".odp", ".otp"), "impress_pdf_Export"),
}
"""What LibreOffice reads, and its name for the way to PDF."""

PICTURES: Mapping[str, str] = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".gif": "GIF",
    ".webp": "WEBP",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
"""What Pillow reads, and its names for them: no other of its many readers is let near a document."""

_TYPES: Mapping[str, str] = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/tiff": ".tif",
    "application/pdf": PDF,
    "application/x-pdf": PDF,
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "text/csv": ".csv",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": DOCX,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
}


def suffix_of(name: str, content_type: str) -> str:
    """Return the suffix of a kind of document that has pages, in lower case; empty for anything else.

    The name decides, as it does for the program that would open the file; the type is for files without one.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix == PDF or suffix in FILTERS or suffix in PICTURES:
        return suffix
    return "" if suffix else _TYPES.get(content_type.lower(), "")
