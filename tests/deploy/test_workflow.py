"""The workflow of our own CI: its form, and that what it runs is there."""

from __future__ import annotations

import os
import re
from typing import Any

import yaml
from check_jsonschema.cli import main as check_jsonschema
from click.testing import CliRunner
from support.command_line import ROOT

from standalone.cli import cli

FILE = ROOT / ".github" / "workflows" / "ci.yml"
WORKFLOW: dict[str, Any] = yaml.safe_load(FILE.read_text())
COMMANDS = [
    " ".join(step["run"].replace("\\\n", " ").split())
    for job in WORKFLOW["jobs"].values()
    for step in job["steps"]
    if "run" in step
]


def test_it_is_what_github_takes() -> None:
    """The published schema comes with its checker."""
    done = CliRunner().invoke(
        check_jsonschema, ["--builtin-schema", "vendor.github-workflows", str(FILE)]
    )
    assert done.exit_code == 0, done.output


def test_every_word_of_make_that_it_says_is_one() -> None:
    """The Makefile knows it, and says what it does."""
    words = {word for command in COMMANDS for word in re.findall(r"\bmake (\w+)", command)}
    known = set(re.findall(r"^(\w+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert words
    assert words <= known


def test_every_command_of_ours_is_one() -> None:
    """The command line knows it."""
    ours = re.compile(r"(?:-m standalone|--rm runstream) (\w+)")
    words = {word for command in COMMANDS for word in ours.findall(command)}
    assert words
    assert words <= set(cli.commands)


def test_it_runs_what_a_change_must_pass() -> None:
    """On the oldest Python that we support and on the newest."""
    assert ".ci/run" in COMMANDS
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert WORKFLOW["jobs"]["check"]["strategy"]["matrix"]["python"] == ["3.10", "3.13"]


def test_it_may_only_read() -> None:
    """A change from outside gets nothing to write with, and no job hangs for ever."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    for job in WORKFLOW["jobs"].values():
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False
