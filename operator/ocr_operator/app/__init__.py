"""The `ocr-operator` command: parses arguments, connects everything and runs until stopped.

No other room imports it.
"""
