"""The commands of `ocr-backend`, one module each: `describe` gives its parser arguments, `run` does it."""
