"""The workflows of our own CI: their form, and that what they run is there."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema.cli import main as check_jsonschema
from click.testing import CliRunner
from fuzz.targets import TARGETS
from support.command_line import ROOT
from support.processes import run_program

from standalone import cli

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORKFLOWS: dict[str, dict[str, Any]] = {
    file.stem: yaml.safe_load(file.read_text()) for file in FILES
}
WORKFLOW = WORKFLOWS["ci"]
COMMANDS = [
    " ".join(step["run"].replace("\\\n", " ").split())
    for workflow in WORKFLOWS.values()
    for job in workflow["jobs"].values()
    for step in job["steps"]
    if "run" in step
]


def test_they_are_what_github_takes() -> None:
    """The published schema comes with its checker."""
    done = CliRunner().invoke(
        check_jsonschema, ["--builtin-schema", "vendor.github-workflows", *map(str, FILES)]
    )
    assert done.exit_code == 0, done.output


def test_a_linter_of_workflows_finds_no_fault() -> None:
    """Actionlint checks expressions, contexts, permissions and the shell's commands."""
    linter = Path(sys.executable).with_name("actionlint")
    if not linter.exists():
        pytest.skip("actionlint comes from pip for Linux on x86-64 only")
    done = run_program([linter, *FILES])
    assert (done.returncode, done.stdout) == (0, "")


def test_every_word_of_make_that_it_reports_is_one() -> None:
    """The Makefile knows it, and says what it does."""
    words = {word for command in COMMANDS for word in re.findall(r"\bmake ([\w-]+)", command)}
    known = set(re.findall(r"^([\w-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert words
    assert words <= known


def test_every_command_of_ours_is_one() -> None:
    """The command line knows it."""
    ours = re.compile(r"(?:bin/runstream|--rm runstream) (\w+)")
    words = {word for command in COMMANDS for word in ours.findall(command)}
    assert words
    assert words <= set(cli.COMMANDS)


def test_it_runs_what_a_change_must_pass() -> None:
    """On the oldest Python that we support and on the newest."""
    assert ".ci/run" in COMMANDS
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert WORKFLOW["jobs"]["check"]["strategy"]["matrix"]["python"] == ["3.10", "3.13"]


def test_every_target_is_fuzzed_at_night() -> None:
    """A reader that is fuzzed in the suite is fuzzed for longer there."""
    assert WORKFLOWS["fuzz"]["jobs"]["fuzz"]["strategy"]["matrix"]["target"] == list(TARGETS)


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)
def test_it_may_only_read(workflow: dict[str, Any]) -> None:
    """A change from outside gets nothing to write with, and no job hangs for ever."""
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


def test_only_a_job_that_no_change_starts_may_write() -> None:
    """It runs the code of the main branch."""
    for name, workflow in WORKFLOWS.items():
        may_write = any("permissions" in job for job in workflow["jobs"].values())
        # YAML reads the key "on" as a truth value. Only maintainers push tags.
        starts = workflow[True]
        by_maintainers = starts == {"push": {"tags": ["v*"]}}
        by_schedule = set(starts) == {"schedule", "workflow_dispatch"}
        assert not may_write or by_schedule or by_maintainers, name


def test_dependabot_waits_until_a_release_is_a_week_old() -> None:
    """A malicious release is usually found and withdrawn within days."""
    settings = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())
    assert all(each["cooldown"] == {"default-days": 7} for each in settings["updates"])


@pytest.mark.parametrize("file", FILES, ids=WORKFLOWS)
def test_actions_are_pinned_to_a_commit(file: Path) -> None:
    """A tag can be moved; the comment names the release for people and Dependabot."""
    uses = re.findall(r"uses: (.*)", file.read_text())
    assert uses
    for action in uses:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


def test_the_published_workflow_requires_the_audit() -> None:
    """`.ci/run` passes without a network; the workflow does not."""
    assert ".venv/bin/python .ci/audit.py --required" in COMMANDS


def test_the_audit_and_the_bill_of_materials_are_made_each_week() -> None:
    """PyYAML reads `on` as true, as YAML 1.1 does."""
    (starts,) = WORKFLOW[True]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", starts["cron"])
    steps = WORKFLOW["jobs"]["image"]["steps"]
    made = next(n for n, step in enumerate(steps) if step.get("run") == "make sbom")
    attached = steps[made + 1]
    assert attached["uses"].startswith("actions/upload-artifact@")
    assert f"--output-file {attached['with']['path']} " in (ROOT / "Makefile").read_text()
    assert ".venv/bin/python .ci/audit.py --required" in {
        step.get("run") for job in WORKFLOW["jobs"].values() for step in job["steps"]
    }
