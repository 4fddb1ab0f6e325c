"""How many connections a server of this process may have open."""

from __future__ import annotations


def cap_by_open_files(most: int) -> int:
    """Return ``most``, or a quarter of the files that this process may open if that is less."""
    import resource  # Windows has none

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if files == resource.RLIM_INFINITY else min(most, files // 4)
