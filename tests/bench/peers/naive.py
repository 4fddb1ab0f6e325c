"""The script that a person writes first: PyGithub's objects one by one, a message at a time."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import boto3
import github
import requests


def main() -> None:
    hub = github.Github(
        base_url=os.environ["GITHUB_API_URL"], auth=github.Auth.Token(os.environ["GITHUB_TOKEN"])
    )
    sqs: Any = boto3.client("sqs")
    metrics = sqs.get_queue_url(QueueName="ci_cd_metrics_queue")["QueueUrl"]
    logs = sqs.get_queue_url(QueueName="ci_cd_logs_queue")["QueueUrl"]
    counts = {"attempts": 0, "jobs": 0, "logs": 0}

    def send(url: str, kind: str, data: dict[str, Any]) -> None:
        body = json.dumps({"event_type": kind, "data": data})
        sqs.send_message(QueueUrl=url, MessageBody=body)

    repository = hub.get_repo(sys.argv[1])
    for run in repository.get_workflow_runs():
        commit = repository.get_commit(run.head_sha)
        jobs = [job.raw_data for job in run.jobs()]
        data = {**run.raw_data, "jobs": jobs, "additions": commit.stats.additions}
        send(metrics, "workflow_run_completed", data)
        counts["attempts"] += 1
        for job in run.jobs():
            send(metrics, "workflow_job_completed", job.raw_data)
            counts["jobs"] += 1
            answer = requests.get(job.logs_url(), timeout=60)
            send(logs, "job_log_fetched", {"job_id": job.id, "log_content": answer.text})
            counts["logs"] += 1
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
