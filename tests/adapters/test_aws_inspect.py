"""What ``doctor`` finds out about queues of another account."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from ingest.adapters.aws.inspect import AwsInspector

DEAD = "arn:aws:sqs:eu-central-1:222222222222:jobs-dead"


class TwoAccounts:
    """SQS as the credentials of account 1 see it; both accounts have a queue named jobs-dead."""

    meta = SimpleNamespace(region_name="eu-central-1")

    def get_queue_url(self, **queue: str) -> dict[str, str]:
        account = queue.get("QueueOwnerAWSAccountId", "111111111111")
        return {"QueueUrl": f"https://sqs.example/{account}/{queue['QueueName']}"}

    def get_queue_attributes(self, **request: Any) -> dict[str, dict[str, str]]:
        policy = json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 5})
        waiting = {
            "https://sqs.example/222222222222/jobs": "3",
            "https://sqs.example/222222222222/jobs-dead": "7",
        }.get(request["QueueUrl"], "0")
        return {"Attributes": {"ApproximateNumberOfMessages": waiting, "RedrivePolicy": policy}}


def test_the_dead_letters_are_counted_in_the_account_of_their_queue() -> None:
    """Those of another account would not be seen, or another queue of this name be counted."""
    inspector = AwsInspector(TwoAccounts(), None)  # type: ignore[arg-type]
    found = inspector.inspect_queue("arn:aws:sqs:eu-central-1:222222222222:jobs")
    assert (found.waiting, found.dead_letter_queue, found.dead_letters) == (3, "jobs-dead", 7)
