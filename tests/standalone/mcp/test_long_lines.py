"""Lines so long that a page of the log holds fewer than were asked for are all reached."""

from __future__ import annotations

import pytest
from ingest.domain.log_outline import LogOutline
from support.mcp_tools import open_tools_with_log
from support.world_builder import FIRST_JOB, FIRST_RUN, WorldBuilder

LINES = 40
LOG = b"".join(b"%060000d\n" % number for number in range(1, LINES + 1))


@pytest.mark.parametrize("around_errors", [False, True])
def test_an_answer_names_the_line_that_follows_its_last_one(stage, around_errors):
    here = stage(WorldBuilder().run(seconds=60).job("build", log=LOG), at=100)
    tools = open_tools_with_log(here, LOG, LogOutline(error_lines=(15, 25)))
    numbers, next_line = [], 1
    while next_line is not None:
        answer = tools.get_job_log(
            run_id=FIRST_RUN + 1,
            job_id=FIRST_JOB + 1,
            first_line=next_line,
            around_errors=around_errors,
        )
        assert answer["lines"]
        numbers += [line["number"] for line in answer["lines"]]
        next_line = answer["next_line"]
    assert numbers == list(range(1, LINES + 1))
