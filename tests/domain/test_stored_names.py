"""The names of stored fields stay, whatever a field is called in the code: old state is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ingest.domain import codec
from ingest.domain.collection_records import CollectionRecord
from ingest.domain.jobs import Job, Step
from ingest.domain.ledger import (
    ActivityRecord,
    AgentRecord,
    AttemptRecord,
    ErrorRecord,
    JobLogRecord,
    RepositoryRecord,
)
from ingest.domain.runs import WorkflowRun
from ingest.domain.source_records import (
    CredentialRecord,
    CredentialRefusal,
    DiscoveredRepository,
    SourceRecord,
)
from ingest.domain.summaries import RunSummary

KINDS = (
    ActivityRecord,
    AgentRecord,
    AttemptRecord,
    CollectionRecord,
    CredentialRecord,
    CredentialRefusal,
    DiscoveredRepository,
    ErrorRecord,
    Job,
    JobLogRecord,
    RepositoryRecord,
    RunSummary,
    SourceRecord,
    Step,
    WorkflowRun,
)
KNOWN = json.loads((Path(__file__).parents[1] / "data/stored-names.json").read_text("utf-8"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_stored_name_changes(kind: type) -> None:
    """A new field adds a name; a name that went is unread state of an earlier release."""
    assert sorted(stored_names(kind)) == KNOWN[kind.__name__]


def stored_names(kind: type) -> frozenset[str]:
    """Return the names under which the fields of a record are stored."""
    layout = codec._layout(kind)
    return layout.stored_names.union(*map(stored_names, layout.flattened.values()))
