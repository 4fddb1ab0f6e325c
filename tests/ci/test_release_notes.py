"""What a release requires: a version, and a section that describes it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from support.processes import run_program

ROOT = Path(__file__).parents[2]

#: https://keepachangelog.com/en/1.1.0/, in its order.
SECTIONS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def notes(tag: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / ".ci" / "release_notes.py", tag]
    variables = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "octo/api"}
    return run_program(command, environment={**os.environ, **variables})


def test_the_version_is_described() -> None:
    (version,) = re.findall(
        r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    done = notes(f"v{version}")
    assert done.returncode == 0, done.stderr
    assert "### Added" in done.stdout
    assert "## [" not in done.stdout.replace("### [", "")
    links = re.findall(r"\]\(([^)]+)\)", done.stdout)
    assert f"https://github.com/octo/api/blob/v{version}/docs/guides/messages.md" in links
    assert f"https://github.com/octo/api/blob/v{version}/CHANGELOG.md#changed" in links
    assert [link for link in links if not link.startswith("https://")] == []


def test_another_tag_is_refused() -> None:
    done = notes("v99.0.0")
    assert done.returncode == 1
    assert "The tag v99.0.0 is not the version" in done.stderr


def test_each_section_and_each_entry_of_a_release_is_there_once() -> None:
    """Two branches that add entries are merged line by line, which can keep a text twice."""
    for release in re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1:]:
        sections = re.split(r"^### ", release, flags=re.MULTILINE)[1:]
        names = [section.partition("\n")[0] for section in sections]
        assert names == [name for name in SECTIONS if name in names]
        for section in sections:
            groups = re.findall(r"^#### (.+)$", section, re.MULTILINE)
            assert len(groups) == len(set(groups)), groups
        entries = re.findall(r"^- .+$", release, re.MULTILINE)
        assert [entry for entry in entries if entries.count(entry) > 1] == []
