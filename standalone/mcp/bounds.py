"""The size of an answer: its bounds, and the marks of what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from ingest.messaging.truncation import halve_repeatedly
from pydantic import TypeAdapter

#: The most characters of an answer, and of one text in it.
MAX_CHARACTERS = 100_000
MAX_TEXT_CHARACTERS = 2_000

Json = dict[str, Any]

_JSON = TypeAdapter[object](object)


def size_of(value: object) -> int:
    """Return how many characters a value has as the SDK writes it."""
    return len(_JSON.dump_json(value, indent=2, fallback=str).decode())


def fit(answer: Mapping[str, Any], max_characters: int = MAX_CHARACTERS) -> Json:
    """Return the answer, or a shorter one whose ``truncated`` names the fields that were cut."""
    shorter = answer
    for shorter in chain([answer], halve_repeatedly(answer)):
        if size_of(shorter) <= max_characters:
            break
    return dict(shorter)


def cut_annotations(annotations: Sequence[Json] | None, offset: int) -> list[Json] | None:
    """Return the annotations from ``offset`` on, with ``is_cut`` where texts were; None: unread."""
    return None if annotations is None else [_cut(each) for each in annotations[offset:]]


def _cut(annotation: Json) -> Json:
    short = {
        name: value[:MAX_TEXT_CHARACTERS] if isinstance(value, str) else value
        for name, value in annotation.items()
    }
    return {**short, "is_cut": True} if short != annotation else annotation
