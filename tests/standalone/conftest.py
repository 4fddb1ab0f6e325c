"""Fixtures: a stage, and a command line."""

from support.command_line import bare, cli, github
from support.world import stage

__all__ = ["bare", "cli", "github", "stage"]
