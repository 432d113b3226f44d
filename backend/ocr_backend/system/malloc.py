"""Makes glibc return the memory of freed images to the operating system. Does nothing without glibc."""

import ctypes

_M_MMAP_THRESHOLD = -3  # malloc.h of glibc
_THRESHOLD_BYTES = 2**20  # the arrays of most images are larger


def return_large_blocks() -> None:
    """From now on, this process returns large blocks of memory to the system when they are freed.

    By default glibc raises its threshold for large blocks to the largest block freed so far, up to 32 MiB,
    and keeps smaller blocks in each of its arenas (mallopt(3)). A worker with dozens of threads that read
    images of all sizes grew by 120 MB in 2,800 requests, and by 3 MB with this fixed threshold, which costs
    about 5 % of the reading time (measured).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return
    mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES)
