"""One heap of the C library for all threads.

glibc gives each thread a heap of its own, up to eight for each processor. What threads allocate and
free in turn leaves gaps in each of them, and a backfill keeps ten to twenty MiB of gaps.
"""

from __future__ import annotations

from contextlib import suppress

#: M_ARENA_MAX of glibc's <malloc.h>. https://man7.org/linux/man-pages/man3/mallopt.3.html
_ARENA_MAX = -8


def share_one_arena() -> None:
    """Let all threads allocate from one heap, if the C library is glibc; call it before threads."""
    with suppress(ImportError, OSError, AttributeError):  # another C library has no mallopt
        import ctypes

        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
