"""A world of recorded data: `runs.jsonl`, `jobs.jsonl`, `commits.jsonl`, `logs/`, `manifest.json`.

Recorded objects are served as they are. If a job, or an attempt of a run, was recorded several
times, its latest snapshot is served, and of equally late ones the last in the file. Objects that
were not recorded are added, so that every recorded one can be requested:

- a job without a recorded run gets a minimal run, and a missing attempt becomes a minimal one;
- a recorded run whose head commit was not recorded gets a commit with generated statistics;
- logs of no known job are given to the first jobs that ran; the logs of all others that ran expired
  (410).
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

from .corpus_runs import recorded_jobs, recorded_run
from .repository import NewItems, Repository
from .rng import seeded_random, seeded_sha
from .specs import CommitSpec, Json, RepositorySpec
from .times import parse_time
from .world import World

T = TypeVar("T")


def corpus_world(folder: Path) -> World:
    """Read a folder of recordings; its `clock_start` is just after the newest time in them.

    Raises ValueError for a line that is no object of GitHub's API.
    """
    runs, jobs, commits = (_read(folder / f"{name}.jsonl") for name in ("runs", "jobs", "commits"))
    logs = recorded_logs(folder)
    newest_runs = {
        _full_name(run): run["created_at"] for run in sorted(runs, key=itemgetter("created_at"))
    }
    # if a repository was renamed, the name in its newest run is the present one
    names = sorted(
        {_full_name(each) for each in (*runs, *jobs, *commits)},
        key=lambda name: newest_runs.get(name, ""),
        reverse=True,
    )
    by_id = _grouped(names, lambda name: _repository_id(name, runs))
    repositories = [
        _repository(
            RepositorySpec(
                id=repository_id, full_name=present, former_names=tuple(former), created_at=0
            ),
            logs,
            *(
                [each for each in items if _full_name(each) in (present, *former)]
                for items in (runs, jobs, commits)
            ),
        )
        for repository_id, (present, *former) in sorted(by_id.items(), key=itemgetter(1))
    ]
    times = [
        *(run["updated_at"] for run in runs),
        *(job["completed_at"] or job["started_at"] for job in jobs),
        *(commit["commit"]["committer"]["date"] for commit in commits),
    ]
    newest = max(map(parse_time, times), default=0.0)
    return World(repositories, seed=folder.name, clock_start=newest + 1)


def recorded_logs(folder: Path) -> dict[int | None, list[bytes]]:
    """Read the logs of a folder by job id; under None are those whose job the manifest lacks."""
    logs: dict[int | None, list[bytes]] = defaultdict(list)
    manifest = folder / "manifest.json"
    files = json.loads(manifest.read_text("utf-8"))["files"] if manifest.exists() else {}
    for path in sorted((folder / "logs").glob("*.txt*")):
        notes = files.get(f"logs/{path.name}", {})
        content = path.read_bytes()
        logs[notes.get("job_id")].append(
            gzip.decompress(content) if path.suffix == ".gz" else content
        )
    return logs


def _repository_id(name: str, runs: Iterable[Json]) -> int:
    # the most frequent id, because another repository may have had the name before
    ids = Counter(
        int(run["repository"]["id"])
        for run in runs
        if _full_name(run) == name == (run.get("repository") or {}).get("full_name")
    )
    invented = 800_000_000 + int(seeded_sha("repository", name)[:6], 16)
    return ids.most_common(1)[0][0] if ids else invented


def _repository(
    spec: RepositorySpec,
    logs: dict[int | None, list[bytes]],
    runs: list[Json],
    jobs: list[Json],
    commits: list[Json],
) -> Repository:
    specs = {commit["sha"]: _commit(commit) for commit in commits}
    for run in runs:
        if run["head_commit"] and run["head_sha"] not in specs:
            specs[run["head_sha"]] = _head_commit(run)
    runs_by_id = _grouped(runs, lambda run: run["id"])
    jobs_by_run = _grouped(jobs, lambda job: job["run_id"])
    run_specs = [
        recorded_run(run_id, runs_by_id[run_id], recorded_jobs(jobs_by_run[run_id], logs))
        for run_id in sorted({*runs_by_id, *jobs_by_run})
    ]
    return Repository(spec, NewItems(runs=run_specs, commits=list(specs.values())))


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
        committed_at=parse_time(inner["committer"]["date"]),
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
        committed_at=parse_time(head["timestamp"]),
        additions=rng.randint(1, 400),
        deletions=rng.randint(0, 200),
        files=rng.randint(1, 12),
    )


def _full_name(recorded: Json) -> str:
    owner, name = recorded["url"].split("/repos/", 1)[1].split("/")[:2]
    return f"{owner}/{name}"


def _grouped(items: Iterable[T], key: Callable[[T], int]) -> dict[int, list[T]]:
    groups: dict[int, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def _read(path: Path) -> list[Json]:
    lines = path.read_text("utf-8").split("\n") if path.exists() else []
    return [
        _parsed(line, f"{path.name}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def _parsed(line: str, place: str) -> Json:
    """Parse a line. Raises ValueError with its place if it is no object with an address."""
    try:
        recorded: Json = json.loads(line)
        _full_name(recorded)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{place}, is no object of GitHub's API") from error
    return recorded
