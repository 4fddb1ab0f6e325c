"""One command makes all that a collector needs of AWS, and never takes anything away."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from ingest.adapters.aws.clients import s3_client as product_s3_client
from ingest.adapters.aws.cloudformation import cloudformation_template
from ingest.adapters.aws.policies import collector_policy
from ingest.adapters.aws.provision import dead_letter_name, ensure_queues
from ingest.adapters.aws.provision_bucket import ensure_bucket
from ingest.adapters.aws.queues import find_queue_url
from ingest.errors import AccessDenied, BadSettings
from ingest.settings import AwsSettings, QueueSettings, Secret
from support.aws_server import LocalAws, s3_client, sqs_client
from support.fault_proxy import FaultProxy, LetThrough, Reply

QUEUES = QueueSettings(
    metrics_queue="ci_cd_metrics_queue",
    logs_queue="ci_cd_logs_queue.fifo",
    job_events_queue="ci_cd_job_events_queue",
    log_bucket="octo-logs",
)


@pytest.fixture
def sqs(aws: LocalAws) -> Iterator:
    """Talk to the local SQS."""
    with closing(sqs_client(aws)) as client:
        yield client


@pytest.fixture
def s3(aws: LocalAws) -> Iterator:
    """Talk to the local S3."""
    with closing(s3_client(aws)) as client:
        yield client


@pytest.fixture
def names() -> dict[str, str]:
    """Name three queues that nobody has."""
    mark = uuid.uuid4().hex[:8]
    return {
        "metrics": f"metrics-{mark}",
        "logs": f"logs-{mark}.fifo",
        "job_events": f"jobs-{mark}",
    }


def attributes_of(sqs, name: str) -> dict[str, str]:
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_queues_come_with_dead_letter_queues(sqs, names: dict[str, str]) -> None:
    """After five tries a message is put aside, where it stays longest."""
    done = ensure_queues(sqs, **names)
    assert [step.rpartition(" ")[2] for step in done] == ["created"] * 6
    for name in names.values():
        redrive = json.loads(attributes_of(sqs, name)["RedrivePolicy"])
        dead_letters = attributes_of(sqs, dead_letter_name(name))
        assert int(redrive["maxReceiveCount"]) == 5
        assert redrive["deadLetterTargetArn"] == dead_letters["QueueArn"]
        assert dead_letters["MessageRetentionPeriod"] == str(14 * 86_400)


def test_queues_take_what_is_sent_to_them(sqs, names: dict[str, str]) -> None:
    """Messages of 1 MiB, long polling, encryption, time for a log, order where it is wished."""
    ensure_queues(sqs, **names)
    for name in names.values():
        attributes = attributes_of(sqs, name)
        assert attributes["MaximumMessageSize"] == "1048576"
        assert attributes["MessageRetentionPeriod"] == str(7 * 86_400)
        assert attributes["ReceiveMessageWaitTimeSeconds"] == "20"
        assert attributes["SqsManagedSseEnabled"] == "true"
    assert attributes_of(sqs, names["job_events"])["VisibilityTimeout"] == "120"
    assert attributes_of(sqs, names["logs"])["FifoQueue"] == "true"
    assert attributes_of(sqs, dead_letter_name(names["logs"]))["FifoQueue"] == "true"


def test_running_it_again_changes_nothing(sqs, names: dict[str, str]) -> None:
    """It is safe in every deployment."""
    ensure_queues(sqs, **names)
    assert all(step.endswith(" unchanged") for step in ensure_queues(sqs, **names))


def test_what_differs_is_fixed_and_named(sqs, names: dict[str, str]) -> None:
    """An older, smaller queue grows; what was done can be read."""
    old = {"MaximumMessageSize": "262144", "VisibilityTimeout": "30"}
    sqs.create_queue(QueueName=names["job_events"], Attributes=old)
    adjusted = f"queue {names['job_events']} adjusted: "
    (step,) = (s for s in ensure_queues(sqs, **names) if s.startswith(adjusted))
    assert "MaximumMessageSize 262144 -> 1048576" in str(step)
    assert attributes_of(sqs, names["job_events"])["VisibilityTimeout"] == "120"


def test_what_a_person_chose_is_kept(sqs, names: dict[str, str]) -> None:
    """Longer retention and another dead-letter queue stay as they are."""
    sqs.create_queue(QueueName=f"own-{names['metrics']}")
    arn = attributes_of(sqs, f"own-{names['metrics']}")["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    chosen = {"MessageRetentionPeriod": str(14 * 86_400), "RedrivePolicy": redrive}
    sqs.create_queue(QueueName=names["metrics"], Attributes=chosen)
    ensure_queues(sqs, **names)
    attributes = attributes_of(sqs, names["metrics"])
    assert attributes["MessageRetentionPeriod"] == str(14 * 86_400)
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"] == arn


@pytest.mark.parametrize(
    ("name", "dead_letters"), [("jobs", "jobs_dlq"), ("jobs.fifo", "jobs_dlq.fifo")]
)
def test_dead_letters_of_fifo_queues_are_fifo(name: str, dead_letters: str) -> None:
    """SQS pairs like with like, by the end of the name."""
    assert dead_letter_name(name) == dead_letters


def test_a_bucket_is_private_and_encrypted(s3) -> None:
    """Logs are nobody else's, and half an upload is not paid for longer than a day."""
    bucket = f"logs-{uuid.uuid4()}"
    assert ensure_bucket(s3, bucket).startswith(f"bucket {bucket} created")
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert {rule["ID"] for rule in rules} == {"runstream-broken-uploads"}
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_a_bucket_is_left_alone_the_second_time(s3) -> None:
    """Nothing is done twice."""
    bucket = f"logs-{uuid.uuid4()}"
    ensure_bucket(s3, bucket)
    assert ensure_bucket(s3, bucket) == f"bucket {bucket} unchanged"


def test_a_bucket_keeps_its_own_rules(s3) -> None:
    """S3 replaces all rules at once; those of others are put back, whatever they are called."""
    bucket = f"logs-{uuid.uuid4()}"
    s3.create_bucket(Bucket=bucket)
    own = [
        {"ID": name, "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 9}}
        for name in ("own", "runstream-archive")
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": own})
    ensure_bucket(s3, bucket)
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert {rule["ID"] for rule in rules} == {
        "own",
        "runstream-archive",
        "runstream-broken-uploads",
    }


def test_a_rule_of_the_older_form_gets_its_prefix_in_a_filter(s3) -> None:
    """S3 refuses rules with a ``Prefix`` of their own next to rules with a ``Filter``."""
    bucket, sent = f"logs-{uuid.uuid4()}", []
    s3.create_bucket(Bucket=bucket)
    old = {"ID": "old", "Status": "Enabled", "Prefix": "x/", "Expiration": {"Days": 9}}

    def answer(http_response: object, parsed: dict, **_: object) -> None:
        parsed.pop("Error", None)
        parsed["ResponseMetadata"]["HTTPStatusCode"] = http_response.status_code = 200
        parsed["Rules"] = [old]

    s3.meta.events.register("after-call.s3.GetBucketLifecycleConfiguration", answer)
    s3.meta.events.register(
        "provide-client-params.s3.PutBucketLifecycleConfiguration",
        lambda params, **_: sent.extend(params["LifecycleConfiguration"]["Rules"]),
    )
    ensure_bucket(s3, bucket)
    assert [(rule["ID"], rule["Filter"], rule.get("Prefix")) for rule in sent] == [
        ("old", {"Prefix": "x/"}, None),
        ("runstream-broken-uploads", {"Prefix": ""}, None),
    ]
    assert sent[0]["Expiration"] == {"Days": 9}


def test_a_bucket_keeps_the_size_from_which_its_rules_move_objects(s3) -> None:
    """S3 takes a request without it for one with the default, and all rules follow it."""
    bucket, sent = f"logs-{uuid.uuid4()}", []
    s3.create_bucket(Bucket=bucket)
    own = {"ID": "own", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [own]})

    def answer(parsed: dict, **_: object) -> None:
        parsed["TransitionDefaultMinimumObjectSize"] = "varies_by_storage_class"

    def keep(params: dict, **_: object) -> None:
        sent.append(params["headers"]["x-amz-transition-default-minimum-object-size"])

    s3.meta.events.register("after-call.s3.GetBucketLifecycleConfiguration", answer)
    s3.meta.events.register("before-call.s3.PutBucketLifecycleConfiguration", keep)
    ensure_bucket(s3, bucket)
    assert sent == ["varies_by_storage_class"]


def test_a_bucket_is_made_in_the_client_s_region(aws: LocalAws) -> None:
    """S3 wants the location named everywhere but in us-east-1."""
    bucket = f"logs-{uuid.uuid4()}"
    access = AwsSettings(
        region="eu-north-1",
        endpoint_url=aws.endpoint_url,
        access_key_id=Secret("local"),
        secret_access_key=Secret("local"),
    )
    with closing(product_s3_client(access)) as s3:
        ensure_bucket(s3, bucket)
        assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == "eu-north-1"


def test_a_bucket_that_another_process_creates_meanwhile_is_configured(aws: LocalAws) -> None:
    """Of two that run setup at once, the slower one also finds its bucket made."""
    proxy, bucket = FaultProxy(aws.endpoint_url), f"logs-{uuid.uuid4()}"
    owned = b"<Error><Code>BucketAlreadyOwnedByYou</Code><Message>Yours.</Message></Error>"
    proxy.faults.extend([Reply(404, b""), Reply(409, owned, "application/xml")])
    with closing(s3_client(aws)) as other:
        other.create_bucket(Bucket=bucket)
    with closing(s3_client(proxy)) as s3:
        assert ensure_bucket(s3, bucket).startswith(f"bucket {bucket} adjusted: closed to the")
    proxy.close()


@pytest.mark.parametrize("request_number", range(1, 6))
def test_a_permission_that_is_missing_is_not_taken_for_absence(
    aws: LocalAws, request_number: int
) -> None:
    """Denied to look, setup says so and changes nothing blindly."""
    proxy = FaultProxy(aws.endpoint_url)
    denied = b"<Error><Code>AccessDenied</Code><Message>No.</Message></Error>"
    proxy.faults.extend([LetThrough()] * (request_number - 1))
    proxy.faults.append(Reply(403, denied, "application/xml"))
    with closing(s3_client(proxy)) as s3, pytest.raises(AccessDenied):
        ensure_bucket(s3, f"logs-{uuid.uuid4()}")
    proxy.close()


def test_a_bucket_that_nothing_encrypts_is_encrypted(aws: LocalAws) -> None:
    """Amazon's S3 encrypts every new bucket by itself; others do not."""
    proxy = FaultProxy(aws.endpoint_url)
    none = b"<Error><Code>ServerSideEncryptionConfigurationNotFoundError</Code></Error>"
    proxy.faults.extend([*[LetThrough()] * 4, Reply(404, none, "application/xml")])
    with closing(s3_client(proxy)) as s3:
        step = ensure_bucket(s3, f"logs-{uuid.uuid4()}")
    proxy.close()
    assert "encrypted with S3's own keys" in step


def test_a_queue_with_a_key_of_its_own_keeps_it(sqs, names: dict[str, str]) -> None:
    """SQS's own encryption would replace the key that a person chose."""
    key = {"KmsMasterKeyId": "alias/own", "SqsManagedSseEnabled": "false"}
    sqs.create_queue(QueueName=names["metrics"], Attributes=key)
    ensure_queues(sqs, **names)
    attributes = attributes_of(sqs, names["metrics"])
    assert attributes["KmsMasterKeyId"] == "alias/own"
    assert attributes["SqsManagedSseEnabled"] == "false"


def test_a_name_that_s3_refuses_is_a_bad_setting(s3) -> None:
    """A fault of the settings is reported as one."""
    with pytest.raises(BadSettings):
        ensure_bucket(s3, "Not_A_Bucket")


def actions_by_resource(policy: dict) -> dict[str, set[str]]:
    allowed: dict[str, set[str]] = {}
    for statement in policy["Statement"]:
        assert statement["Effect"] == "Allow"
        for resource in statement["Resource"]:
            allowed.setdefault(resource.rsplit(":", 1)[-1], set()).update(statement["Action"])
    return allowed


def test_the_collector_may_do_what_it_does_and_no_more() -> None:
    """It receives from its own queue only, rejects to its dead letters, and reads no logs."""
    allowed = actions_by_resource(collector_policy(QUEUES))
    send = {"sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"}
    work = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}
    assert allowed == {
        "ci_cd_metrics_queue": send,
        "ci_cd_logs_queue.fifo": send,
        "ci_cd_job_events_queue": send | work,
        "ci_cd_job_events_queue_dlq": send,
        "octo-logs/logs/*": {"s3:PutObject", "s3:AbortMultipartUpload"},
    }


def test_without_a_bucket_no_policy_speaks_of_s3() -> None:
    """Logs in parts need no permission for S3."""
    queues = QueueSettings(metrics_queue="m", logs_queue="l", job_events_queue="j")
    text = json.dumps(collector_policy(queues))
    assert "s3:" not in text
    parameters = json.loads(cloudformation_template(queues))["Parameters"]
    assert parameters["LogBucketName"]["Default"] == ""


def test_the_template_denies_requests_without_tls_everywhere() -> None:
    """Every queue and the bucket carry the same refusal."""
    resources = json.loads(cloudformation_template(QUEUES))["Resources"]
    guarded = [r for r in resources.values() if r["Type"].endswith(("QueuePolicy", "BucketPolicy"))]
    assert len(guarded) == 7
    for resource in guarded:
        (statement,) = resource["Properties"]["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    "queues",
    [QUEUES, QueueSettings(metrics_queue="m.fifo", logs_queue="l", job_events_queue="j.fifo")],
)
def test_cloudformation_finds_no_fault_in_the_template(queues: QueueSettings) -> None:
    """AWS's own linter knows every resource type and property."""
    from cfnlint.api import lint_all  # it takes longer to import than most files to run

    findings = lint_all(cloudformation_template(queues))
    # What is only for information, such as notes for other tools, is no fault.
    assert [finding for finding in findings if not finding.rule.id.startswith("I")] == []


@pytest.mark.parametrize("prefix", ["arn:aws:sqs:us-east-1", "ARN:AWS:SQS:US-EAST-1"])
def test_a_queue_is_found_by_its_arn_in_any_case(sqs, names, prefix):
    """Only the queue's own name has a case."""
    name = names["metrics"].upper()
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    account = attributes_of(sqs, name)["QueueArn"].split(":")[4]
    assert find_queue_url(sqs, f"{prefix}:{account}:{name}") == url
    with pytest.raises(BadSettings, match="AWS_DEFAULT_REGION"):
        find_queue_url(sqs, f"{prefix[:-1]}2:{account}:{name}")
    with pytest.raises(BadSettings, match="not the ARN of an SQS queue"):
        find_queue_url(sqs, f"{prefix}:{account}")


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        (None, "aws"),
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_a_policy_is_valid_in_the_partition_of_its_region(region, partition):
    """IAM refuses a policy that names another partition."""
    statements = collector_policy(QUEUES, region=region)["Statement"]
    arns = [arn for statement in statements for arn in statement["Resource"]]
    assert {arn.split(":")[1] for arn in arns} == {partition}


def test_a_policy_names_a_queue_that_is_given_by_its_arn():
    """As IAM compares ARNs, which have a case."""
    given = replace(QUEUES, job_events_queue="ARN:AWS:SQS:EU-WEST-1:123456789012:Work")
    [send, work, *_] = collector_policy(given)["Statement"]
    assert work["Resource"] == ["arn:aws:sqs:eu-west-1:123456789012:Work"]
    assert "arn:aws:sqs:eu-west-1:123456789012:Work_dlq" in send["Resource"]
