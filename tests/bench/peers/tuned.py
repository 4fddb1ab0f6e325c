"""A good script: full pages, archives instead of single logs, threads, and batches of messages.

It collects once and keeps no state, so it neither continues after a failure nor obeys limits.
"""

from __future__ import annotations

import io
import json
import os
import sys
import uuid
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import boto3
import github
import requests

THREADS = 8
BATCH = 10
BATCH_BYTES = 250_000


class Script:
    """The script's clients and counts."""

    def __init__(self, name: str) -> None:
        self.hub = github.Github(
            base_url=os.environ["GITHUB_API_URL"],
            auth=github.Auth.Token(os.environ["GITHUB_TOKEN"]),
            per_page=100,
            seconds_between_requests=0,
            pool_size=THREADS,
        )
        self.repository = self.hub.get_repo(name, lazy=True)
        self.sqs: Any = boto3.client("sqs")
        self.queues = {
            name: self.sqs.get_queue_url(QueueName=f"ci_cd_{name}_queue")["QueueUrl"]
            for name in ("metrics", "logs")
        }
        self.commit = cache(self.repository.get_commit)

    def collect(self, run: Any) -> dict[str, int]:
        """Collect every attempt of a run."""
        counts = {"attempts": 0, "jobs": 0, "logs": 0}
        for number in range(1, run.run_attempt + 1):
            base = f"{run.url}/attempts/{number}"
            attempt = run.raw_data if number == run.run_attempt else self._get(base)
            jobs = self._get(f"{base}/jobs?per_page=100")["jobs"]
            stats = self.commit(run.head_sha).stats
            data = {**attempt, "jobs": jobs, "additions": stats.additions}
            metrics = [_message("workflow_run_completed", data)]
            metrics += [_message("workflow_job_completed", job) for job in jobs]
            self._send("metrics", metrics)
            logs = self._logs(f"{base}/logs", jobs)
            self._send("logs", logs)
            counts["attempts"] += 1
            counts["jobs"] += len(jobs)
            counts["logs"] += len(logs)
        return counts

    def _get(self, url: str) -> Any:
        return self.hub.requester.requestJsonAndCheck("GET", url)[1]

    def _logs(self, url: str, jobs: Sequence[dict[str, Any]]) -> list[str]:
        token = os.environ["GITHUB_TOKEN"]
        answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        answer.raise_for_status()
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        files = {name.partition("_")[2]: name for name in archive.namelist() if "/" not in name}
        contents = {job["id"]: archive.read(files[f"{job['name']}.txt"]) for job in jobs}
        return [
            _message("job_log_fetched", {"job_id": job_id, "log_content": content.decode()})
            for job_id, content in contents.items()
        ]

    def _send(self, queue: str, bodies: Sequence[str]) -> None:
        batch: list[str] = []
        size = 0
        for body in (*bodies, None):
            if batch and (body is None or len(batch) == BATCH or size + len(body) > BATCH_BYTES):
                entries = [{"Id": str(n), "MessageBody": each} for n, each in enumerate(batch)]
                answer = self.sqs.send_message_batch(QueueUrl=self.queues[queue], Entries=entries)
                assert not answer.get("Failed")
                batch, size = [], 0
            if body is not None:
                batch.append(body)
                size += len(body)


def main() -> None:
    script = Script(sys.argv[1])
    with ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(script.collect, script.repository.get_workflow_runs()))
    print(json.dumps({name: sum(each[name] for each in found) for name in found[0]}))


def _message(kind: str, data: dict[str, Any]) -> str:
    return json.dumps({"event_type": kind, "event_id": str(uuid.uuid4()), "data": data})


if __name__ == "__main__":
    main()
