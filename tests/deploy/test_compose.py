"""The compose file, as far as it can be looked at without Docker; CI asks Docker itself."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click
import pytest
import yaml
from check_jsonschema.cli import main as check_jsonschema
from click.testing import CliRunner
from ingest.settings import read_settings
from support.command_line import ROOT

from standalone.cli import cli

FILE = ROOT / "compose.yaml"
SERVICES: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]

#: Settings of other hosts of the collector, or that a container has no use for.
ELSEWHERE = {"MCP_TOKEN", "TASK_SECONDS", "ANVIL_UPLINK_KEY", "ANVIL_UPLINK_URL", "AWS_REGION"}
NOT_WITHOUT_ITS_PORT = {"GITHUB_WEBHOOK_SECRET"}


def test_it_is_what_the_compose_specification_asks_for() -> None:
    """The published schema comes with its checker."""
    done = CliRunner().invoke(
        check_jsonschema, ["--builtin-schema", "vendor.compose-spec", str(FILE)]
    )
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("name", OURS)
def test_each_service_of_ours_starts_a_command_that_there_is(name: str) -> None:
    """The command line itself reads its arguments."""
    words = shlex.split(SERVICES[name]["command"])
    context = cli.make_context("runstream", words)
    command = cli.get_command(context, words[0])
    assert isinstance(command, click.Command)
    assert command.make_context(words[0], words[1:], parent=context).info_name == words[0]


def test_the_collector_starts_with_repositories_as_the_file_asks_for_them() -> None:
    """They are a setting in the container, in its form, and nothing else of the command."""
    example = re.search(r"REPOSITORIES=(.+)}", SERVICES["collector"]["environment"]["REPOSITORIES"])
    assert example
    settings = read_settings({"REPOSITORIES": example[1]}.get)
    assert [str(source) for source in settings.sources] == ["octo/api", "octo/web"]
    assert "$" not in SERVICES["collector"]["command"]


def passed_settings() -> list[str]:
    """List whatever the collector asks its environment for, but what it has no use for."""
    asked: dict[str, None] = {}
    read_settings(asked.setdefault)
    return [name for name in asked if name not in ELSEWHERE | NOT_WITHOUT_ITS_PORT]


def test_every_setting_can_be_passed_to_the_collector() -> None:
    """Run this file as a program to add what the file lacks."""
    assert set(passed_settings()) == set(SERVICES["collector"]["environment"])


def add_settings() -> None:
    """Add the settings that the file does not pass yet, before the last one of the collector."""
    known = SERVICES["collector"]["environment"]
    before, line, rest = FILE.read_text().partition("      DATABASE_URL: ")
    new = "".join(f"      {name}:\n" for name in passed_settings() if name not in known)
    FILE.write_text(before + new + line + rest)


def test_no_secret_has_a_default() -> None:
    """Values come from outside; a password must be chosen."""
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or name == "DATABASE_URL":
                assert "${POSTGRES_PASSWORD:?" in value
    given = [name for name, value in SERVICES["collector"]["environment"].items() if value]
    assert given == ["REPOSITORIES", "DATABASE_URL"]


@pytest.mark.parametrize("name", OURS)
def test_ours_run_without_rights(name: str) -> None:
    """Nothing can be written but state, and no right can be gained."""
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_what_a_service_waits_for_reports_when_it_is_there() -> None:
    """Healthy is only who has a health check; completed is only who ends."""
    for service in SERVICES.values():
        for other, wanted in service.get("depends_on", {}).items():
            if wanted["condition"] == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"]
            else:
                assert SERVICES[other]["command"] == "setup"


if __name__ == "__main__":
    add_settings()
