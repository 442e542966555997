"""PDFs put together by hand, for what fpdf2 does not write: forms, notes, crop boxes, pieces of words."""

from collections.abc import Sequence

FORM_FIELD = "/Type /Annot /Subtype /Widget /F 4"


def shown(x: float, y: float, text: str, size: float = 12, font: str = "F1") -> str:
    """Return the operators that show a text, as an object of its own."""
    return f"BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET\n"


def raw_pdf(contents: Sequence[str], *, boxes: Sequence[str] = (), annotations: Sequence[str] = ()) -> bytes:
    """Return a PDF with a page for each content; annotations stand on the first page, fields among them in a form.

    `boxes` are entries of each page's dictionary (`/CropBox [0 0 300 842]`).
    """
    fonts = "/F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> "
    fonts += "/F2 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>"
    first_annotation = 3 + 2 * len(contents)
    numbers = [first_annotation + i for i in range(len(annotations))]
    fields = " ".join(f"{n} 0 R" for n, a in zip(numbers, annotations, strict=True) if FORM_FIELD in a)
    kids = " ".join(f"{3 + 2 * i} 0 R" for i in range(len(contents)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{fields}] >> >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>",
    ]
    for i, content in enumerate(contents):
        on_page = "/Annots [" + " ".join(f"{n} 0 R" for n in numbers) + "]" if i == 0 else ""
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << {fonts} >> >> "
            f"/Contents {4 + 2 * i} 0 R {on_page} {boxes[i] if boxes else ''} >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
        ]
    objects += [f"<< {annotation} >>" for annotation in annotations]
    data = "%PDF-1.7\n"
    offsets = []
    for number, an_object in enumerate(objects, start=1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{an_object}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    start = len(data)
    data += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    data += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return data.encode("latin-1")
