"""The help of each command: it fits a terminal, is whole, and its examples are accepted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from standalone.cli import cli

WIDTH = 80


def commands(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
    """List the words of each command, with those of groups."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        yield (*names, name)
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)


COMMANDS = [(), *commands(cli)]


def help_of(words: tuple[str, ...]) -> str:
    done = CliRunner().invoke(cli, [*words, "--help"], terminal_width=WIDTH)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_it_fits_a_terminal_and_nothing_is_cut(words: tuple[str, ...]) -> None:
    """Click ends a summary that is too long with three dots; options have theirs in brackets."""
    text = help_of(words)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert not re.search(r"\w\.\.\.$", text, re.MULTILINE)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_example_is_accepted(words: tuple[str, ...]) -> None:
    """A group has its commands instead, and the examples are theirs."""
    examples = re.findall(r"^    (.*\brunstream .*)$", help_of(words), re.MULTILINE)
    group_or_command: click.Command = cli
    for word in words:
        assert isinstance(group_or_command, click.Group)
        found = group_or_command.get_command(click.Context(cli), word)
        assert found is not None
        group_or_command = found
    assert examples or isinstance(group_or_command, click.Group)
    for example in examples:
        ours = re.split(r"\brunstream |\)\"|[|>]", example)[1]
        done = CliRunner().invoke(cli, [*shlex.split(ours), "--help"])
        assert done.exit_code == 0, f"{example}: {done.output}"
        assert done.output.startswith(f"Usage: cli {' '.join(words)}")


@pytest.mark.parametrize("option", ["--with-schedule", "--http=8080"])
def test_options_that_a_new_password_would_ignore_are_refused(option: str) -> None:
    done = CliRunner().invoke(cli, ["uplink", "--reset-password=a@b.example", option])
    assert done.exit_code == 2
    assert "--reset-password collects nothing: give it alone." in done.output


def test_a_new_password_ignores_the_address_that_the_image_sets() -> None:
    environment = {"RUNSTREAM_HTTP": "127.0.0.1:8080", "ANVIL_UPLINK_KEY": None}
    done = CliRunner().invoke(cli, ["uplink", "--reset-password=a@b.example"], env=environment)
    assert done.exit_code == 78
    assert "ANVIL_UPLINK_KEY is missing" in done.output
