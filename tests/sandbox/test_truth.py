"""The truth is exactly what the API shows; recorded worlds are served whole."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.recorded_data import FOLDERS, LARGE_CORPUS, SAMPLE
from support.world_builder import WorldBuilder

from standalone.sandbox.corpus import corpus_world
from standalone.sandbox.settings import Limits
from standalone.sandbox.simulation import simulated_world

NOW = 1_770_000_000.0
#: A repository's former and present name, by the folder that recorded both.
RENAMED = {
    SAMPLE: ("Karoduro/Neguzora-Nusiradig", "Karoduro/Kubirinef"),
    LARGE_CORPUS: ("ReDASers/Phishing-Detection", "ReDASers/PhishBench"),
}
CHECKED = {"available": 302, "not_yet": 404, "never": 404, "expired": 410}


def pages(api, path, key):
    """Return all items of a list, following its links."""
    items, url = [], f"{path}{'&' if '?' in path else '?'}per_page=100"
    while url:
        answer = api.get(url)
        items += answer.json()[key]
        links = {
            part.split('rel="')[1][:-1]: part.split(">")[0].split("<")[1]
            for part in answer.headers.get("Link", "").split(", ")
            if part
        }
        url = links.get("next")
    return items


def lines(folder, name):
    """Return the objects of a recorded file."""
    return [json.loads(line) for line in (folder / name).read_text("utf-8").split("\n") if line]


def shown(api, repository):
    """Return what the API shows of every attempt of a repository."""
    found = {}
    for run in pages(api, f"/repos/{repository}/actions/runs", "workflow_runs"):
        for number in range(1, (run.get("run_attempt") or 1) + 1):
            path = f"/repos/{repository}/actions/runs/{run['id']}/attempts/{number}"
            attempt = api.get(path).json()
            jobs = pages(api, f"{path}/jobs", "jobs")
            found[run["id"], number] = (
                attempt["status"],
                attempt["conclusion"],
                attempt["head_sha"],
                {job["id"]: (job["status"], job["conclusion"], len(job["steps"])) for job in jobs},
            )
    return found


def true(api, repository):
    """Return the truth in the same form."""
    return {
        (item["run_id"], item["run_attempt"]): (
            item["status"],
            item["conclusion"],
            item["head_sha"],
            {
                job["job_id"]: (job["status"], job["conclusion"], job["steps"])
                for job in item["jobs"]
            },
        )
        for item in api.server.truth(with_logs=False)
        if item["repo"] == repository
    }


def test_the_truth_is_what_the_api_shows(serve):
    """Every attempt, job and state of a simulated world agrees, while some are in flight."""
    world = simulated_world(seed=5, start=NOW, repositories=1, runs_per_hour=8, history_days=0.5)
    api = serve.world(world, now=NOW, limits=Limits(points_per_minute=0))
    assert shown(api, "octo/api") == true(api, "octo/api")


def test_the_truth_reports_every_log(serve):
    """The state of each log is what its address answers, and its bytes have its hash."""
    world = simulated_world(seed=5, start=NOW, repositories=1, runs_per_hour=3, history_days=0.3)
    api = serve.world(world, now=NOW, limits=Limits(points_per_minute=0))
    for job in [job for attempt in api.server.truth() for job in attempt["jobs"]]:
        path = f"/repos/octo/api/actions/jobs/{job['job_id']}/logs"
        assert api.get(path).status_code == CHECKED[job["log"]]
        if job["log"] == "available":
            content = api.log(path).content
            assert hashlib.sha256(content).hexdigest() == job["log_sha256"]
            assert len(content) == job["log_bytes"]


def test_statistics_and_truth_have_addresses(serve):
    """Neither needs a token; anything else is not found."""
    api = serve(WorldBuilder().repository("octo/api").run(id=1))
    api.get("/repos/octo/api")
    assert api.get("/_sandbox/stats", token=None).json()["requests"] == 1
    assert api.get("/_sandbox/truth", token=None).json()["attempts"] == api.server.truth()
    assert api.get("/_sandbox/nothing").status_code == 404


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request):
    """Return a folder of recorded data."""
    return request.param


@pytest.fixture
def recorded(serve, folder):
    """Serve the recorded data."""
    world = corpus_world(folder)
    assert world.clock_start is not None
    return serve.world(world, now=world.clock_start, limits=Limits(points_per_minute=0))


def test_every_recorded_run_and_job_is_served(recorded, folder):
    """Nothing recorded is missing from the lists of its repository."""
    runs, jobs = set(), set()
    for repository in recorded.server.world.repositories:
        found = shown(recorded, repository.spec.full_name)
        assert found == true(recorded, repository.spec.full_name)
        runs |= {run_id for run_id, _ in found}
        jobs |= {job_id for entry in found.values() for job_id in entry[3]}
    assert runs >= {run["id"] for run in lines(folder, "runs.jsonl")}
    assert jobs == {job["id"] for job in lines(folder, "jobs.jsonl")}


def test_a_folder_without_recordings_is_served_without_repositories(serve, tmp_path):
    """Nothing fails: there is just nothing."""
    world = corpus_world(tmp_path)
    assert serve.world(world, now=world.clock_start).get("/user/repos").json() == []


def test_recorded_objects_are_served_as_they_are(recorded, folder):
    """Missing keys stay missing; only API addresses lead to this server."""
    for commit in lines(folder, "commits.jsonl"):
        path = commit["url"].removeprefix("https://api.github.com")
        served = recorded.get(path).text.replace(recorded.server.url, "https://api.github.com")
        assert json.loads(served) == commit
    repository = lines(folder, "runs.jsonl")[0]["repository"]["full_name"]
    (run, *_) = recorded.runs(repository=repository)
    assert run["jobs_url"].startswith(f"{recorded.server.url}/repos/{repository}/")
    assert run["html_url"].startswith("https://github.com/")


def test_recorded_logs_are_served_byte_for_byte(recorded, folder):
    """Every recorded log belongs to one job, alone and in the archive of its attempt."""
    digests = {}
    for attempt in recorded.server.truth():
        for job in attempt["jobs"]:
            if job["log"] == "available":
                path = f"/repos/{attempt['repo']}/actions/jobs/{job['job_id']}/logs"
                digests[hashlib.sha256(recorded.log(path).content).hexdigest()] = attempt
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    logs = {entry["sha256"] for name, entry in manifest.items() if name.startswith("logs/")}
    assert set(digests) == logs
    for digest, attempt in digests.items():
        path = f"/repos/{attempt['repo']}/actions/runs/{attempt['run_id']}/logs"
        answer = recorded.log(path.replace("/logs", f"/attempts/{attempt['run_attempt']}/logs"))
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        contents = {hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
        assert digest in contents


def test_a_renamed_recorded_repository_is_one(recorded, folder):
    """Two names of one number are the same repository, the older redirects."""
    former, present = RENAMED[folder]
    moved = recorded.get(f"/repos/{former}")
    assert moved.status_code == 301
    assert recorded.get(moved.headers["Location"]).json()["full_name"] == present


def test_it_shares_no_code_with_the_collector():
    """Importing every module brings nothing of `ingest`."""
    folder = Path(__file__).parents[2]
    code = (
        "import sys, pkgutil, importlib, standalone.sandbox as s\n"
        "for m in pkgutil.walk_packages(s.__path__, s.__name__ + '.'):\n"
        "    importlib.import_module(m.name)\n"
        "sys.exit(any(n.split('.')[0] == 'ingest' for n in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=folder, check=False).returncode == 0
