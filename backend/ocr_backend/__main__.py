"""`python -m ocr_backend` is the command `ocr-backend`."""

from ocr_backend.cli import main

main()
