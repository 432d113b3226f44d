"""Drawn pages for the benchmarks: as large and as full as an ordinary scan, each with other text."""

import io
import random

from PIL import Image, ImageDraw, ImageFont

SIDE = 1000
"""Px: one megapixel."""
LINES = 20
"""Of 23 characters on average: those of the real images in the tests have 15."""
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
    """The JPEG file of page `number`, and its lines from top to bottom; the same each time."""
    chance = random.Random(number)
    image = Image.new("RGB", (SIDE, SIDE), (252, 251, 247))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=26)
    lines = []
    for line in range(LINES):
        text = f"{chance.randrange(10**4):04d} {' '.join(chance.choices(_WORDS, k=chance.randint(1, 4)))}"
        draw.text((40, 30 + line * 47), text, fill=(20, 20, 30), font=font)
        lines.append(text)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue(), lines
