"""The drill, small enough for every change."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.processes import run_program

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_what_is_broken_for_good_stops_nothing_else():
    """All but one repository, one attempt and one log arrives, though one token is rejected."""
    words = ["--minutes", "0.05", "--rate", "0.7", "--alone"]
    run = run_program([sys.executable, "-m", "tests.drill", *words], folder=ROOT)
    assert run.returncode == 0, run.stdout + run.stderr[-3000:]
    assert "missing               0" in run.stdout
