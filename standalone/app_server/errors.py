"""Errors that end the serving of the app, or prevent it."""

from __future__ import annotations

from ingest.errors import IngestError


class CannotServe(IngestError):
    """The error that the app server cannot start here, with its remedy."""


class ServerEnded(IngestError):
    """The error that a server ended unexpectedly, with its last output."""
