"""Gets the file of an image from its reference in a task, within limits of address, size and time.

The only room that sends requests for task data. Never decodes an image.
"""
