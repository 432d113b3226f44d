"""The commands of `ocr-backend`: `add_arguments` declares a command's arguments, `run` executes it.

May import every other room; no other room imports this one.
"""
