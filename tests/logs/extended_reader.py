"""Read logs with nothing but AWS's extended client; print each job's digest as JSON."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections import defaultdict

import boto3
import sqs_extended_client

session = boto3.session.Session()
sqs = session.client("sqs")
sqs.s3_client = session.client("s3")
url = sqs.get_queue_url(QueueName=sys.argv[1])["QueueUrl"]

parts: dict[int, dict[int, bytes]] = defaultdict(dict)
handles: list[str] = []
while messages := sqs.receive_message(
    QueueUrl=url,
    MaxNumberOfMessages=1,
    MessageAttributeNames=["All"],
    VisibilityTimeout=600,
    WaitTimeSeconds=1,
).get("Messages", []):
    for message in messages:
        marker = sqs_extended_client.client.S3_KEY_MARKER
        handles.append(message["ReceiptHandle"].rpartition(marker)[2])
        data = json.loads(message["Body"])["data"]
        if "log_content" in data:
            content = data["log_content"].encode()
            if data["log_encoding"] == "base64":
                content = base64.b64decode(content)
            parts[data["job_id"]][data["part"]] = content
for handle in handles:
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
digests = {
    job_id: hashlib.sha256(b"".join(found[part] for part in sorted(found))).hexdigest()
    for job_id, found in parts.items()
}
print(json.dumps(digests))
