"""The start of the command line wastes no time."""

from __future__ import annotations

import os
import subprocess
import sys

#: Prints how many searches for cycles began, and after how many objects the next one comes.
_SCRIPT = """
import atexit, gc, sys
from standalone.__main__ import main
searches = []
gc.callbacks.append(lambda phase, info: searches.append(phase))
atexit.register(lambda: print(searches.count("start"), gc.get_threshold()[0], file=sys.stderr))
{at_exit}
sys.argv = ["runstream", "collect", "--help"]
main()
"""


def printed_by_start(at_exit: str = "") -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", _SCRIPT.format(at_exit=at_exit)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stderr.strip()


def test_nothing_that_importing_creates_is_searched_for_cycles() -> None:
    assert printed_by_start() == "0 150000"


def test_cycles_are_searched_for_more_often_after_the_first_search() -> None:
    """Garbage may hold answers of GitHub and logs."""
    assert printed_by_start("atexit.register(gc.collect, 0)") == "1 20000"
