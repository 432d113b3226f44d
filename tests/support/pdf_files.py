"""PDF files made by hand, for what libraries do not write."""


def pdf_file(objects: dict[int, bytes]) -> bytes:
    """A PDF of numbered objects; object 1 is the catalog."""
    content, offsets = b"%PDF-1.7\n", []
    for number in sorted(objects):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return content + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)


def stream(entries: bytes, content: bytes) -> bytes:
    """A stream object."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def page(resources: bytes, contents: int, parent: int = 2) -> bytes:
    """A page of 200 x 200 points."""
    return (
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 200 200] /Contents %d 0 R /Resources << %s >> >>"
        % (
            parent,
            contents,
            resources,
        )
    )


def bomb_of_forms(depth: int = 9, fan: int = 10) -> bytes:
    """2.5 kB of forms that draw forms: `fan` to the power of `depth` rectangles. The second page is blank."""
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 200 200]"
    draw = b"/F Do\n" * fan
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
        3: page(b"/XObject << /F 7 0 R >>", 5),
        4: page(b"", 6),
        5: stream(b"", draw),
        6: stream(b"", b""),
    }
    for number in range(7, 6 + depth):
        resources = b"/Resources << /XObject << /F %d 0 R >> >>" % (number + 1)
        objects[number] = stream(form + resources, draw)
    objects[6 + depth] = stream(form, b"0 0 10 10 re f\n")
    return pdf_file(objects)


def giant_image(width: int = 60_000, height: int = 60_000) -> bytes:
    """A page whose image claims to have gigabytes of pixels."""
    image = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8"
    return pdf_file(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: page(b"/XObject << /I 5 0 R >>", 4),
            4: stream(b"", b"200 0 0 200 0 0 cm /I Do"),
            5: stream(image % (width, height), b"\x00" * 1000),
        }
    )


def tiny_pattern() -> bytes:
    """A page filled with a pattern of tiny steps."""
    pattern = b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] "
    return pdf_file(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: page(b"/Pattern << /P 5 0 R >>", 4),
            4: stream(b"", b"/Pattern cs /P scn 0 0 200 200 re f"),
            5: stream(pattern + b"/XStep 0.0001 /YStep 0.0001 /Resources << >>", b"0 0 1 1 re f"),
        }
    )


def form_with_value(value: str) -> bytes:
    """A form field that has a value, but no appearance that shows it."""
    field = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /F 4 /Rect [20 90 180 120] /P 3 0 R "
        b"/DA (/H 18 Tf 0 g) /V (%s) >>" % value.encode()
    )
    return pdf_file(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /NeedAppearances true "
            b"/DA (/H 18 Tf 0 g) /DR << /Font << /H 5 0 R >> >> >> >>",
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: page(b"/Font << /H 5 0 R >>", 4)[:-2] + b"/Annots [6 0 R] >>",
            4: stream(b"", b""),
            5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            6: field,
        }
    )
