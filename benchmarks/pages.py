"""Drawn pages for the benchmarks: size and amount of text as in a usual scan, different text on each page."""

import io
import random

from PIL import Image, ImageDraw, ImageFont

SIDE = 1000
"""Width and height in px: one megapixel."""
LINES = 20
"""Lines per page, with 23 characters on average; lines of the real images in the tests have 15."""
_WORDS = (
    "invoice",
    "delivery",
    "amount",
    "received",
    "customer",
    "account",
    "total",
    "balance",
    "date",
    "number",
    "order",
    "payment",
    "address",
    "street",
    "monday",
    "january",
    "station",
    "weight",
    "article",
    "quantity",
    "price",
    "discount",
    "transfer",
    "bank",
    "signed",
    "office",
)


def page(number: int) -> tuple[bytes, list[str]]:
    """JPEG file and lines of page `number`; the same in each call."""
    generator = random.Random(number)
    image = Image.new("RGB", (SIDE, SIDE), (252, 251, 247))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=26)
    lines = []
    for line in range(LINES):
        amount = generator.randrange(10**4)
        words = generator.choices(_WORDS, k=generator.randint(1, 4))
        text = f"{amount:04d} {' '.join(words)}"
        draw.text((40, 30 + line * 47), text, fill=(20, 20, 30), font=font)
        lines.append(text)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue(), lines
