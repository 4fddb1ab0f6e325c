"""The chaos run, small enough for every change."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.processes import run_program

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_lost_when_everything_fails():
    """With killed collectors, lying lists, limits and lost webhooks every log arrives.

    `make chaos` does the same in economy mode.
    """
    words = ["--runs", "6", "--rate", "3", "--kills", "2", "--log-mode", "live"]
    run = run_program([sys.executable, "-m", "tests.chaos", *words], folder=ROOT)
    assert run.returncode == 0, run.stdout + run.stderr[-3000:]
    assert "missing               0" in run.stdout
