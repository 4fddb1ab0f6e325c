"""A world of recorded data: `runs.jsonl`, `jobs.jsonl`, `commits.jsonl`, `logs/`, `manifest.json`.

Recorded objects are served as they are. An id that occurs more than once is one run (or job) at
different times: of the snapshots of the same (run, attempt) the latest wins, and of equally late
ones the last in the file. So that everything recorded can be reached and asked about,

- a job whose run is not recorded gets a minimal run, and so does an attempt without a recording;
- the head commit of a recorded run gets statistics of its own where none are recorded;
- logs whose job is unknown belong to the first finished jobs; other logs have expired (410).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .corpus_jobs import recorded_jobs
from .corpus_logs import recorded_logs
from .corpus_runs import recorded_run
from .repository import NewItems, Repository
from .rng import seeded_random, seeded_sha
from .specs import CommitSpec, Json, RepositorySpec, RunSpec
from .times import DAY, Timestamp, parse_time
from .world import World


@dataclass(slots=True)
class _Recordings:
    runs: dict[int, list[Json]] = field(default_factory=lambda: defaultdict(list))
    jobs: dict[int, list[Json]] = field(default_factory=lambda: defaultdict(list))
    commits: list[Json] = field(default_factory=list)


def corpus_world(folder: Path) -> World:
    """Read a folder of recordings; the world's `newest_at` lies just after the newest of them."""
    recordings: dict[str, _Recordings] = defaultdict(_Recordings)
    for run in _lines(folder / "runs.jsonl"):
        recordings[_full_name(run)].runs[run["id"]].append(run)
    for job in _lines(folder / "jobs.jsonl"):
        recordings[_full_name(job)].jobs[job["run_id"]].append(job)
    for commit in _lines(folder / "commits.jsonl"):
        recordings[_full_name(commit)].commits.append(commit)
    logs = recorded_logs(folder)
    repositories = [
        _repository(names, _merged(recordings[name] for name in names), logs)
        for names in _same_repositories(recordings)
    ]
    newest = max(map(_newest, repositories), default=0.0)
    return World(repositories, seed=folder.name, newest_at=newest + 1)


def _same_repositories(recordings: dict[str, _Recordings]) -> list[list[str]]:
    """Group the names of repositories that were renamed between recordings, the present first."""
    groups: dict[int, list[str]] = defaultdict(list)
    for name in sorted(recordings, key=lambda name: _last_created(recordings[name]), reverse=True):
        groups[_repository_id(name, recordings[name])].append(name)
    return sorted(groups.values())


def _last_created(recordings: _Recordings) -> str:
    return max(
        (run["created_at"] for group in recordings.runs.values() for run in group), default=""
    )


def _merged(several: Iterable[_Recordings]) -> _Recordings:
    merged = _Recordings()
    for recordings in several:
        for run_id, runs in recordings.runs.items():
            merged.runs[run_id] += runs
        for run_id, jobs in recordings.jobs.items():
            merged.jobs[run_id] += jobs
        merged.commits += recordings.commits
    return merged


def _repository(
    names: list[str], recordings: _Recordings, logs: dict[int | None, list[bytes]]
) -> Repository:
    jobs = {run_id: recorded_jobs(snapshots, logs) for run_id, snapshots in recordings.jobs.items()}
    runs = [
        recorded_run(run_id, recordings.runs.get(run_id, []), jobs.get(run_id, {}))
        for run_id in sorted({*recordings.runs, *recordings.jobs})
    ]
    commits = {commit["sha"]: _commit(commit) for commit in recordings.commits}
    for snapshots in recordings.runs.values():
        for run in snapshots:
            if run["head_commit"] and run["head_sha"] not in commits:
                commits[run["head_sha"]] = _head_commit(run)
    return Repository(
        RepositorySpec(
            id=_repository_id(names[0], recordings),
            full_name=names[0],
            former_names=tuple(names[1:]),
            created_at=min((run.created_at for run in runs), default=0.0) - DAY,
        ),
        NewItems(runs=runs, commits=list(commits.values())),
    )


def _repository_id(name: str, recordings: _Recordings) -> int:
    # the most frequent, for a run may have been recorded with the object of a fork
    numbers = Counter(
        int(run["repository"]["id"])
        for snapshots in recordings.runs.values()
        for run in snapshots
        if (run.get("repository") or {}).get("full_name") == name
    )
    imagined = 800_000_000 + int(seeded_sha("repository", name)[:6], 16)
    return numbers.most_common(1)[0][0] if numbers else imagined


def _commit(recorded: Json) -> CommitSpec:
    inner = recorded["commit"]
    stats = recorded.get("stats") or {"additions": 0, "deletions": 0}
    user = recorded.get("author") or {}
    return CommitSpec(
        sha=recorded["sha"],
        message=inner["message"],
        author_name=inner["author"]["name"],
        author_email=inner["author"]["email"],
        author_login=user.get("login"),
        authored_at=parse_time(inner["committer"]["date"]),
        additions=stats["additions"],
        deletions=stats["deletions"],
        files=len(recorded.get("files") or ()),
        recorded=recorded,
    )


def _head_commit(run: Json) -> CommitSpec:
    head = run["head_commit"]
    rng = seeded_random("corpus", run["head_sha"])
    return CommitSpec(
        sha=run["head_sha"],
        message=head["message"],
        author_name=head["author"]["name"],
        author_email=head["author"]["email"],
        author_login=None,
        authored_at=parse_time(head["timestamp"]),
        additions=rng.randint(1, 400),
        deletions=rng.randint(0, 200),
        files=rng.randint(1, 12),
    )


def _newest(repository: Repository) -> Timestamp:
    runs = repository.runs(float("inf"))
    commits = [commit.authored_at for commit in repository.commits.values()]
    return max([*commits, *(timestamp for run in runs for timestamp in _times(run))], default=0.0)


def _times(run: RunSpec) -> Iterator[Timestamp]:
    for attempt in run.attempts:
        yield attempt.requested_at
        yield attempt.completed_at or 0.0
        for job in attempt.jobs:
            yield job.created_at
            yield job.completed_at or 0.0


def _full_name(recorded: Json) -> str:
    owner, name = recorded["url"].split("/repos/", 1)[1].split("/")[:2]
    return f"{owner}/{name}"


def _lines(path: Path) -> Iterator[Json]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)
