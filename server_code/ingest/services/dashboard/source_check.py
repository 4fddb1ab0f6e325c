"""The preview of a source that a person is about to add."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ...domain.source_records import patterns_of
from ...domain.sources import SourcePattern
from ...errors import IngestError, Retriable
from ...ports import StateStore
from ..sources.manage_sources import describe_exclusion
from ..sources.preview_source import GithubApis, SourcePreview, describe_preview, preview_source
from ..time_limits import call_with_timeout

#: Repositories that an answer names; the others are counted.
NAMES_SHOWN = 50

#: How long a person waits for a preview, which may take dozens of requests.
PREVIEW_SECONDS = 15.0


def check_source(  # noqa: PLR0913 - what is asked, of whom, and for how long
    store: StateStore,
    github: GithubApis,
    pattern: SourcePattern,
    *,
    log_mode: str,
    now: datetime,
    seconds: float = PREVIEW_SECONDS,
) -> dict[str, Any]:
    """Return which repositories a source would include and leave out, and what it would cost."""
    known = store.list_sources()
    if any(each.pattern.lower() == str(pattern).lower() for each in known):
        return {**_answer(pattern, f"{pattern} is a source already."), "is_watched": True}
    if pattern.is_exclusion:
        finding = describe_exclusion(store, pattern)
        return {**_answer(pattern, finding), "is_ok": True, "can_be_added": True}
    other_sources = patterns_of(known)
    try:
        preview = call_with_timeout(
            seconds,
            "GitHub",
            lambda: preview_source(github, pattern, other_sources, log_mode=log_mode, now=now),
        )
    except Retriable as error:
        remedy = "You can add it anyway: it is listed as soon as GitHub responds."
        return {**_answer(pattern, str(error), remedy), "can_be_added": True}
    except IngestError as error:
        remedy = error.remedy or "Check its spelling, and that a credential may read it."
        return _answer(pattern, str(error), remedy)
    return _preview_answer(pattern, preview)


def _preview_answer(pattern: SourcePattern, preview: SourcePreview) -> dict[str, Any]:
    remedy = None
    if preview.errors:
        remedy = f"Not every credential may list it: {preview.errors[0]}"
    elif not preview.matched:
        remedy = "Nothing is watched until a repository matches."
    return {
        **_answer(pattern, describe_preview(preview), remedy),
        "is_ok": bool(preview.matched),
        "can_be_added": True,
        "matched": list(preview.matched[:NAMES_SHOWN]),
        "left_out": [f"{name}: {why}" for name, why in preview.left_out[:NAMES_SHOWN]],
        "more": max(0, len(preview.matched) - NAMES_SHOWN),
    }


def _answer(pattern: SourcePattern, finding: str, remedy: str | None = None) -> dict[str, Any]:
    return {
        "full_name": str(pattern),
        "is_source": True,
        "is_ok": False,
        "can_be_added": False,
        "is_watched": False,
        "finding": finding,
        "remedy": remedy,
        "matched": [],
        "left_out": [],
        "more": 0,
    }
