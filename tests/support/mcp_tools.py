"""The tools of `runstream mcp` in this process."""

from __future__ import annotations

import io
from dataclasses import replace

from ingest.domain.log_outline import LogOutline
from ingest.settings import Settings

from standalone.mcp.tools import McpTools

from .world import Stage, log_reader
from .world_builder import FIRST_JOB


def open_tools_with_log(here: Stage, log: bytes, outline: LogOutline) -> McpTools:
    """Return the tools of a stage with one job, whose log is in their cache."""
    cache = here.state.log_cache
    here.context = replace(here.context, log_cache=cache)
    assert here.poll() is None
    cache.save_log(here.attempt().key, FIRST_JOB + 1, io.BytesIO(log), outline, here.clock.now())
    return McpTools(
        state=here.state,
        settings=Settings(),
        clock=here.clock,
        open_log_reader=lambda: log_reader(here.context),
    )
