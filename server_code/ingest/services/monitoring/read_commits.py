"""Read the commits and pull requests of the runs that are about to be published."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from ...domain.commits import Commit, triggering_pull_request
from ...domain.runs import PullRequest, WorkflowRun
from ...errors import AccessDenied, GithubUnavailable, RequestPaused, Skippable
from ...ports import ActionsApi, Clock, PullQuery
from .long_pauses import is_too_long

T = TypeVar("T")

#: How long after a run's creation GitHub may not have its commit yet: the run may be found first.
MAX_COMMIT_DELAY = timedelta(minutes=5)


class CommitReader:
    """The reader of the commits of one batch: known ones, else fetched by worker threads.

    Each commit is fetched once, whichever runs share it; one that GitHub does not have is requested
    again by the next batch. ``denied`` is why none could be read.
    """

    def __init__(
        self,
        github: ActionsApi,
        repository: str,
        known: Mapping[str, Commit],
        *,
        clock: Clock,
    ) -> None:
        self.denied: AccessDenied | None = None
        self._github = github
        self._repository = repository
        self._clock = clock
        self._known = dict(known)
        self._unsaved: dict[str, Commit] = {}
        self._lock = threading.Lock()
        self._sha_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def fetch(self, run: WorkflowRun) -> Commit | None:
        """Return a run's commit with the pull requests that may have triggered the run.

        None if there is no commit, if the credential may not read it, or if GitHub demands a long
        pause. Raises errors that may pass, and GithubUnavailable for a commit that GitHub does not
        have, if the run is new.
        """
        if run.head_sha is None:
            return None
        with self._lock:
            sha_lock = self._sha_locks[run.head_sha]
        with sha_lock:
            commit = self._known.get(run.head_sha) or self._fetch_commit(run, run.head_sha)
            return self._with_pulls(run, run.head_sha, commit)

    def find_known(self, run: WorkflowRun) -> Commit | None:
        """Return what is known of a run's commit, though its pull requests may be missing."""
        return self._known.get(run.head_sha or "")

    def pop_unsaved(self) -> list[Commit]:
        """Return what was fetched since the last call."""
        with self._lock:
            taken, self._unsaved = list(self._unsaved.values()), {}
        return taken

    def _fetch_commit(self, run: WorkflowRun, sha: str) -> Commit | None:
        if self.denied is not None:
            return None
        try:
            commit = self._github.fetch_commit(self._repository, sha)
        except AccessDenied as error:
            self.denied = error
            return None
        except RequestPaused as pause:
            return self._default_if_long(pause, None)
        is_recent = run.created_at and self._clock.now() - run.created_at < MAX_COMMIT_DELAY
        if commit.is_missing and is_recent:
            raise GithubUnavailable(f"GitHub does not show commit {sha} yet.")
        self._keep(commit)
        return commit

    def _with_pulls(self, run: WorkflowRun, sha: str, commit: Commit | None) -> Commit | None:
        """Add the pull requests of the run's branch, else of its commit, if they are needed."""
        if not run.is_for_pull_request:
            return commit
        found = commit or Commit(commit_sha=sha)
        sources = (self._fetch_branch_pulls, self._fetch_commit_pulls, self._fetch_actor_pulls)
        for fetch in sources:
            if triggering_pull_request(run, found.pull_requests) is not None:
                break
            pulls = (*found.pull_requests, *fetch(run))
            found = replace(found, pull_requests=tuple({pull.id: pull for pull in pulls}.values()))
        if commit is not None and found != commit:
            self._keep(found)
        return found

    def _fetch_branch_pulls(self, run: WorkflowRun) -> tuple[PullRequest, ...]:
        return self._fetch_pulls_of(run, (run.head_repository or "").partition("/")[0])

    def _fetch_actor_pulls(self, run: WorkflowRun) -> tuple[PullRequest, ...]:
        """Fetch the pull requests of the actor's branch, if the fork was deleted or renamed."""
        head_repository = (run.head_repository or "").lower()
        is_fork = head_repository != run.repository.lower()
        is_actors = head_repository.partition("/")[0] == (run.actor or "").lower()
        return self._fetch_pulls_of(run, run.actor) if is_fork and not is_actors else ()

    def _fetch_pulls_of(self, run: WorkflowRun, owner: str | None) -> tuple[PullRequest, ...]:
        if not owner or not run.head_branch:
            return ()
        return self._fetch_pulls(run, PullQuery(head=f"{owner}:{run.head_branch}"))

    def _fetch_commit_pulls(self, run: WorkflowRun) -> tuple[PullRequest, ...]:
        return self._fetch_pulls(run, PullQuery(sha=run.head_sha or ""))

    def _fetch_pulls(self, run: WorkflowRun, query: PullQuery) -> tuple[PullRequest, ...]:
        try:
            return self._github.fetch_pulls(self._repository, query, cached_after=run.created_at)
        except (AccessDenied, Skippable):
            # Reading pull requests needs a permission of its own; without it, none is published.
            return ()
        except RequestPaused as pause:
            return self._default_if_long(pause, ())

    def _default_if_long(self, pause: RequestPaused, default: T) -> T:
        """Return the default for a part that is paused for long. Raises a shorter pause."""
        if is_too_long(pause, self._clock):
            return default
        raise pause

    def _keep(self, commit: Commit) -> None:
        """Keep a commit for this batch; save one that GitHub has for later batches, too."""
        with self._lock:
            self._known[commit.commit_sha] = commit
            if not commit.is_missing:
                self._unsaved[commit.commit_sha] = commit
