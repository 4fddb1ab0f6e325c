"""Steps of a single log are named where order, kinds and times leave one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.jobs import Step
from ingest.domain.log_outline import read_outline
from ingest.domain.step_ranges import StepRange

BEGIN = datetime(2026, 11, 24, 6, 30, tzinfo=timezone.utc)


def a_step(number: int, name: str, begin: float, end: float, conclusion: str = "success") -> Step:
    """Make a step whose times have whole seconds, as GitHub's."""
    return Step(
        number=number,
        name=name,
        status="completed",
        conclusion=conclusion,
        started_at=BEGIN + timedelta(seconds=int(begin)),
        completed_at=BEGIN + timedelta(seconds=int(end)),
    )


def line(at: float, text: str) -> str:
    return f"{BEGIN + timedelta(seconds=at):%Y-%m-%dT%H:%M:%S.%f}7Z {text}\n"


STEPS = [
    a_step(1, "Set up job", 0, 2),
    a_step(2, "Run actions/checkout@v5", 2.1, 4.9),
    a_step(3, "Lint", 5, 5, "skipped"),
    a_step(4, "Build", 5.2, 9.4),
    a_step(5, "Test", 9.5, 9.9, "failure"),
    a_step(10, "Post Run actions/checkout@v5", 9.95, 10.1),
    a_step(11, "Complete job", 10.2, 10.3),
]
LOG = [
    line(0.1, "Current runner version: '2.330.0'"),
    line(1.0, "##[group]Runner Image") + line(1.1, "Image: ubuntu") + line(1.1, "##[endgroup]"),
    line(2.15, "##[group]Run actions/checkout@v5") + line(2.2, "with:") + line(2.2, "##[endgroup]"),
    line(5.25, "##[group]Run make") + line(5.3, "make") + line(5.3, "##[endgroup]") + "bare\n",
    line(9.52, "##[group]Run make test") + line(9.6, "x") + line(9.8, "##[error]Process completed"),
    line(9.96, "Post job cleanup.") + line(10.0, "[command]/usr/bin/git version"),
    line(10.21, "Evaluate and set job outputs") + line(10.22, "Cleaning up orphan processes"),
]  # fmt: skip
WHOLE = [LOG[0] + LOG[1], *LOG[2:]]
LATE = [(9.96, "Post job cleanup."), (10.21, "Cleaning up orphan processes")]


def located(log: str, steps: list[Step], size: int = 1000) -> list[tuple[int, str]] | None:
    """Return the number and the text of each step."""
    content = log.encode()
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    found = read_outline(chunks, steps).steps
    return None if found is None else texts_of(content, found)


def surrounded(log: str, steps: list[Step]) -> dict[int, str]:
    """Return the text in which each step is that is not certain, by its number."""
    return dict(texts_of(log.encode(), read_outline([log.encode()], steps).uncertain_steps))


def texts_of(content: bytes, found: Sequence[StepRange]) -> list[tuple[int, str]]:
    for each in found:
        lines = content.split(b"\n")[each.first_line - 1 : each.last_line]
        cut = content[each.first_byte : each.last_byte + 1]
        assert b"\n".join(lines) == cut.removesuffix(b"\n")
    return [(each.number, content[each.first_byte : each.last_byte + 1].decode()) for each in found]


@pytest.mark.parametrize("size", [1, 13, 5000])
def test_each_step_that_ran_has_its_lines(size):
    """From the line with which the runner begins it; a skipped step has none."""
    expected = list(zip([1, 2, 4, 5, 10, 11], WHOLE, strict=True))
    assert located("".join(LOG), STEPS, size) == expected


def test_a_composite_action_keeps_its_inner_steps():
    """They begin as steps do, but only one assignment fits the times."""
    inner = line(6, "##[group]Run pip install") + line(7.5, "##[group]Run ruff check")
    log = "".join([*LOG[:4], inner, *LOG[4:]])
    found = dict(located(log, STEPS) or ())
    assert found[4] == LOG[3] + inner


def test_a_step_with_two_answers_is_left_out():
    """An inner step in the second in which the next step begins could be either."""
    inner = line(9.45, "##[group]Run echo last")
    found = located("".join([*LOG[:4], inner, *LOG[4:]]), STEPS)
    certain = list(zip([1, 2, 4, 5, 10, 11], WHOLE, strict=True))
    assert found == [each for each in certain if each[0] not in {4, 5}]
    within = surrounded("".join([*LOG[:4], inner, *LOG[4:]]), STEPS)
    assert within == {4: LOG[3] + inner, 5: inner + LOG[4]}


def test_a_name_that_is_a_title_decides():
    """A step without a name has the title of its group."""
    inner = line(9.45, "##[group]Run echo last")
    steps = [replace(each, name="Run make test") if each.number == 5 else each for each in STEPS]
    found = dict(located("".join([*LOG[:4], inner, *LOG[4:]]), steps) or ())
    assert found[5] == LOG[4]


def test_steps_before_and_images_are_named():
    """An action's own step before the job begins with the line that its main step has."""
    steps = [
        a_step(1, "Set up job", 0, 2),
        a_step(2, "Build octo/lint@v1", 2.1, 3.0),
        a_step(3, "Pull redis:8", 3.1, 3.9),
        a_step(4, "Pre Run octo/guard@v2", 4.1, 4.9),
        a_step(5, "Build app", 5.2, 5.9),
        a_step(6, "Run octo/guard@v2", 6.0, 6.4, "failure"),
        a_step(12, "Complete job", 10.2, 10.3),
    ]
    texts = [
        line(0.1, "Current runner version: '2.330.0'"),
        line(2.15, "##[group]Build container for action use: '/home/a/Dockerfile'."),
        line(3.15, "##[group]Pull down action image 'redis:8'"),
        line(4.15, "##[group]Run octo/guard@v2") + line(4.2, "ready"),
        line(5.25, "##[group]Run make"),
        line(6.05, "##[group]Run octo/guard@v2") + line(6.2, "##[error]blocked"),
        line(10.21, "Cleaning up orphan processes"),
    ]
    numbers = [each.number for each in steps]
    assert located("".join(texts), steps) == list(zip(numbers, texts, strict=True))


def test_marked_inner_steps_begin_no_step():
    """The runner marks what a composite action runs, at any depth; another second is not needed."""
    inner = "".join(
        line(9.4, text)
        for text in (
            "##[start-action display=Run octo/inner@v1;id=__outer.__inner]",
            "##[group]Run octo/inner@v1",
            "##[start-action display=Last;id=__outer.__inner.last]",
            "##[group]Run echo last",
            "##[end-action id=__outer.__inner.last;outcome=success;conclusion=success]",
            "##[group]Run echo more",
            "##[end-action id=__outer.__inner;outcome=failure;conclusion=failure;duration_ms=2]",
        )
    )
    cleanup = (
        line(9.97, "##[start-action display=Save;id=__outer.__save]")
        + line(9.97, "Post job cleanup.")
        + line(9.97, "##[end-action id=__outer.__save;outcome=success;conclusion=success]")
    )
    texts = [*WHOLE[:2], WHOLE[2] + inner, WHOLE[3], WHOLE[4] + cleanup, WHOLE[5]]
    expected = list(zip([1, 2, 4, 5, 10, 11], texts, strict=True))
    assert located("".join(texts), STEPS) == expected


@pytest.mark.parametrize(
    ("leads", "group"),
    [
        (["Prepare all required actions", "Getting action download info"], "Run ./actions/test"),
        (["A job started hook has been configured by the administrator"], "Run '/opt/hook.sh'"),
        (
            [
                "##[warning]`pre` execution is not supported for local action from './test'",
                "##[warning]Input 'a' has been deprecated with message: b",
                "##[warning]Unexpected input(s) 'c', valid inputs are ['']",
            ],
            "Run octo/test@v1",
        ),
    ],
)
def test_a_step_begins_with_what_the_runner_prints_before_its_group(leads, group):
    """It downloads what a local action needs, which may take longer than a second."""
    test = "".join(line(9.52, each) for each in leads) + line(14, f"##[group]{group}")
    texts = [*WHOLE[:3], test, *(line(5 + at, text) for at, text in LATE)]
    late = [a_step(5, "Test", 9.5, 14.9, "failure"), a_step(10, STEPS[5].name, 14.95, 15.1)]
    steps = [*STEPS[:4], *late, a_step(11, "Complete job", 15.2, 15.3)]
    prepared = (
        WHOLE[0] + line(1.5, "Prepare all required actions") + line(2, "Complete job name: x")
    )
    numbers = [1, 2, 4, 5, 10, 11]
    expected = list(zip(numbers, [prepared, *texts[1:]], strict=True))
    assert located(prepared + "".join(texts[1:]), steps) == expected


def test_a_log_with_step_debugging_names_every_step():
    """Each begins with the question whether it runs, a skipped one too."""
    names = [each.name for each in STEPS]
    texts = [LOG[0] + LOG[1]]
    for at, name, begun in (
        (2.12, names[1], LOG[2]),
        (5.0, names[2], ""),
        (5.22, names[3], LOG[3] + line(6, "##[debug]Evaluating condition for step: 'run'")),
        (9.51, names[4], LOG[4]),
        (9.955, names[5], LOG[5]),
    ):
        texts.append(line(at, f"##[debug]Evaluating condition for step: '{name}'") + begun)
    texts.append(line(10.2, "##[debug]Starting: Complete job") + LOG[6])
    expected = list(zip([each.number for each in STEPS], texts, strict=True))
    assert located("".join(texts), STEPS) == expected


@pytest.mark.parametrize("lacks", [2, 3, 5, 6])
def test_a_log_that_lacks_a_step_has_none(lacks):
    """Nothing is guessed."""
    assert located("".join(LOG[:lacks] + LOG[lacks + 1 :]), STEPS) is None


def test_a_step_that_failed_before_its_first_line_is_left_out():
    """Its action is missing, or its ``if`` is wrong: its error is behind another step's lines."""
    steps = [
        replace(each, name="Run ./.github/actions/test") if each.number == 5 else each
        for each in STEPS
    ]
    error = line(9.6, "##[error]Can't find 'action.yml' under '/home/runner/work/api/api'")
    inner = line(9.45, "##[group]Run echo last")
    for build in (LOG[3], LOG[3] + inner):
        found = located("".join([*LOG[:3], build, error, *LOG[5:]]), steps)
        certain = list(zip([1, 2, 10, 11], [*WHOLE[:2], *WHOLE[4:]], strict=True))
        assert found == certain
        within = surrounded("".join([*LOG[:3], build, error, *LOG[5:]]), steps)
        assert within == {4: build + error, 5: build + error}


def test_a_log_without_an_end_has_the_steps_that_were_reached():
    """The runner was lost: a step has no end, and those behind it were cancelled."""
    lost = replace(STEPS[4], conclusion=None, completed_at=None)
    others = [
        replace(each, conclusion="cancelled", started_at=None, completed_at=None)
        for each in STEPS[5:]
    ]
    expected = list(zip([1, 2, 4, 5], WHOLE[:4], strict=True))
    assert located("".join(WHOLE[:4]), [*STEPS[:4], lost, *others]) == expected


def test_the_groups_of_container_hooks_begin_no_step():
    """A runner that has such hooks prints one in every step, directly behind the step's own."""
    hook = "##[group]Run '/home/runner/k8s/index.js'"
    steps = [
        STEPS[0],
        a_step(2, "Initialize containers", 2.1, 4.9),
        *STEPS[2:5],
        a_step(10, "Post Build", 9.95, 10.1),
        a_step(11, "Stop containers", 11.2, 11.3),
        a_step(12, "Complete job", 11.4, 11.5),
    ]
    texts = [
        WHOLE[0],
        line(2.15, hook) + line(2.2, "##[endgroup]"),
        WHOLE[2] + line(5.3, hook),
        WHOLE[3] + line(9.62, hook),
        WHOLE[4] + line(10.05, hook),
        line(11.21, hook),
        line(11.41, "Cleaning up orphan processes"),
    ]
    expected = list(zip([1, 2, 4, 5, 10, 11, 12], texts, strict=True))
    assert located("".join(texts), steps) == expected


def test_containers_that_were_not_created_are_stopped():
    """Only their network is left to be removed."""
    stop = a_step(10, "Stop containers", 9.95, 10.1)
    text = line(9.96, "Remove container network: github_network_37")
    texts = [*WHOLE[:4], text, WHOLE[5]]
    expected = list(zip([1, 2, 4, 5, 10, 11], texts, strict=True))
    assert located("".join(texts), [*STEPS[:5], stop, STEPS[6]]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Waiting for background step(s) to complete: Server",
        "Waiting for all background step(s) to complete: Server, Load test",
        "Cancelling background step(s): Server",
    ],
)
def test_a_log_of_steps_in_the_background_has_none(text):
    """They write into the lines of others."""
    assert located("".join([*LOG[:4], line(6, text), *LOG[4:]]), STEPS) is None


def test_a_log_of_other_times_has_none():
    """Its steps were recorded at another attempt."""
    later = [
        replace(each, started_at=each.started_at and each.started_at + timedelta(minutes=1))
        for each in STEPS
    ]
    assert located("".join(LOG), later) is None


@pytest.mark.parametrize("number", [4, 5])
def test_a_step_without_times_leaves_none(number):
    """GitHub removes them from old jobs."""
    steps = [
        replace(each, started_at=None, completed_at=None) if each.number == number else each
        for each in STEPS
    ]
    assert located("".join(LOG), steps) is None
    assert located("".join(LOG), []) is None


def test_what_a_script_may_have_printed_is_left_out():
    """A line of the runner's that fits nowhere else; the last two may be of one step or two."""
    printed = line(6, "Cleaning up orphan processes")
    found = located("".join([*LOG[:4], printed, *LOG[4:]]), STEPS)
    texts = [*WHOLE[:2], WHOLE[2] + printed, WHOLE[3]]
    assert found == list(zip([1, 2, 4, 5], texts, strict=True))


#: Exact, so that no line is later than the end of its step.
LENGTHS = st.integers(0, 6000).map(lambda milliseconds: milliseconds / 1000)


@given(st.data())
def test_what_is_named_is_true(data):
    """For any jobs with inner steps, in any rhythm: true places only."""
    moments = [*data.draw(st.lists(LENGTHS, min_size=2, max_size=8)), 0]
    inner = [data.draw(st.integers(0, 2)) for _ in moments]
    at, steps, texts = 1.0, [a_step(1, "Set up job", 0, 1)], [line(0, "Current runner version")]
    for number, (length, count) in enumerate(zip(moments, inner, strict=True), start=2):
        begins = [at + length * share / (count + 1) for share in range(count + 1)]
        texts.append("".join(line(each, f"##[group]Run {number}") for each in begins))
        steps.append(a_step(number, f"Step {number}", at, at + length))
        at = round(at + length, 3)
    found = located("".join(texts), steps) or []
    true = list(zip(range(1, len(steps) + 1), texts, strict=True))
    assert set(found) <= set(true)
    within = surrounded("".join(texts), steps)
    assert all(texts[number - 1] in text for number, text in within.items())
    assert len(found) + len(within) in {0, len(steps)}
    if not any(inner):
        assert found == true


@given(st.data())
def test_what_is_named_is_true_beside_silent_steps_and_scripts_that_print(data):
    """Of plain steps, of which some fail without a first line, and some print lines of others."""
    moments = data.draw(st.lists(LENGTHS, min_size=2, max_size=8))
    at, steps, texts = 1.0, [a_step(1, "Set up job", 0, 1)], [line(0, "Current runner version")]
    for number, length in enumerate([*moments, 0], start=2):
        is_silent = data.draw(st.booleans())
        printed = data.draw(
            st.sampled_from(["", "Post job cleanup.", "Cleaning up orphan process"])
        )
        text = "" if is_silent else line(at, f"##[group]Run {number}")
        if is_silent:
            text += line(at, "##[error]not found")
        elif printed:
            text += line(at + length / 2, printed)
        texts.append(text)
        conclusion = "failure" if is_silent else "success"
        steps.append(a_step(number, f"Step {number}", at, at + length, conclusion))
        at = round(at + length, 3)
    log = "".join(texts)
    true = list(zip(range(1, len(steps) + 1), texts, strict=True))
    assert set(located(log, steps) or []) <= set(true)
    assert all(texts[number - 1] in text for number, text in surrounded(log, steps).items())
