"""Cutting the data of a message so that it fits its queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .encoding import QueueMessage, encode_envelope, encode_json
from .envelope import Envelope

#: The fields that identify an event, which are never cut unless one is absurdly long.
_IDENTITY_FIELDS = frozenset(
    {"repo", "run_id", "run_attempt", "run_number", "workflow_id", "job_id", "number"}
    | {"status", "conclusion", "head_sha", "commit_sha", "event", "truncated"}
    | {"reason", "fetched_at", "log_sha256", "log_encoding"}
)

#: The last parts of the names of times and URLs. Such values are useless if they are cut, so they
#: become null.
_INDIVISIBLE_SUFFIXES = ("_at", "_url")

_MAX_IDENTITY_CHARS = 1000

#: Each cut halves the largest field, so that only the identity is left after this many.
_MAX_CUTS = 400

#: What to do if not even the identity of an event fits.
SIZE_REMEDY = (
    "Raise the queue's limit for a message (in SQS its MaximumMessageSize) to 256 KiB: below 2 KiB "
    "runs do not fit. What was refused is sent again."
)


def encode_to_fit(envelope: Envelope, *, max_bytes: int) -> QueueMessage:
    """Encode an event so that it fits its queue; ``data.truncated`` names the fields that were cut.

    First the annotations of a run's jobs are dropped, then their steps, then the jobs. Each job has
    a message of its own with both. Then the largest field is halved until the message fits: a text
    keeps its beginning, a list its first items, and a time or URL becomes null. A message that
    still does not fit is returned as it is.
    """
    return cut_to_fit(envelope, max_bytes=max_bytes)[1]


def cut_to_fit(envelope: Envelope, *, max_bytes: int) -> tuple[Envelope, QueueMessage]:
    """Cut the data of an envelope until its message fits, and return the two."""
    cut, message = envelope, encode_envelope(envelope)
    shorter = _shorter(envelope.data)
    while message.size_bytes > max_bytes:
        data = next(shorter, None)
        if data is None:
            break
        cut = replace(envelope, data=data)
        message = encode_envelope(cut)
    return cut, message


def _shorter(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield shorter and shorter data, as ``encode_to_fit`` describes."""
    if "jobs" in data:
        jobs, cut = data["jobs"], []
        if any(job.get("annotations") for job in jobs):
            jobs, cut = [{**job, "annotations": None} for job in jobs], ["jobs.annotations"]
            yield {**data, "jobs": jobs, "truncated": cut}
        jobs, cut = [{**job, "steps": []} for job in jobs], [*cut, "jobs.steps"]
        yield {**data, "jobs": jobs, "steps_omitted": True, "truncated": cut}
        data = {**data, "jobs": [], "jobs_omitted": True, "truncated": ["jobs"]}
        yield data
    yield from halve_repeatedly(data)


def halve_repeatedly(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield shorter and shorter data: the largest text or list is halved each time."""
    for _ in range(_MAX_CUTS):
        sizes = {path: len(encode_json(value)) for path, value in _texts_and_lists(data)}
        if not sizes:
            return
        path = max(sizes, key=sizes.__getitem__)
        names = [*data.get("truncated", ()), ".".join(path)]
        data = {**_cut(data, path), "truncated": list(dict.fromkeys(names))}
        yield data


def _texts_and_lists(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in data.items():
        is_overlong = isinstance(value, str) and len(value) > _MAX_IDENTITY_CHARS
        if name in _IDENTITY_FIELDS and not is_overlong:
            continue
        if isinstance(value, Mapping):
            yield from (((name, *path), inner) for path, inner in _texts_and_lists(value))
        elif isinstance(value, (str, list)) and len(value) > isinstance(value, str):
            yield (name,), value


def _cut(data: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    name, *inner = path
    value = data[name]
    if inner:
        return {**data, name: _cut(value, tuple(inner))}
    if name.endswith(_INDIVISIBLE_SUFFIXES):
        return {**data, name: None}
    half = value[: len(value) // 2]
    return {**data, name: half[:-1] + "…" if isinstance(value, str) else half}
