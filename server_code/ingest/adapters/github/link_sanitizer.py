"""Links that lead anywhere but to the configured GitHub are removed: people click on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from ...domain.artifacts import Artifact
from ...domain.commits import Commit
from ...domain.jobs import Job
from ...domain.runs import PullRequest, WorkflowRun
from ...domain.web_links import api_hosts, web_hosts, web_link

T = TypeVar("T", WorkflowRun, Job, PullRequest, Commit, Artifact)


class LinkSanitizer:
    """Replaces links of parsed objects to other hosts, and of other schemes, with None."""

    def __init__(self, api_url: str) -> None:
        self._hosts = web_hosts(api_url)
        self._api_hosts = api_hosts(api_url)

    def sanitize_link(self, url: str | None) -> str | None:
        """Return a link to a page of GitHub, and None for any other."""
        return web_link(url, self._hosts)

    def sanitize_api_link(self, url: str | None) -> str | None:
        """Return a link to GitHub's API, and None for any other."""
        return web_link(url, self._api_hosts)

    def sanitize_run(self, run: WorkflowRun) -> WorkflowRun:
        """Return a run with GitHub's links only."""
        return _with_links(
            run,
            html_url=self.sanitize_link(run.html_url),
            previous_attempt_url=self.sanitize_api_link(run.previous_attempt_url),
            pull_requests=self.sanitize_pulls(run.pull_requests),
        )

    def sanitize_job(self, job: Job) -> Job:
        """Return a job with GitHub's links only."""
        return _with_links(
            job,
            html_url=self.sanitize_link(job.html_url),
            check_run_url=self.sanitize_api_link(job.check_run_url),
        )

    def sanitize_artifact(self, artifact: Artifact) -> Artifact:
        """Return an artifact with GitHub's links only."""
        return _with_links(
            artifact, archive_download_url=self.sanitize_api_link(artifact.archive_download_url)
        )

    def sanitize_commit(self, commit: Commit) -> Commit:
        """Return a commit whose pull requests have GitHub's links only."""
        return _with_links(commit, pull_requests=self.sanitize_pulls(commit.pull_requests))

    def sanitize_pulls(self, pulls: tuple[PullRequest, ...]) -> tuple[PullRequest, ...]:
        """Return pull requests with GitHub's links only."""
        return tuple(
            _with_links(pull, html_url=self.sanitize_link(pull.html_url)) for pull in pulls
        )


def _with_links(value: T, **links: Any) -> T:  # noqa: ANN401 - links and lists of what has links
    """Return a value with other links, and the same object where they are the same."""
    changed = {name: link for name, link in links.items() if link != getattr(value, name)}
    return replace(value, **changed) if changed else value
