"""What ``setup`` creates, with least privileges, as gcloud commands; sends no request.

Roles: https://cloud.google.com/pubsub/docs/access-control#roles (publisher and subscriber may not
read a topic or subscription: that needs viewer), and
https://cloud.google.com/storage/docs/access-control/iam-roles. Dead letters:
https://cloud.google.com/pubsub/docs/dead-letter-topics#assigning_forwarding_roles
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from ...messaging.log_work import GITHUB_LOG_RETENTION
from ...settings import QueueSettings
from .provision import (
    MAX_DELIVERY_ATTEMPTS,
    READER_ACK_DEADLINE_SECONDS,
    ack_deadline_seconds,
    dead_letter_name,
)

_HEAD = """\
#!/bin/sh
# Runstream: topics, subscriptions, dead letters, bucket and least privileges.
# Usage: sh runstream.sh PROJECT [READER], READER such as
# serviceAccount:reader@PROJECT.iam.gserviceaccount.com
set -eu
project=$1
reader=${2:-}
gcloud config set project "$project"
number=$(gcloud projects describe "$project" --format='value(projectNumber)')
pubsub=serviceAccount:service-$number@gcp-sa-pubsub.iam.gserviceaccount.com
gcloud iam service-accounts create runstream --display-name=Runstream
collector=serviceAccount:runstream@$project.iam.gserviceaccount.com
"""


def gcloud_script(queues: QueueSettings) -> str:
    """Write a shell script.

    The collector may publish to three topics and receive from one and its dead letters; a reader
    receives from two.
    """
    lines = [_HEAD]
    for name in queues.names:
        lines += _queue(name, is_work_queue=name == queues.job_events_queue)
    if queues.log_bucket is not None:
        lines += _bucket(queues.log_bucket)
    return "\n".join(lines) + "\n"


def _queue(name: str, *, is_work_queue: bool) -> Iterator[str]:
    deadline = ack_deadline_seconds(is_work_queue=is_work_queue)
    topic, dead = shlex.quote(name), shlex.quote(dead_letter_name(name))
    yield f"gcloud pubsub topics create {topic} {dead}"
    yield (
        f"gcloud pubsub subscriptions create {dead} --topic={dead} --expiration-period=never "
        f"--ack-deadline={READER_ACK_DEADLINE_SECONDS}"
    )
    yield (
        f"gcloud pubsub subscriptions create {topic} --topic={topic} --expiration-period=never "
        f"--ack-deadline={deadline} --dead-letter-topic={dead} "
        f"--max-delivery-attempts={MAX_DELIVERY_ATTEMPTS}"
    )
    # Pub/Sub moves dead letters with an account of its own.
    yield _grant("topics", dead, "$pubsub", "publisher")
    yield _grant("subscriptions", topic, "$pubsub", "subscriber")
    yield _grant("topics", topic, "$collector", "publisher")
    yield _grant("topics", topic, "$collector", "viewer")
    yield _grant("subscriptions", topic, "$collector", "viewer")
    if is_work_queue:
        yield _grant("subscriptions", topic, "$collector", "subscriber")
        yield _grant("topics", dead, "$collector", "publisher")
        yield _grant("topics", dead, "$collector", "viewer")
        # `redrive` receives them.
        yield _grant("subscriptions", dead, "$collector", "subscriber")
        yield _grant("subscriptions", dead, "$collector", "viewer")
    else:
        granted = _grant("subscriptions", topic, "$reader", "subscriber")
        yield f'if [ -n "$reader" ]; then {granted}; fi'
    yield ""


def _bucket(bucket: str) -> Iterator[str]:
    url = shlex.quote(bucket if bucket.startswith("gs://") else f"gs://{bucket}")
    yield f"gcloud storage buckets create {url} --uniform-bucket-level-access"
    rule = {"action": {"type": "Delete"}, "condition": {"age": GITHUB_LOG_RETENTION.days}}
    rules = shlex.quote(json.dumps({"rule": [rule]}))
    yield f"echo {rules} | gcloud storage buckets update {url} --lifecycle-file=/dev/stdin"
    yield _grant_objects(url, "$collector", "objectUser")
    yield f'if [ -n "$reader" ]; then {_grant_objects(url, "$reader", "objectViewer")}; fi'


def _grant(kind: str, name: str, member: str, role: str) -> str:
    return (
        f"gcloud pubsub {kind} add-iam-policy-binding {name} "
        f'--member="{member}" --role=roles/pubsub.{role}'
    )


def _grant_objects(url: str, member: str, role: str) -> str:
    return (
        f'gcloud storage buckets add-iam-policy-binding {url} --member="{member}" '
        f"--role=roles/storage.{role}"
    )
