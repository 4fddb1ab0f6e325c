"""Removing links that lead anywhere but to the configured GitHub."""

from __future__ import annotations

from dataclasses import replace

from ...domain.code_metrics import CommitMetrics
from ...domain.jobs import Job
from ...domain.runs import PullRequest, WorkflowRun
from ...domain.web_links import web_hosts, web_link


class LinkFilter:
    """A filter of what was parsed: links to other hosts, and of other schemes, become None."""

    def __init__(self, api_url: str) -> None:
        self._hosts = web_hosts(api_url)

    def link(self, url: str | None) -> str | None:
        """Return a link to GitHub, and None for any other."""
        return web_link(url, self._hosts)

    def run(self, run: WorkflowRun) -> WorkflowRun:
        """Return a run with GitHub's links only."""
        pulls = self.pulls(run.pull_requests)
        if self.link(run.html_url) == run.html_url and pulls == run.pull_requests:
            return run
        return replace(run, html_url=self.link(run.html_url), pull_requests=pulls)

    def job(self, job: Job) -> Job:
        """Return a job with GitHub's links only."""
        if self.link(job.html_url) == job.html_url:
            return job
        return replace(job, html_url=None)

    def commit(self, commit: CommitMetrics) -> CommitMetrics:
        """Return a commit whose pull requests have GitHub's links only."""
        pulls = self.pulls(commit.pull_requests)
        return commit if pulls == commit.pull_requests else replace(commit, pull_requests=pulls)

    def pulls(self, pulls: tuple[PullRequest, ...]) -> tuple[PullRequest, ...]:
        """Return pull requests with GitHub's links only."""
        return tuple(
            pull if self.link(pull.html_url) == pull.html_url else replace(pull, html_url=None)
            for pull in pulls
        )
