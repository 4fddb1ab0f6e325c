"""The files that editors, pre-commit and GitHub read: their form, and what they name."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema.cli import main as check_jsonschema
from click.testing import CliRunner
from support.processes import run_program

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
DEPENDABOT: dict[str, Any] = yaml.safe_load((GITHUB / "dependabot.yml").read_text())
HOOKS: list[dict[str, Any]] = [
    hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]
]
CODESPELL = Path(sys.executable).with_name("codespell")

#: Which files of a folder each ecosystem of Dependabot updates.
MANIFESTS_PATH = {
    "pip": "requirements.txt",
    "github-actions": ".github/workflows/*.yml",
    "docker": "Dockerfile",
    "docker-compose": "compose.yaml",
}


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("dependabot", "dependabot.yml"),
        ("github-issue-config", "ISSUE_TEMPLATE/config.yml"),
        ("github-issue-forms", "ISSUE_TEMPLATE/bug_report.yml"),
        ("github-issue-forms", "ISSUE_TEMPLATE/feature_request.yml"),
    ],
)
def test_github_accepts_the_file(schema: str, file: str) -> None:
    """The published schema comes with its checker."""
    done = CliRunner().invoke(
        check_jsonschema, ["--builtin-schema", f"vendor.{schema}", str(GITHUB / file)]
    )
    assert done.exit_code == 0, done.output


def test_dependabot_updates_packages_actions_and_images() -> None:
    """Each ecosystem is listed once, and each folder has the file that it updates."""
    listed = {
        update["package-ecosystem"]: update.get("directories") or [update["directory"]]
        for update in DEPENDABOT["updates"]
    }
    assert len(listed) == len(DEPENDABOT["updates"])
    assert set(listed) == set(MANIFESTS_PATH)
    for ecosystem, folders in listed.items():
        for folder in folders:
            assert list(ROOT.joinpath(folder.strip("/")).glob(MANIFESTS_PATH[ecosystem])), folder


def test_the_owner_of_the_image_owns_every_file() -> None:
    """GitHub ignores the line of an owner that cannot see the repository."""
    chart = yaml.safe_load((ROOT / "deploy/helm/runstream/values.yaml").read_text())
    owner = chart["image"]["repository"].split("/")[1]
    lines = (GITHUB / "CODEOWNERS").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [f"* @{owner}/maintainers"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("test-sqs", "No AWS account was found. Set AWS_PROFILE"),
        ("test-servicebus", "make test-servicebus CONNECTION="),
        ("test-pubsub", "make test-pubsub PROJECT=name"),
    ],
)
def test_a_test_of_a_real_bus_asks_for_its_account(
    target: str, message: str, tmp_path: Path
) -> None:
    """It names what is missing instead of testing nothing."""
    programs = Path(sys.executable).parent
    stamp = ROOT / ".venv" / ".installed"
    done = run_program(
        ["make", "-C", ROOT, f"BIN={programs}", f"STAMP={stamp}", f"--assume-old={stamp}", target],
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "AWS_EC2_METADATA_DISABLED": "true",
        },
    )
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize("hook", HOOKS, ids=[hook["id"] for hook in HOOKS])
def test_a_hook_runs_a_pinned_program(hook: dict[str, Any]) -> None:
    """A hook with a version of its own would disagree with `make lint`."""
    program = Path(hook["entry"].split()[0])
    assert program.parent == Path(".venv/bin")
    assert Path(sys.executable).with_name(program.name).exists()


def test_every_check_of_make_lint_and_types_is_a_hook() -> None:
    """Only the audit, which asks a server, is left to `make lint`."""
    recipes = re.findall(
        r"^(?:lint|types):.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    programs = {name for recipe in recipes for name in re.findall(r"\$\(BIN\)/([\w-]+)", recipe)}
    assert programs - {"python"} == {Path(hook["entry"].split()[0]).name for hook in HOOKS} - {
        "check-yaml",
        "check-toml",
    }


def test_a_misspelt_word_fails(tmp_path: Path) -> None:
    """The configuration leaves words of ours alone, and others it reports."""
    page = tmp_path / "page.md"
    page.write_text("caf and re" + "cieve\n")
    done = run_program([CODESPELL, "--toml", ROOT / "pyproject.toml", page], folder=tmp_path)
    assert done.returncode != 0
    assert "receive" in done.stdout
    assert "caf" not in done.stdout
