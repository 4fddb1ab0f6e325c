"""A fact never vanishes because it is large: it is cut until it fits, and says where."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.annotations import AnnotationList
from ingest.messaging.run_events import job_envelope
from ingest.messaging.truncation import encode_to_fit
from support.builders import a_commit, a_job, a_run, a_step, an_annotation, envelope_of_run
from support.state_records import NOW

SMALLEST = 2_000


class _CountedData(dict):
    """The data of a message that counts how often it is written."""

    times_written = 0

    def items(self):
        self.times_written += 1
        return super().items()


def data_of(message) -> dict:
    return json.loads(message.body)["data"]


def a_run_envelope(**values):
    commit = replace(a_commit(), **values)
    return envelope_of_run(a_run(), [a_job()], commit, occurrence=0, now=NOW)


def test_what_fits_is_not_cut():
    """Nor does it say so."""
    message = encode_to_fit(a_run_envelope(), max_bytes=10**6)
    assert "truncated" not in data_of(message)


def test_what_fits_is_encoded_once():
    """Every message of a collection passes here."""
    envelope = a_run_envelope()
    data = _CountedData(envelope.data)
    encode_to_fit(replace(envelope, data=data), max_bytes=10**6)
    assert data.times_written == 1


def test_the_largest_field_is_cut_and_named():
    """The others stay whole; the fact keeps its id."""
    envelope = a_run_envelope(commit_message="ä" * 900_000)
    message = encode_to_fit(envelope, max_bytes=262_144)
    data = data_of(message)
    assert message.size_bytes <= 262_144
    assert message.event_id == envelope.event_id
    assert data["truncated"] == ["jobs", "code_metrics.commit_message"]
    assert data["code_metrics"]["commit_message"].endswith("ä…")
    assert data["workflow_name"] == envelope.data["workflow_name"]


def test_a_job_of_very_many_steps_keeps_the_first():
    """Its own message is the only one that has them."""
    steps = tuple(replace(a_step(), number=n, name="x" * 500) for n in range(1, 2_000))
    job = replace(a_job(), steps=steps)
    message = encode_to_fit(job_envelope(a_run().key, job, timestamp=NOW), max_bytes=262_144)
    data = data_of(message)
    assert message.size_bytes <= 262_144
    assert data["truncated"] == ["steps"]
    assert [step["number"] for step in data["steps"]] == list(range(1, len(data["steps"]) + 1))
    assert len(data["steps"]) > 100


@pytest.mark.parametrize("field", ["name", "runner_name", "html_url", "status", "conclusion"])
def test_any_text_of_a_job_may_be_too_long(field):
    """Also one that nobody expects to be."""
    job = replace(a_job(), **{field: "y" * 600_000})
    message = encode_to_fit(job_envelope(a_run().key, job, timestamp=NOW), max_bytes=262_144)
    assert message.size_bytes <= 262_144
    assert data_of(message)["job_id"] == job.job_id
    assert len(message.attributes["event_type"]) < 256


def test_one_huge_item_of_a_list_goes_with_its_list():
    """A list whose first item does not fit is empty."""
    job = replace(a_job(), labels=("z" * 600_000,))
    message = encode_to_fit(job_envelope(a_run().key, job, timestamp=NOW), max_bytes=262_144)
    assert message.size_bytes <= 262_144
    assert data_of(message)["labels"] == []


@given(st.integers(SMALLEST, 300_000), st.integers(0, 300_000), st.integers(0, 300))
def test_every_fact_fits_every_limit(max_bytes, length, labels):
    """Whatever is large about it."""
    job = replace(a_job(), name="n" * length, labels=tuple("l" * 40 for _ in range(labels)))
    message = encode_to_fit(job_envelope(a_run().key, job, timestamp=NOW), max_bytes=max_bytes)
    assert message.size_bytes <= max_bytes


def test_no_time_and_no_address_is_cut_in_its_middle():
    """A reader parses them: they are whole, or null and named."""
    for max_bytes in range(1_300, 2_000, 20):
        data = data_of(encode_to_fit(a_run_envelope(), max_bytes=max_bytes))
        whole = a_run_envelope().data
        for name in ("created_at", "updated_at", "run_started_at", "completed_at", "html_url"):
            assert data[name] == whole[name] or (data[name] is None and name in data["truncated"])


def test_annotations_of_nested_jobs_are_the_first_to_go():
    """Each job's own message has them; the steps stay where they fit."""
    details = AnnotationList(items=(an_annotation(message="m" * 4000),) * 5, total=5)
    jobs = [a_job(conclusion="failure", annotations=details), a_job(job_id=2)]
    envelope = envelope_of_run(a_run(), jobs, a_commit(), occurrence=0, now=NOW)
    data = data_of(encode_to_fit(envelope, max_bytes=8_000))
    assert data["truncated"] == ["jobs.annotations"]
    assert [job["annotations"] for job in data["jobs"]] == [None, None]
    assert [job["annotations_total"] for job in data["jobs"]] == [5, None]
    assert all(job["steps"] for job in data["jobs"])
    alone = data_of(
        encode_to_fit(job_envelope(a_run().key, jobs[0], timestamp=NOW), max_bytes=30_000)
    )
    assert len(alone["annotations"]) == 5
