"""`python -m ocr_backend` is the command `ocr-backend`."""

from ocr_backend.commands.cli import main

main()
