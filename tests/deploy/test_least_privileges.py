"""What `setup --print-iam` prints is enough to collect with, as the guide to AWS says.

The local AWS decides as IAM would, with one difference that is undone here: AWS lets who may send,
delete or hide a message do so in batches too.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from support.aws_server import LocalAws
from support.command_line import CommandLine, bare, github

pytestmark = pytest.mark.slow

__all__ = ["bare", "github"]

BATCHES = {"sqs:SendMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}
BUCKET = "octo-ci-logs"


@pytest.fixture
def strict_aws() -> Iterator[LocalAws]:
    """Start an AWS that obeys policies."""
    with LocalAws(services=("iam", "s3", "sqs", "sts"), enforces_policies=True) as local:
        yield local


@pytest.fixture
def strict(bare: CommandLine, strict_aws: LocalAws) -> CommandLine:
    """Return a command line whose AWS enforces policies, with the owner's key."""
    owner = {
        **strict_aws.environment,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "LOG_BUCKET": BUCKET,
    }
    bare.environment.update(owner)
    bare.aws = strict_aws
    return bare


def with_batches(policy: dict[str, Any]) -> dict[str, Any]:
    for statement in policy["Statement"]:
        statement["Action"] += [f"{each}Batch" for each in statement["Action"] if each in BATCHES]
    return policy


def key_with(policy: dict[str, Any], aws: LocalAws) -> dict[str, str]:
    """Make a user with one policy, and a key of that user's."""
    iam = boto3.client(
        "iam",
        region_name="us-east-1",
        endpoint_url=aws.endpoint_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    iam.create_user(UserName="runstream")
    iam.put_user_policy(
        UserName="runstream", PolicyName="runstream", PolicyDocument=json.dumps(policy)
    )
    made = iam.create_access_key(UserName="runstream")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
    }


def test_the_printed_policy_is_enough_to_collect_with(strict: CommandLine) -> None:
    """The owner makes the queues; from then on the little that was printed will do."""
    made = strict.run("setup")
    assert made.returncode == 0, made.stderr
    printed = strict.json_printed("setup", "--print-iam")
    key = key_with(with_batches(printed), strict.aws)
    strict.environment.update(key)
    report = strict.json("collect", "--once", "octo/api")
    assert (report["logs"], report["errors"]) == (3, 0)
    checked = strict.json("doctor", "octo/api")
    assert checked["ok"], checked
    assert strict.run("setup", METRICS_QUEUE="another").returncode != 0
