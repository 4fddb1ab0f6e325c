"""MESSAGE_FORMAT=cloudevents on a real SQS, from the command line."""

from __future__ import annotations

import json

from cloudevents.core.formats.json import JSONFormat
from logs.rig import a_world
from support.aws_server import take_messages


def test_every_message_on_sqs_is_a_cloudevent(rig):
    """With attributes by which a subscriber filters; a large log is one in S3."""
    world = a_world().run("failure").job("small").job("large", log=b"line\n" * 400_000)
    here = rig(world, MESSAGE_FORMAT="cloudevents")
    summary = here.collect()
    assert summary["logs"] == 2
    metrics, logs = (list(take_messages(here.sqs, name)) for name in (here.metrics, here.logs))
    checked = [each for each in logs if "ExtendedPayloadSize" in each["MessageAttributes"]]
    assert (len(logs), len(checked)) == (2, 1)
    _, pointer = json.loads(checked[0]["Body"])
    payload = here.s3.get_object(Bucket=pointer["s3BucketName"], Key=pointer["s3Key"])
    bodies = [each["Body"] for each in metrics + logs if each not in checked]
    events = [JSONFormat().read(None, body) for body in [*bodies, payload["Body"].read()]]
    ids = {each["MessageAttributes"]["ce-id"]["StringValue"] for each in metrics + logs}
    assert {event.get_id() for event in events} == ids
    assert {event.get_source() for event in events} == {f"{here.github.url}/octo/api"}
    assert {event.get_type() for event in events} == {
        "runstream.workflow_run_completed",
        "runstream.workflow_job_completed",
        "runstream.job_log_fetched",
    }
