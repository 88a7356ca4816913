"""What is done to one document in a process of its own: `python -m casd.mailbox.preview.job TASK` in its folder.

TASK is JSON, and so is the file `result.json` that stays behind. Nothing of a document is looked at before the limits
are set, and nothing of one is ever opened in the server's own process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from casd.mailbox.preview.kinds import FILTERS, PDF, PICTURES
from casd.mailbox.preview.trouble import NotShown, Trouble

SCRATCH = "scratch"
"""The folder for what is needed only while the process runs."""

RESULT = "result.json"
DOCUMENT = Path("document.pdf")
MARKUP = Path("document.html")

MOST_PAGES = 200
"""More than anybody reads in a preview; who needs the rest downloads it."""

MOST_UNPACKED = 512 * 1024 * 1024
MOST_PARTS = 20_000
"""Files of a zip archive: a thousand slides with their pictures have fewer."""

MOST_PIXELS = 16_000_000
"""Of a page's image."""

MOST_DRAWN = 100_000_000
"""Pixels of a picture: those of telephones have half as many."""

_WIDEST = 2400
_DENSITY = 150.0
_POINTS = (1.0, 14_400.0)
"""Shortest and longest side of a page: 200 inches (ISO 32000-1, annex C)."""

_LARGEST_FILE = 256 * 1024 * 1024
_GREYS = 256
"""A page of nothing but greys, as most text is, is smaller as PNG, and sharp."""

_ENCRYPTED = b"\xd0\xcf\x11\xe0"
"""What begins a compound file: where a zip archive is due, it holds an encrypted one (MS-OFFCRYPTO 2.3)."""

_SETTINGS = """\
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop>
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
</item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update">
<prop oor:name="Link" oor:op="fuse"><value>0</value></prop>
</item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update">
<prop oor:name="Link" oor:op="fuse"><value>1</value></prop>
</item>
</oor:items>
"""
"""A user's settings: no macro runs, no link is followed."""


def main(task: Mapping[str, Any]) -> None:
    """Do a task and leave its result."""
    limit(task["memory"], task["seconds"])
    try:
        result = run(task)
    except NotShown as error:
        result = {"trouble": error.trouble.name}
    except MemoryError:
        result = {"trouble": Trouble.TOO_LARGE.name}
    Path(RESULT).write_text(json.dumps(result), encoding="utf-8")


def limit(memory: int, seconds: int) -> None:
    """Bound what this process and its children may take, each by itself."""
    bounds = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: _LARGEST_FILE,
        resource.RLIMIT_NOFILE: 1024,
        resource.RLIMIT_CORE: 0,
    }
    for what, most in bounds.items():
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)  # nobody may raise what is lower already
        resource.setrlimit(what, (least, least))


def run(task: Mapping[str, Any]) -> dict[str, Any]:
    """Make pages of `source` if there is one, then images of the pages from `first` to `last`."""
    source = Path(task["source"]) if task["source"] else None
    if source and source.suffix in PICTURES:
        draw(source)
    elif source and source.suffix != PDF:
        check(source)
        if not task["office"]:
            write_markup(source)
            return {"markup": True}
        convert(source, task["office"])
    return render(source if source and source.suffix == PDF else DOCUMENT, task["first"], task["last"], task["width"])


def check(source: Path) -> None:
    """Refuse an archive that unpacks to too much, by its own directory, and one that is locked."""
    with source.open("rb") as file:
        begin = file.read(4)
    if source.suffix.endswith("x") and begin == _ENCRYPTED:
        raise NotShown(Trouble.PROTECTED)
    if not begin.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(source) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as error:
        raise NotShown(Trouble.BROKEN) from error
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise NotShown(Trouble.BOMB)


def convert(source: Path, office: str) -> None:
    """Have LibreOffice write `DOCUMENT`, by a profile that is made for this time only."""
    profile = Path(SCRATCH).resolve() / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
    pages = json.dumps({"PageRange": {"type": "string", "value": f"1-{MOST_PAGES + 1}"}})
    command = [office, "--headless", "--norestore", "--nolockcheck", f"-env:UserInstallation={profile.as_uri()}"]
    command += ["--convert-to", f"pdf:{FILTERS[source.suffix]}:{pages}", str(source)]
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:  # noqa: S603 (ours)
        raise NotShown(Trouble.CRASHED)
    if not DOCUMENT.exists():
        raise NotShown(Trouble.BROKEN)


def draw(source: Path) -> None:
    """Write a picture as `DOCUMENT`; of a fax (TIFF) each page."""
    image: Any = import_module("PIL.Image")
    sequence: Any = import_module("PIL.ImageSequence")
    image.MAX_IMAGE_PIXELS = MOST_DRAWN // 2  # Pillow refuses at twice as many
    try:
        with image.open(source, formats=(PICTURES[source.suffix],)) as picture:
            frames = islice(sequence.Iterator(picture), MOST_PAGES + 1 if picture.format == "TIFF" else 1)
            first, *rest = [_flat(frame) for frame in frames]
            first.save(DOCUMENT, "PDF", save_all=True, append_images=rest, resolution=_DENSITY, quality=90)
    except image.DecompressionBombError as error:
        raise NotShown(Trouble.BOMB) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise NotShown(Trouble.BROKEN) from error


def _flat(picture: Any) -> Any:
    """Return a picture the right way up, on white, and no larger than it can be asked for."""
    upright = import_module("PIL.ImageOps").exif_transpose(picture).convert("RGBA")
    upright.thumbnail((_WIDEST, _WIDEST))
    flat = import_module("PIL.Image").new("RGB", upright.size, "white")
    flat.paste(upright, mask=upright.getchannel("A"))
    return flat


def write_markup(source: Path) -> None:
    """Write a Word document as HTML, which is not safe to show yet, for want of LibreOffice."""
    mammoth = import_module("mammoth")  # seldom wanted, and it takes its time

    try:
        with source.open("rb") as file:
            markup = mammoth.convert_to_html(file).value
    except MemoryError:
        raise
    except Exception as error:
        raise NotShown(Trouble.BROKEN) from error
    MARKUP.write_text(markup, encoding="utf-8", errors="replace")


def render(source: Path, first: int, last: int, width: int) -> dict[str, Any]:
    """Write images of pages, and return how many there are and the sizes, in points, of those that may be seen."""
    pdfium = import_module("pypdfium2")

    try:
        document = pdfium.PdfDocument(source)
    except pdfium.PdfiumError as error:
        raise NotShown(Trouble.PROTECTED if "password" in str(error).lower() else Trouble.BROKEN) from error
    total = len(document)
    sizes = [_size(document, index) for index in range(min(total, MOST_PAGES))]
    for index in range(first - 1, min(last, len(sizes))):
        _write_image(document[index], sizes[index], image_name(index + 1, width), width)
    return {"sizes": sizes, "total": total}


def _size(document: Any, index: int) -> tuple[float, float]:
    low, high = _POINTS
    width, height = document.get_page_size(index)
    return min(max(width, low), high), min(max(height, low), high)


def _write_image(page: Any, size: tuple[float, float], name: str, width: int) -> None:
    scale = min(width / size[0], (MOST_PIXELS / (size[0] * size[1])) ** 0.5)
    image = page.render(scale=scale).to_pil().convert("RGB")
    colours = image.getcolors(_GREYS)
    if colours and all(red == green == blue for _, (red, green, blue) in colours):
        image.convert("L").save(f"{name}.png", compress_level=4)
    else:
        image.save(f"{name}.jpg", quality=88, subsampling=0)  # halved colours blur what is written in them


def image_name(number: int, width: int) -> str:
    """Return the name of a page's image, without its suffix: `.png` or `.jpg`."""
    return f"page-{number}-{width}"


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
