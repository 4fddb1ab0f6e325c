"""The files that a run has uploaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .codec import KeepsUnknownFields


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact(KeepsUnknownFields):
    """One artifact of a run; messages have the same fields.

    https://docs.github.com/en/rest/actions/artifacts#list-workflow-run-artifacts
    """

    id: int
    name: str | None
    size_in_bytes: int | None
    digest: str | None
    expires_at: datetime | None
    archive_download_url: str | None
