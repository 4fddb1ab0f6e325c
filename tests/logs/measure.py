"""Collect one repository, then another, and print how much memory the second one took on top.

Run in a process of its own: the first repository has loaded whatever is loaded once.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from pathlib import Path

from ingest.bootstrap.collector import open_standalone_collector
from ingest.settings import read_settings

from standalone.once import collect_once

STATUS = Path("/proc/self/status")


def resident_kib(name: str) -> int:
    """Read VmRSS, or VmHWM, which is the most it has been since `forget_peak`."""
    found = re.search(rf"{name}:\s+(\d+) kB", STATUS.read_text())
    assert found is not None
    return int(found[1])


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


stop = threading.Event()
collector = open_standalone_collector(read_settings(os.environ.get), stop=stop)
for repository in sys.argv[1:]:
    forget_peak()
    idle = resident_kib("VmRSS")
    collect_once(collector, [repository], stop=stop, on_progress=lambda: None)
collector.close()
print(json.dumps({"idle_kib": idle, "peak_kib": resident_kib("VmHWM")}))
