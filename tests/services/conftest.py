"""Give every test here a stage to open."""

from support.world import stage

__all__ = ["stage"]
