"""The files that a run has uploaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One artifact of a run.

    https://docs.github.com/en/rest/actions/artifacts#list-workflow-run-artifacts
    """

    id: int
    name: str | None
    size_in_bytes: int | None
    digest: str | None
    expires_at: datetime | None
    archive_download_url: str | None
    unknown_fields: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)
