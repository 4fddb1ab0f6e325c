"""The drill, small enough for every change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_what_is_broken_for_good_stops_nothing_else():
    """All but one repository, one attempt and one log arrives, though one token is rejected."""
    words = ["--minutes", "0.05", "--rate", "0.7", "--alone"]
    run = subprocess.run(
        [sys.executable, "-m", "tests.drill", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr[-3000:]
    assert "missing               0" in run.stdout
