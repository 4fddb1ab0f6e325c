"""`setup` makes what is missing, and prints it for those who make it otherwise."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from support.aws_server import s3_client, sqs_client
from support.command_line import CommandLine


def test_the_second_time_nothing_changes(bare: CommandLine):
    """The first makes three queues with dead-letter queues and a bucket, and says so."""
    bucket = f"logs-{uuid.uuid4()}"
    first = bare.run_new("setup", LOG_BUCKET=bucket)
    second = bare.run("setup", LOG_BUCKET=bucket)
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert first.stdout.count(" created") == 7
    assert second.stdout.count(" unchanged") == 7
    for queue in bare.queues.values():
        assert f"queue {queue} created" in first.stdout
        assert sqs_client(bare.aws).get_queue_url(QueueName=f"{queue}_dlq")
    assert s3_client(bare.aws).head_bucket(Bucket=bucket)


def test_the_policy_is_printed_without_asking_aws(bare: CommandLine):
    """It names the configured queues, and is JSON and nothing else."""
    policy = bare.json_printed("setup", "--print-iam", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    allowed = {resource for rule in policy["Statement"] for resource in rule["Resource"]}
    queue = bare.queues["METRICS_QUEUE"]
    assert f"arn:aws:sqs:us-east-1:*:{queue}" in allowed


def test_the_template_is_printed_without_asking_aws(bare: CommandLine):
    """It proposes the bucket that is configured."""
    template = bare.json_printed(
        "setup", "--print-cloudformation", AWS_ENDPOINT_URL="http://127.0.0.1:9", LOG_BUCKET="logs"
    )
    assert template["Parameters"]["LogBucketName"]["Default"] == "logs"
    assert json.dumps(bare.queues["LOGS_QUEUE"]) in json.dumps(template)


def test_templates_of_other_clouds_grant_what_the_collector_needs(bare: CommandLine):
    """Bicep for Azure; gcloud commands, which a shell can parse, for Google Cloud."""
    bicep = bare.run("setup", "--print-bicep").stdout
    assert bicep.count("{") == bicep.count("}")
    assert bicep.count("roleDefinitionId: sender, principalId: collectorPrincipalId") == 3
    assert bicep.count("roleDefinitionId: receiver, principalId: collectorPrincipalId") == 1
    script = bare.run("setup", "--print-gcloud", LOG_BUCKET="gs://logs").stdout
    parsed = subprocess.run(["sh", "-n"], input=script, text=True, check=False)
    assert parsed.returncode == 0
    for name in bare.queues.values():
        assert f"'{name}'" in bicep
        assert f"--topic={name} " in script
    collected = [line for line in script.splitlines() if '"$collector"' in line]
    received = [line for line in collected if line.endswith("roles/pubsub.subscriber")]
    work = bare.queues["JOB_EVENTS_QUEUE"]
    assert sorted(line.split()[4] for line in received) == [work, f"{work}_dlq"]


@pytest.mark.skipif(shutil.which("gcloud") is None, reason="Google's command line checks them")
def test_gcloud_knows_every_command_that_is_printed(bare: CommandLine, tmp_path: Path):
    """Groups, commands and flags: its own linter reads them, without an account."""
    script = bare.run("setup", "--print-gcloud", LOG_BUCKET="gs://logs").stdout
    plain = re.sub(r"[\"']?\$(\w+)\"?", r"\1", script.replace("value(projectNumber)", "json"))
    commands = re.findall(r"gcloud [^;)|\n]+", plain)
    assert len(commands) > 30
    page = tmp_path / "commands.md"
    page.write_text("\n".join(["```sh", *commands, "```"]))
    linter = ("gcloud", "meta", "lint-gcloud-commands", f"--commands-text-file={page}")
    environment = {**os.environ, "CLOUDSDK_CONFIG": str(tmp_path)}
    done = subprocess.run(linter, env=environment, stdout=subprocess.PIPE, check=True)
    results = json.loads(done.stdout)
    assert len(results) == len(commands)
    assert [each["error_message"] for each in results if not each["success"]] == []


def test_only_one_document_is_printed(bare: CommandLine):
    """Two print options are a mistake."""
    done = bare.run("setup", "--print-iam", "--print-bicep")
    assert done.returncode == 2
    assert "exclude each other" in done.stderr
