"""What a release requires: a version, and a section that describes it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from support.processes import run_program

ROOT = Path(__file__).parents[2]


def notes(tag: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / ".ci" / "release_notes.py", tag]
    return run_program(command)


def test_the_version_is_described() -> None:
    (version,) = re.findall(
        r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    done = notes(f"v{version}")
    assert done.returncode == 0, done.stderr
    assert "### Added" in done.stdout
    assert "## [" not in done.stdout.replace("### [", "")


def test_another_tag_is_refused() -> None:
    done = notes("v99.0.0")
    assert done.returncode == 1
    assert "The tag v99.0.0 is not the version" in done.stderr
