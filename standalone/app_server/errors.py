"""Why the app is not served."""

from __future__ import annotations

from ingest.errors import IngestError


class CannotServe(IngestError):
    """Say why the app server cannot start here, and what to do about it."""


class ServerEnded(IngestError):
    """Say that a server which should go on has ended, with its last words."""
