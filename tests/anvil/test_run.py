"""`run` on a bare machine serves the dashboard, where the app server can start."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from support.anvil_server import app_environment, skip_unless_servable
from support.command_line import ROOT, wait_until


def count_messages(endpoint_url: str, queue: str) -> int:
    client = boto3.client(
        "sqs",
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    name = "ApproximateNumberOfMessages"
    url = client.get_queue_url(QueueName=queue)["QueueUrl"]
    answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    client.close()
    return int(answer["Attributes"][name])


@pytest.mark.slow
def test_the_dashboard_is_served_and_collects_the_sandbox(tmp_path: Path):
    """The app's own schedule collects; what it says is enough to sign in, and no file is left."""
    skip_unless_servable()
    with subprocess.Popen(
        [sys.executable, "-m", "standalone", "run"],
        cwd=tmp_path,
        env=app_environment({"PYTHONPATH": str(ROOT), "AWS_EC2_METADATA_DISABLED": "true"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        while "Log  " not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        aws = re.search(r"SQS and S3 at (\S+) ", said)
        assert aws is not None
        for queue in ("ci_cd_metrics_queue", "ci_cd_logs_queue"):
            wait_until(lambda queue=queue: count_messages(aws[1], queue) > 0, seconds=180)
        process.send_signal(signal.SIGINT)
        said += process.stdout.read()
    assert process.returncode == 0, said
    assert "From   a sandbox GitHub" in said
    assert "Login  admin@localhost" in said
    assert list(tmp_path.iterdir()) == []
