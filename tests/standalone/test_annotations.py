"""Why jobs failed and attempts did not start, as `collect` publishes it, and what that costs."""

from __future__ import annotations

import pytest
from logs.rig import OpenRig, a_world, rig

from standalone.sandbox.specs import AnnotationSpec

pytestmark = pytest.mark.slow

__all__ = ["rig"]

CONCLUSIONS = ("failure", "cancelled", "timed_out", "success", "skipped", "neutral")
INVALID = AnnotationSpec(
    path=".github/workflows/ci.yml", line=3, message="Unexpected value 'runs_on'"
)


@pytest.mark.parametrize("mode", ["live", "economy"])
def test_each_failure_costs_one_request_and_nothing_else_does(rig: OpenRig, mode: str) -> None:
    """Of 60 annotations 50 are published; a second collection asks for none again."""
    world = a_world().run("failure", seconds=600)
    for conclusion in CONCLUSIONS:
        world.job(conclusion, conclusion)
    world.job("many", "failure").annotated(*[INVALID] * 60)
    world.run("startup_failure", starts_after=None, seconds=1).annotated(INVALID)
    here = rig(world, LOG_MODE=mode)
    here.collect()
    here.collect()
    here.read_by_example()
    ended = [
        each["data"]
        for each in here.read_lines("metrics")
        if each["event_type"].endswith("_completed")
    ]
    found = {
        each["job_name"]: (len(each["annotations"] or ()), each["annotations_total"])
        for each in ended
        if "job_id" in each
    }
    assert {name for name, (count, _) in found.items() if count} == {*CONCLUSIONS[:3], "many"}
    assert found["many"] == (50, 60)
    [run] = [each for each in ended if each["conclusion"] == "startup_failure"]
    assert (run["jobs"], run["annotations_total"]) == ([], 1)
    [annotation] = run["annotations"]
    assert (annotation["path"], annotation["start_line"]) == (INVALID.path, 3)
    assert annotation["message"] == INVALID.message
    requests = here.github.stats()["endpoints"]
    assert requests["list_annotations"]["requests"] == 4
    assert "list_check_runs" not in requests
