"""`setup` makes what is missing, and prints it for those who make it otherwise."""

from __future__ import annotations

import json
import uuid

from support.aws_server import s3_client, sqs_client
from support.command_line import CommandLine


def test_the_second_time_nothing_changes(bare: CommandLine):
    """The first makes three queues with dead-letter queues and a bucket, and says so."""
    bucket = f"logs-{uuid.uuid4()}"
    first = bare.run("setup", LOG_BUCKET=bucket)
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
