"""Fixtures: a stage."""

from support.world import stage

__all__ = ["stage"]
