"""Documents as offices make them, as small as they can be."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
_T = 'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'


def zipped(**members: str) -> bytes:
    """Return a ZIP file; in names of members `__` stands for `/`, `_` for a dot."""
    data = BytesIO()
    with ZipFile(data, "w", ZIP_DEFLATED) as whole:
        for name, text in members.items():
            whole.writestr(name.replace("__", "/").replace("_", "."), text)
    return data.getvalue()


DOCX = zipped(
    word__document_xml=f"<w:document {_W}><w:body><w:p><w:r><w:t>Quar</w:t></w:r><w:r><w:t>terly</w:t></w:r></w:p>"
    "<w:p><w:r><w:t>figures</w:t><w:instrText>HIDDEN</w:instrText></w:r></w:p></w:body></w:document>",
    word__styles_xml="<styles>Heading</styles>",
)
XLSX = zipped(
    xl__sharedStrings_xml=f"<sst {_S}><si><t>Turnover</t></si><si><r><t>Pro</t></r><r><t>fit</t></r></si></sst>",
    xl__worksheets__sheet1_xml=f'<worksheet {_S}><sheetData><row><c t="s"><v>0</v></c><c><v>4711</v></c>'
    '<c t="inlineStr"><is><t>Loss</t></is></c></row></sheetData></worksheet>',
)
PPTX = zipped(
    ppt__slides__slide1_xml=f"<a:sld {_A}><a:p><a:r><a:t>Roadmap</a:t></a:r></a:p><a:p><a:t>2027</a:t></a:p></a:sld>"
)
ODT = zipped(content_xml=f"<office {_T}><text:h>Title</text:h><text:p>Plain<text:tab/>text</text:p></office>")


def pdf(text: str) -> bytes:
    """Return a PDF of one page."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    whole, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return b"%bxref\n0 6\n0000000000 65535 f \n%btrailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        whole,
        table,
        len(whole),
    )
