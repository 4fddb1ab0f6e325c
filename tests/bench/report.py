"""What the benchmarks found, as a table for people."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One finding; ``goal`` is empty where none is set."""

    benchmark: str
    case: str
    measured: str
    goal: str = ""
    note: str = ""


HEAD = Row("benchmark", "case", "measured", "goal", "details")


def table(rows: Sequence[Row]) -> str:
    """Lay rows out as a Markdown table."""
    return "\n".join(_line(row) for row in (HEAD, Row(*["---"] * len(HEAD)), *rows))


def machine() -> str:
    """Describe the machine without naming it: processors, memory, Python, load."""
    cores, load = os.cpu_count(), os.getloadavg()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return (
        f"{platform.system()} on {platform.machine()}, {cores} processors, {_memory()}, {python}; "
        f"load {load[0]:.1f} (1 minute), {load[2]:.1f} (15 minutes) at the end"
    )


def _line(row: Row) -> str:
    return "| " + " | ".join(row) + " |"


def _memory() -> str:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return "unknown memory"
    return f"{int(lines[0].split()[1]) / 2**20:.0f} GiB"
