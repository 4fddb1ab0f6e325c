"""A step whose place in the log is not certain is read with its neighbours, and said to be so."""

from __future__ import annotations

import pytest
from ingest.domain.log_outline import LogOutline
from ingest.domain.step_ranges import StepRange
from ingest.errors import NotFound
from support.mcp_tools import open_tools_with_log
from support.world_builder import FIRST_JOB, FIRST_RUN, WorldBuilder

RUN, JOB = FIRST_RUN + 1, FIRST_JOB + 1
LOG = b"".join(b"line %d\n" % number for number in range(1, 10))


def a_range(number: int, first_line: int, last_line: int) -> StepRange:
    return StepRange(
        number=number,
        step_name="",
        first_line=first_line,
        last_line=last_line,
        first_byte=0,
        last_byte=0,
    )


def test_a_step_whose_place_is_not_certain_is_read_with_its_neighbours(stage):
    """A step of which nothing is known is not: that is an error which says what to ask."""
    here = stage(WorldBuilder().run(seconds=60).job("build", log=LOG), at=100)
    outline = LogOutline(steps=(a_range(1, 1, 2),), uncertain_steps=(a_range(3, 4, 8),))
    tools = open_tools_with_log(here, LOG, outline)
    answers = {step: tools.get_job_log(run_id=RUN, job_id=JOB, step=step) for step in (1, 3)}
    numbers = {
        step: [line["number"] for line in answer["lines"]] for step, answer in answers.items()
    }
    assert numbers == {1: [1, 2], 3: [4, 5, 6, 7, 8]}
    assert {step: answer["step_is_certain"] for step, answer in answers.items()} == {
        1: True,
        3: False,
    }
    with pytest.raises(NotFound, match="Use `around_errors`"):
        tools.get_job_log(run_id=RUN, job_id=JOB, step=2)
    assert "step_is_certain" not in tools.get_job_log(run_id=RUN, job_id=JOB)
