"""The first part of the demo: the backend alone, as a process on this machine."""

from backend_process import BUILTIN, running_backend
from ocr_demo.image import IMAGE, ROOT, read_through
from ocr_demo.progress import say


def read_locally() -> None:
    """Starts the backend with the builtin models, prints the text lines of the sample image, and stops it."""
    say("starting the backend on this machine with its builtin models ...")
    with running_backend({**BUILTIN, "PADDLEOCR_VERSION": "PP-OCRv5"}) as url:
        say(f"ready at {url}; text lines in {IMAGE.relative_to(ROOT)}:")
        print_lines(read_through(url))


def print_lines(lines: list[str]) -> None:
    """Prints the lines with indentation, between empty lines."""
    print("\n" + "\n".join(f"    {line}" for line in lines) + "\n", flush=True)
