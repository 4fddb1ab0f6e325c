"""The servers that the other tests stand on do what those tests take for granted."""

from __future__ import annotations

import io
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
import botocore.exceptions
import psutil
import psycopg2
import pytest
from support.aws_server import s3_client, sqs_client
from support.postgres_server import PostgresServer

from standalone.local.aws import LocalAws, LocalAwsError
from standalone.local.aws_python import python_of_local_aws

MIB = 1024 * 1024
ROOT = Path(__file__).parents[2]


def counts(sqs, queue_url: str) -> tuple[int, int]:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
    return int(attributes[names[0]]), int(attributes[names[1]])


def refuses_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_environment_variables_alone_lead_boto3_here(aws, monkeypatch):
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    queue_url = boto3.client("sqs").create_queue(QueueName="by-environment")["QueueUrl"]
    assert queue_url.startswith(aws.endpoint_url)


def test_a_batch_is_taken_message_by_message(aws):
    sqs = sqs_client(aws)
    queue_url = sqs.create_queue(QueueName="batches")["QueueUrl"]
    kind = {"event_type": {"DataType": "String", "StringValue": "workflow_run_completed"}}
    answer = sqs.send_message_batch(
        QueueUrl=queue_url,
        Entries=[
            {"Id": "good", "MessageBody": "{}", "MessageAttributes": kind},
            {"Id": "bad", "MessageBody": "\x1b"},
        ],
    )
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert [(entry["Id"], entry["SenderFault"]) for entry in answer["Failed"]] == [("bad", True)]
    assert counts(sqs, queue_url) == (1, 0)
    received = sqs.receive_message(QueueUrl=queue_url, MessageAttributeNames=["All"])["Messages"]
    assert received[0]["MessageAttributes"]["event_type"]["StringValue"] == "workflow_run_completed"
    assert counts(sqs, queue_url) == (0, 1)


@pytest.mark.parametrize("limit", [1024, 262_144, MIB])
def test_a_queue_keeps_its_own_message_size(aws, limit):
    sqs = sqs_client(aws)
    queue_url = sqs.create_queue(
        QueueName=f"size-{limit}", Attributes={"MaximumMessageSize": str(limit)}
    )["QueueUrl"]
    sqs.send_message(QueueUrl=queue_url, MessageBody="x" * limit)
    with pytest.raises(botocore.exceptions.ClientError, match="must be shorter"):
        sqs.send_message(QueueUrl=queue_url, MessageBody="x" * (limit + 1))


def test_a_message_that_nobody_deletes_ends_in_the_dead_letter_queue(aws):
    sqs = sqs_client(aws)
    dead_url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]
    policy = {"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": "2"}
    queue_url = sqs.create_queue(
        QueueName="work",
        Attributes={"RedrivePolicy": json.dumps(policy), "VisibilityTimeout": "0"},
    )["QueueUrl"]
    sqs.send_message(QueueUrl=queue_url, MessageBody="work")
    for _ in range(3):
        sqs.receive_message(QueueUrl=queue_url)
    assert counts(sqs, dead_url) == (1, 0)


def test_a_fifo_queue_knows_a_repeated_message(aws):
    sqs = sqs_client(aws)
    queue_url = sqs.create_queue(QueueName="events.fifo", Attributes={"FifoQueue": "true"})[
        "QueueUrl"
    ]
    first, second = (
        sqs.send_message(
            QueueUrl=queue_url, MessageBody="{}", MessageGroupId="run", MessageDeduplicationId="id"
        )
        for _ in range(2)
    )
    assert first["MessageId"] == second["MessageId"]
    assert counts(sqs, queue_url) == (1, 0)


def test_s3_joins_the_parts_of_an_upload(aws):
    s3 = s3_client(aws)
    s3.create_bucket(Bucket="uploads")
    upload = {"Bucket": "uploads", "Key": "log"}
    upload_id = s3.create_multipart_upload(**upload)["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**upload, UploadId=upload_id, PartNumber=number, Body=body)[
                "ETag"
            ],
        }
        for number, body in ((1, io.BytesIO(b"a" * 5 * MIB)), (2, io.BytesIO(b"end")))
    ]
    s3.complete_multipart_upload(**upload, UploadId=upload_id, MultipartUpload={"Parts": parts})
    assert s3.get_object(**upload)["Body"].read() == b"a" * 5 * MIB + b"end"


def test_closing_leaves_no_process_and_frees_the_port():
    local = LocalAws()
    local.close()
    assert local._process.exit_code() is not None
    assert refuses_connections(local.port)
    local.close()


def test_an_owner_that_is_killed_takes_it_along():
    source = "import time; from standalone.local.aws import LocalAws; a = LocalAws()"
    source += "; print(a.port, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, cwd=ROOT) as own:
        assert own.stdout is not None
        port = int(own.stdout.readline())
        assert not refuses_connections(port)
        own.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while not refuses_connections(port):
        assert time.monotonic() < deadline, "it outlived its owner"
        time.sleep(0.05)


def test_one_that_cannot_start_reports_why(monkeypatch, tmp_path):
    """Wherever ministack is installed, its interpreter is one that ends at once."""
    environment = Path(python_of_local_aws(print)).parents[1].name
    interpreter = tmp_path / environment / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.symlink_to("/bin/false")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(interpreter))
    with pytest.raises(LocalAwsError, match="did not answer on port"):
        LocalAws()


def test_each_database_is_new_and_empty(postgres: PostgresServer):
    urls = [postgres.new_database_url() for _ in range(2)]
    assert len(set(urls)) == 2
    for url in urls:
        connection = psycopg2.connect(url)
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE only_mine (id bigint PRIMARY KEY)")
            cursor.execute("SELECT count(*) FROM only_mine")
            assert cursor.fetchone() == (0,)
        connection.close()


def test_postgres_runs_without_privileges_and_ends_with_a_client_connected():
    server = PostgresServer()
    connection = psycopg2.connect(server.new_database_url())
    pid = server.pid
    owner = psutil.Process(pid).uids().effective
    server.close()
    connection.close()
    assert owner != 0
    assert not psutil.pid_exists(pid)
    assert not server._folder.exists()
