"""The stage that every test here may open."""

from support.world import stage

__all__ = ["stage"]
