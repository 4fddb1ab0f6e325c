"""With the messages alone, an agent finds where each job failed, in at most two reads."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from logs.rig import OpenRig, Rig, a_world
from support.world_builder import WorldBuilder

from standalone.sandbox.specs import LogSpec

SCRIPT = Path(__file__).parents[2] / "examples" / "read_failures.py"
FAILING, ERROR = "Run tests", "##[error]Process completed with exit code 1."

#: A log in the message, and one behind a claim check; steps that repeat what a step prints.
LOGS = {
    "small": LogSpec(seed="small"),
    "odd": LogSpec(seed="odd", broken_utf8=True, newline="\r\n"),
    "large": LogSpec(seed="large", lines_per_step=12_000),
}


class CountedReads:
    """S3, with its reads counted by the job whose object they read."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self.reads: Counter[str] = Counter()
        self.bytes_read = 0

    def get_object(self, **arguments: Any) -> Any:
        self.reads[arguments["Key"].rpartition("/")[2].partition("-")[0]] += 1
        answer = self._s3.get_object(**arguments)
        self.bytes_read += answer["ContentLength"]
        return answer


def load_example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("read_failures", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(SCRIPT.parent), *sys.path])
        spec.loader.exec_module(module)
    return module


def a_rig_of_failures(rig: OpenRig, mode: str, **settings: str) -> Rig:
    world = a_world().run("failure", seconds=600)
    for name, log in LOGS.items():
        world.job(name, "failure", log=log)
    return rig(world, LOG_MODE=mode, **settings)


@pytest.mark.parametrize(("mode", "format_"), [("live", "cloudevents"), ("economy", "runstream")])
def test_an_agent_finds_each_failure_in_two_reads(rig: OpenRig, mode: str, format_: str) -> None:
    """The failing step, its first error line with its number, and the annotation."""
    here = a_rig_of_failures(rig, mode, MESSAGE_FORMAT=format_)
    here.collect()
    example = load_example()
    s3 = CountedReads(here.s3)
    urls = [
        here.sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in (here.metrics, here.logs)
    ]
    jobs = [
        body["data"]
        for body in example.receive(here.sqs, urls[0])
        if example.event_type(body) == "workflow_job_completed"
    ]
    logs: dict[int, Any] = {}
    for body in example.receive(here.sqs, urls[1]):
        head, location = example.read_head(s3, body)
        logs[head["data"]["job_id"]] = example.Log(s3, location)
        logs[head["data"]["job_id"]].add(head["data"])
    found = {job["job_name"]: example.explain(job, logs[job["job_id"]]) for job in jobs}
    assert found.keys() == LOGS.keys()
    for each in found.values():
        assert each["step"] == FAILING
        assert each["line"].endswith(ERROR)
        assert [note["message"] for note in each["annotations"]] == [
            ERROR.removeprefix("##[error]")
        ]
        steps = {step["step_name"]: step for step in logs[each["job_id"]].facts["steps"]}
        assert steps[FAILING]["first_line"] < each["line_number"] <= steps[FAILING]["last_line"]
    assert s3.reads == {str(found["large"]["job_id"]): 2}
    assert s3.bytes_read < 256 * 1024 + logs[found["large"]["job_id"]].facts["log_bytes"] / 2


def test_the_example_prints_the_failures(rig: OpenRig) -> None:
    """One JSON line for each; without a bucket the log's parts are joined."""

    def a_rig(world: WorldBuilder, **options: Any) -> Rig:
        world.run("startup_failure", starts_after=None, seconds=1)
        return rig(world, bucket=False, **options)

    here = a_rig_of_failures(a_rig, "live")
    here.collect()
    printed = [json.loads(line) for line in here.python(str(SCRIPT)).splitlines()]
    steps = {each["job_name"]: each["step"] for each in printed}
    assert steps == {**dict.fromkeys(LOGS, FAILING), None: None}
    assert all(each["line"].endswith(ERROR) for each in printed if each["job_id"])
    assert all(each["annotations"] for each in printed)
    assert (here.count(here.metrics), here.count(here.logs)) == (0, 0)


@pytest.mark.parametrize(
    ("conclusions", "failing"),
    [
        (("success", "cancelled", "failure"), 2),
        (("success", "cancelled", "skipped"), 1),
        (("success", None, None), 1),
        (("success", "skipped"), None),
    ],
)
def test_the_failing_step_of_a_stopped_job_is_the_one_that_was_stopped(
    conclusions: tuple[str | None, ...], failing: int | None
) -> None:
    steps = [{"conclusion": each, "started_at": "2026-11-24T06:30:00Z"} for each in conclusions]
    expected = None if failing is None else steps[failing]
    assert load_example().failing_step(steps) == expected


#: The second step fails. The first error is of the first one, in the second in which it ended.
TIMED = (
    "2026-11-24T06:30:01.5Z ##[group]Set up job\n"
    "2026-11-24T06:30:02.1Z ##[error]ignored\n"
    "2026-11-24T06:30:02.2Z ##[group]Run make\n"
    "2026-11-24T06:30:03.4Z ##[error]exit code 1\n"
    "2026-11-24T06:30:04.4Z ##[error]of the cleanup\n"
)


def a_step(number: int, conclusion: str, began: int, ended: int | None) -> dict[str, Any]:
    times = [None if each is None else f"2026-11-24T06:30:0{each}Z" for each in (began, ended)]
    names = ("number", "step_name", "conclusion", "started_at", "completed_at")
    return dict(zip(names, (number, f"step {number}", conclusion, *times), strict=True))


def the_place_of(number: int, first_line: int, last_line: int) -> dict[str, Any]:
    before, through = (
        sum(map(len, TIMED.splitlines(keepends=True)[:end])) for end in (first_line - 1, last_line)
    )
    place = {"first_line": first_line, "last_line": last_line}
    return {"number": number, **place, "first_byte": before, "last_byte": through - 1}


@pytest.mark.parametrize(
    ("ended", "places", "within", "line"),
    [
        (3, None, [], 2),  # the seconds alone cannot exclude the line of the step before
        (3, None, [the_place_of(2, 3, 5)], 4),
        (3, None, [the_place_of(1, 1, 3), the_place_of(2, 1, 5)], 2),
        (3, [the_place_of(1, 1, 2)], [], 4),
        (3, [the_place_of(2, 3, 4)], [], 4),
        (3, [the_place_of(1, 1, 2), the_place_of(3, 4, 5)], [], None),
        (None, [the_place_of(1, 1, 2)], [], 4),
        (2, [the_place_of(1, 1, 2)], [], None),  # a later line is of another step
    ],
)
def test_a_step_that_is_left_out_is_looked_for_between_those_that_are_known(
    ended: int | None,
    places: list[dict[str, Any]] | None,
    within: list[dict[str, Any]],
    line: int | None,
) -> None:
    example = load_example()
    log = example.Log(None, None)
    facts = {"part": 1, "log_encoding": "utf-8", "log_content": TIMED, "log_bytes": len(TIMED)}
    marks = {"steps": places, "uncertain_steps": within, "error_lines": [2, 4, 5]}
    log.add({**facts, **marks})
    steps = [a_step(1, "success", 1, 2), a_step(2, "failure", 2, ended), a_step(3, "success", 3, 4)]
    job = {"repo": "octo/api", "run_id": 1, "job_id": 1, "job_name": "build", "steps": steps}
    found = example.explain(job, log)
    assert found["line_number"] == line
    assert found["is_certain"] == any(each["number"] == 2 for each in places or ())
    assert found["line"] == (line and TIMED.splitlines()[line - 1])
