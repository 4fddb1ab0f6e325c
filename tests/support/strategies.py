"""Values that hypothesis draws: any JSON, any moment, any text that GitHub could send."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st
from ingest.domain.annotations import Annotation, AnnotationList
from ingest.domain.commits import Commit
from ingest.domain.jobs import Job, Step
from ingest.domain.runs import PullRequest, ReferencedWorkflow, WorkflowRun

#: Text with everything that is hard to carry: controls, half surrogate pairs, non-characters.
UGLY_TEXT = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.characters(categories=["Cs", "Cc", "Cn"]),
        st.sampled_from('\x00\x1b\ufeff\ufffd\ufffe\uffff\ud800\udfff\u2028\r\n"\\\x7f\U0001f600'),
    ),
    max_size=12,
)

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    UGLY_TEXT,
    st.sampled_from(["https://[", "2026-11-24T06:00:00Z", "9" * 5000, "12", "SUCCESS"]),
)
_FIELD = st.one_of(
    _SCALARS,
    st.lists(_SCALARS, max_size=2),
    st.dictionaries(st.sampled_from(["login", "sha", "ref", "url", "name"]), _SCALARS, max_size=2),
)

JSON = st.recursive(
    _SCALARS,
    lambda children: st.one_of(
        st.lists(children, max_size=4),
        st.dictionaries(UGLY_TEXT, children, max_size=4),
    ),
    max_leaves=8,
)


def objects_with(*names: str) -> st.SearchStrategy[dict[str, object]]:
    """Draw objects that have some of these keys, each with anything behind it."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, _FIELD))


def moments() -> st.SearchStrategy[datetime]:
    """Draw moments in UTC, to the millisecond."""
    seconds = st.integers(min_value=0, max_value=4_000_000_000_000)
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    return seconds.map(lambda milliseconds: epoch + timedelta(milliseconds=milliseconds))


_IDS = st.integers(min_value=1, max_value=2**63 - 1)
_TEXT = st.none() | UGLY_TEXT
_TIME = st.none() | moments()

PULLS = st.builds(
    PullRequest,
    id=_IDS,
    number=_IDS,
    html_url=_TEXT,
    head_sha=_TEXT,
    base_ref=_TEXT,
    head_ref=_TEXT,
    head_repository=_TEXT,
    title=_TEXT,
    author=_TEXT,
    draft=st.none() | st.booleans(),
    labels=st.none() | st.lists(UGLY_TEXT, max_size=2).map(tuple),
)

_NUMBER = st.none() | st.integers(min_value=0, max_value=2**31)

ANNOTATIONS = st.builds(
    AnnotationList,
    items=st.lists(
        st.builds(
            Annotation,
            path=_TEXT,
            start_line=_NUMBER,
            end_line=_NUMBER,
            start_column=_NUMBER,
            end_column=_NUMBER,
            level=_TEXT,
            title=_TEXT,
            message=_TEXT,
            raw_details=_TEXT,
        ),
        max_size=2,
    ).map(tuple),
    total=_NUMBER,
    validator=_TEXT,
)

STEPS = st.builds(
    Step,
    number=_IDS,
    name=UGLY_TEXT,
    status=_TEXT,
    conclusion=_TEXT,
    started_at=_TIME,
    completed_at=_TIME,
)

JOBS = st.builds(
    Job,
    job_id=_IDS,
    run_id=_IDS,
    run_attempt=_IDS,
    name=UGLY_TEXT,
    status=UGLY_TEXT | st.sampled_from(["queued", "in_progress", "completed"]),
    conclusion=_TEXT,
    created_at=_TIME,
    started_at=_TIME,
    completed_at=_TIME,
    html_url=_TEXT,
    runner_name=_TEXT,
    runner_group_name=_TEXT,
    labels=st.lists(UGLY_TEXT, max_size=3).map(tuple),
    steps=st.lists(STEPS, max_size=3).map(tuple),
    workflow_name=_TEXT,
    head_branch=_TEXT,
    check_run_url=_TEXT,
    runner_id=st.none() | _IDS,
    annotations=st.none() | ANNOTATIONS,
)

RUNS = st.builds(
    WorkflowRun,
    repository=st.just("octo/api"),
    run_id=_IDS,
    run_attempt=_IDS,
    run_number=st.none() | _IDS,
    workflow_id=st.none() | _IDS,
    workflow_name=_TEXT,
    workflow_path=_TEXT,
    status=UGLY_TEXT | st.sampled_from(["queued", "in_progress", "completed"]),
    conclusion=_TEXT,
    created_at=_TIME,
    updated_at=_TIME,
    run_started_at=_TIME,
    head_branch=_TEXT,
    head_sha=_TEXT,
    event=_TEXT | st.sampled_from(["push", "pull_request"]),
    html_url=_TEXT,
    actor=_TEXT,
    triggering_actor=_TEXT,
    pull_requests=st.lists(PULLS, max_size=2).map(tuple),
    head_repository=_TEXT,
    display_title=_TEXT,
    previous_attempt_url=_TEXT,
    referenced_workflows=st.none()
    | st.lists(st.builds(ReferencedWorkflow, path=_TEXT, sha=_TEXT, ref=_TEXT), max_size=2).map(
        tuple
    ),
    check_suite_id=st.none() | _IDS,
    check_suite_node_id=_TEXT,
)

COMMITS = st.builds(
    Commit,
    commit_sha=UGLY_TEXT,
    commit_message=_TEXT,
    commit_author=_TEXT,
    files_changed_count=st.none() | st.integers(min_value=0, max_value=3000),
    additions=st.none() | st.integers(min_value=0),
    deletions=st.none() | st.integers(min_value=0),
    pull_requests=st.lists(PULLS, max_size=2).map(tuple),
)
