"""The template in `deploy` is what the command prints, and makes what `setup` makes.

It is applied to the local AWS, which also decides who may do what as IAM would. Not shown here:
that AWS itself takes it; and the bucket's encryption and lifecycle, which the local AWS does not
take from stacks: only their form is checked.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner
from ingest.adapters.aws.provision import ensure_queues
from ingest.adapters.aws.provision_bucket import ensure_bucket
from support.aws_server import LocalAws, s3_client, sqs_client

from standalone.cli import cli

FILE = Path(__file__).parents[2] / "deploy" / "cloudformation.json"
SERVICES = ("cloudformation", "iam", "kms", "s3", "sqs", "sts")
QUEUES = ("ci_cd_metrics_queue", "ci_cd_logs_queue", "ci_cd_job_events_queue")

COLLECTOR_MAY = {
    "send metrics",
    "send work",
    "receive work",
    "send dead letter",
    "put log",
    "encrypt",
}

_buckets = (f"octo-logs-{number}" for number in itertools.count())


@dataclass
class Account:
    """An AWS account whose policies are obeyed, and what a stack in it has given."""

    aws: LocalAws
    outputs: dict[str, str]

    def client(self, service: str, user: str | None = None) -> Any:
        """Open a client for the owner, or for a new user who has one policy of the stack."""
        key, secret = ("test", "test") if user is None else self._new_user(user)
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=self.aws.endpoint_url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )

    def _new_user(self, policy: str) -> tuple[str, str]:
        iam = self.client("iam")
        name = f"{policy}-{len(iam.list_users()['Users'])}"
        iam.create_user(UserName=name)
        iam.attach_user_policy(UserName=name, PolicyArn=self.outputs[policy])
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return made["AccessKeyId"], made["SecretAccessKey"]


@pytest.fixture(scope="module")
def strict_aws() -> Iterator[LocalAws]:
    """Start an AWS that obeys policies."""
    with LocalAws(services=SERVICES, enforces_policies=True) as local:
        yield local


@pytest.fixture
def apply(strict_aws: LocalAws) -> Iterator[Callable[..., Account]]:
    """Make a stack of the template, or of a changed one; it goes with the test."""
    account = Account(strict_aws, {})
    stacks = account.client("cloudformation")

    def make(change: Callable[[dict[str, Any]], object] = id, **parameters: str) -> Account:
        template = json.loads(FILE.read_text())
        change(template)
        for resource in template["Resources"].values():
            resource.pop("DeletionPolicy", None)  # nothing stays for the next test
        stacks.create_stack(
            StackName="runstream",
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
        )
        waiter = stacks.get_waiter("stack_create_complete")
        waiter.wait(StackName="runstream", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        (stack,) = stacks.describe_stacks(StackName="runstream")["Stacks"]
        account.outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        return account

    yield make
    stacks.delete_stack(StackName="runstream")
    stacks.get_waiter("stack_delete_complete").wait(StackName="runstream")


def without_tls_rules(template: dict[str, Any]) -> None:
    """Drop the rules that refuse plain HTTP, which is all that the local AWS speaks."""
    kept = {name: each for name, each in template["Resources"].items() if not name.endswith("Tls")}
    template["Resources"] = kept


def is_allowed(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except ClientError as error:
        if "AccessDenied" in error.response["Error"]["Code"]:
            return False
        raise
    return True


def test_the_file_is_what_the_command_prints() -> None:
    """It is made by `runstream setup --print-cloudformation`, byte for byte."""
    printed = CliRunner().invoke(cli, ["setup", "--print-cloudformation"])
    assert printed.stdout == FILE.read_text()


def test_awss_own_linter_finds_no_fault() -> None:
    """Every type, property and function is one that CloudFormation knows."""
    from cfnlint.api import lint_all  # it takes longer to import than most files to run

    findings = lint_all(FILE.read_text())
    assert [str(each) for each in findings if not each.rule.id.startswith("I")] == []


def test_the_service_scales_with_its_queue_and_is_optional() -> None:
    """Its resources have one condition, and its alarms read the depth of the job events queue."""
    template = json.loads(FILE.read_text())
    service = {
        name: each
        for name, each in template["Resources"].items()
        if each["Type"].startswith(("AWS::ECS", "AWS::ApplicationAutoScaling", "AWS::CloudWatch"))
    }
    assert {each.get("Condition") for each in service.values()} == {"HasService"}
    alarms = [each["Properties"] for each in service.values() if each["Type"].endswith("Alarm")]
    for alarm in alarms:
        assert alarm["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["JobEventsQueue", "QueueName"]}
        assert alarm["AlarmActions"][0]["Ref"] in service
    for agent in ("metrics", "logs"):
        task = service[f"{agent.capitalize()}Task"]["Properties"]["ContainerDefinitions"][0]
        assert task["Command"][:2] == ["collect", f"--only={agent}"]
        assert task["ReadonlyRootFilesystem"]
        assert "timeout=8)" in task["HealthCheck"]["Command"][-1]
        assert task["HealthCheck"]["Timeout"] == 10  # AWS ends the check after 5 seconds by default


def test_the_stack_makes_what_setup_makes(apply: Callable[..., Account]) -> None:
    """Queues have the same attributes, and the bucket is as closed."""
    bucket = next(_buckets)
    account = apply(without_tls_rules, LogBucketName=bucket)
    with LocalAws() as other:
        theirs = sqs_client(other)
        ensure_queues(theirs, metrics=QUEUES[0], logs=QUEUES[1], job_events=QUEUES[2])
        ensure_bucket(s3_client(other), bucket)
        for name in (*QUEUES, *(f"{name}_dlq" for name in QUEUES)):
            assert attributes(account.client("sqs"), name) == attributes(theirs, name)
        for s3 in (account.client("s3"), s3_client(other)):
            closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
            assert set(closed.values()) == {True}
    assert "KeyArn" not in account.outputs


def attributes(sqs: Any, name: str) -> dict[str, str]:
    """Read what a person chose of a queue."""
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {
        key: json.loads(value) if key == "RedrivePolicy" else value.lower()
        for key, value in answer.items()
        if not key.endswith("Timestamp") and not key.startswith(("Approximate", "QueueArn"))
    }


def test_with_a_key_of_ones_own_all_is_encrypted_by_it(apply: Callable[..., Account]) -> None:
    """Queues and dead letters name the key that the stack made, and the template says it of S3."""
    account = apply(without_tls_rules, LogBucketName=next(_buckets), Encryption="own-key")
    key = account.outputs["KeyArn"]
    for name in (*QUEUES, *(f"{name}_dlq" for name in QUEUES)):
        assert attributes(account.client("sqs"), name)["KmsMasterKeyId"] == key
    bucket = json.loads(FILE.read_text())["Resources"]["LogBucket"]["Properties"]
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": {"Fn::If": ["HasKey", "aws:kms", "AES256"]},
        "KMSMasterKeyID": {
            "Fn::If": ["HasKey", {"Fn::GetAtt": ["Key", "Arn"]}, {"Ref": "AWS::NoValue"}]
        },
    }
    assert account.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


@pytest.mark.parametrize(
    ("policy", "may"),
    [
        ("CollectorPolicyArn", COLLECTOR_MAY),
        ("ReaderPolicyArn", {"receive metrics", "get log"}),
    ],
)
def test_each_policy_allows_what_its_user_does_and_no_more(
    apply: Callable[..., Account], policy: str, may: set[str]
) -> None:
    """IAM's rules decide. AWS counts a batch as what is in it; the local AWS does not."""
    account = apply(without_tls_rules, LogBucketName=next(_buckets), Encryption="own-key")
    outputs, bucket = account.outputs, account.outputs["LogBucketName"]
    account.client("s3").put_object(Bucket=bucket, Key="logs/1", Body=b"log")
    sqs, s3, kms = (account.client(service, policy) for service in ("sqs", "s3", "kms"))
    metrics, work, key = (
        outputs[name] for name in ("MetricsQueueUrl", "JobEventsQueueUrl", "KeyArn")
    )
    asked: dict[str, Callable[[], object]] = {
        "send metrics": lambda: sqs.send_message(QueueUrl=metrics, MessageBody="x"),
        "receive metrics": lambda: sqs.receive_message(QueueUrl=metrics, WaitTimeSeconds=0),
        "send dead letter": lambda: sqs.send_message(QueueUrl=f"{work}_dlq", MessageBody="x"),
        "send work": lambda: sqs.send_message(QueueUrl=work, MessageBody="x"),
        "receive work": lambda: sqs.receive_message(QueueUrl=work, WaitTimeSeconds=0),
        "purge": lambda: sqs.purge_queue(QueueUrl=metrics),
        "reconfigure queue": lambda: sqs.set_queue_attributes(
            QueueUrl=metrics, Attributes={"DelaySeconds": "0"}
        ),
        "delete queue": lambda: sqs.delete_queue(QueueUrl=work),
        "put log": lambda: s3.put_object(Bucket=bucket, Key="logs/2", Body=b"log"),
        "put elsewhere": lambda: s3.put_object(Bucket=bucket, Key="other", Body=b"x"),
        "get log": lambda: s3.get_object(Bucket=bucket, Key="logs/1"),
        "delete log": lambda: s3.delete_object(Bucket=bucket, Key="logs/1"),
        "list logs": lambda: s3.list_objects_v2(Bucket=bucket),
        "reconfigure bucket": lambda: s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
        ),
        "delete bucket": lambda: s3.delete_bucket(Bucket=bucket),
        "encrypt": lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
        "disable key": lambda: kms.disable_key(KeyId=key),
        "delete key": lambda: kms.schedule_key_deletion(KeyId=key),
    }
    assert {action for action, ask in asked.items() if is_allowed(ask)} == may


def test_without_tls_even_the_collector_is_refused(apply: Callable[..., Account]) -> None:
    """The template as it is, asked over plain HTTP."""
    account = apply(LogBucketName=next(_buckets))
    sqs, s3 = (account.client(service, "CollectorPolicyArn") for service in ("sqs", "s3"))
    queue, bucket = account.outputs["MetricsQueueUrl"], account.outputs["LogBucketName"]
    assert not is_allowed(lambda: sqs.send_message(QueueUrl=queue, MessageBody="x"))
    assert not is_allowed(lambda: s3.put_object(Bucket=bucket, Key="logs/1", Body=b"log"))


def test_logs_are_removed_after_a_time_and_can_be_restored_before() -> None:
    """A parameter is the time; versions keep a log that was overwritten by mistake."""
    template = json.loads(FILE.read_text())
    assert template["Parameters"]["LogRetentionDays"]["Default"] == 90
    bucket = template["Resources"]["LogBucket"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    expiry = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}[
        "runstream-expire-logs"
    ]
    assert expiry["ExpirationInDays"] == {"Ref": "LogRetentionDays"}
    assert expiry["NoncurrentVersionExpiration"]["NoncurrentDays"] > 0
    assert expiry["Prefix"] == "logs/"
