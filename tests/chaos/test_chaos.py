"""The chaos run, small enough for every change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("log_mode", ["live", "economy"])
def test_nothing_is_lost_when_everything_fails(log_mode):
    """With killed collectors, lying lists, limits and lost webhooks every log arrives."""
    words = ["--runs", "30", "--rate", "15", "--kills", "2", "--log-mode", log_mode]
    run = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr[-3000:]
    assert "missing               0" in run.stdout
