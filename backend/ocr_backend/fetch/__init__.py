"""A reference in a task becomes the bytes of a file, within limits of address, size and time.

The only room that sends requests for task data; never decodes an image.
"""
