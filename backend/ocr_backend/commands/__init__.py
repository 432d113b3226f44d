"""The commands of `ocr-backend`: `describe` gives a command its arguments, `run` executes it.

May import every other room; no other room imports this one.
"""
