"""Fixtures: a stage, and a rig with the real SQS, S3 and command line."""

from logs.rig import rig
from support.world import stage

__all__ = ["rig", "stage"]
