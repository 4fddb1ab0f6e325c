"""The readers of commits and of details (annotations, environments, artifacts) of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...domain.commits import Commit
from ...domain.filters import FilterChain
from ...domain.ledger import AttemptRecord
from ...errors import AccessDenied
from ..context import PIPELINE_MONITORING_AGENT, CollectorContext
from .attempt_messages import has_unpublished_run_changes
from .read_commits import CommitReader
from .read_details import DetailReader

_REMEDIES = {
    "commits": "Grant the token read access to contents. Until then code_metrics are null, and "
    "`runstream replay` publishes them afterwards.",
    "annotations": "Grant the credential read access to checks. Until then annotations are null.",
    "environments": "Grant the credential read access to actions. Until then they are null.",
    "artifacts": "Grant the credential read access to actions. Until then artifacts are null.",
}


@dataclass(frozen=True, slots=True)
class CommitAndDetailReaders:
    """The readers that the attempts of a batch share; what they cannot read is published as null.

    ``filters``: the repository's, for attempts of which only a job or a later attempt was known.
    """

    commits: CommitReader
    details: DetailReader
    filters: FilterChain


def open_commit_and_detail_readers(
    context: CollectorContext, repository: str, due: Sequence[AttemptRecord]
) -> CommitAndDetailReaders:
    """Load the commits of a batch, and fetch those that are unknown in one query."""
    runs = [
        record.run
        for record in due
        if record.run is not None and has_unpublished_run_changes(record)
    ]
    shas = list(dict.fromkeys(run.head_sha for run in runs if run.head_sha is not None))
    stored = context.store.load_commits(repository, shas)
    known = {sha: commit for sha, commit in stored.items() if not commit.is_missing}
    missing = [sha for sha in shas if sha not in known]
    fetched = context.github.fetch_commits(repository, missing) if missing else {}
    save_commits(context, repository, list(fetched.values()))
    return CommitAndDetailReaders(
        CommitReader(context.github, repository, {**known, **fetched}, clock=context.clock),
        DetailReader(
            context.github,
            repository,
            clock=context.clock,
            with_artifacts=context.settings.artifacts,
        ),
        context.filters_of(repository),
    )


def save_commits(context: CollectorContext, repository: str, commits: list[Commit]) -> None:
    """Save commits that were fetched, and count them."""
    if commits:
        context.store.save_commits(repository, commits)
        context.counters.add("commits", len(commits))


def report_denied(
    context: CollectorContext, repository: str, readers: CommitAndDetailReaders
) -> None:
    """Report what the credential may not read, with the permission that it lacks.

    Each is denied again in the next batch, but reported no sooner than REPORT_AGAIN_AFTER.
    """
    denied: dict[str, AccessDenied] = dict(readers.details.denied)
    if readers.commits.denied is not None:
        denied["commits"] = readers.commits.denied
    recent = context.list_recent_errors() if denied else []
    known = [each.remedy for each in recent if each.repository == repository]
    for what, error in denied.items():
        if not any(remedy.endswith(_REMEDIES[what]) for remedy in known):
            remedy = f"{error.remedy or ''} {_REMEDIES[what]}".lstrip()
            context.report_error(PIPELINE_MONITORING_AGENT, repository, str(error), remedy)
