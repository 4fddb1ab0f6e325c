"""``redrive``: log work that ended as dead letters, tried again."""

from __future__ import annotations

import threading

import click
from ingest.bootstrap import aws_access
from ingest.services.redrive import RedriveReport
from ingest.settings import AwsSettings

from ..command import command
from ..environment import read_environment


@command()
def redrive() -> int | None:
    """Move log work from the dead-letter queue back to the job events queue.

    Do it once what kept the logs from arriving is mended. What no agent can read stays there.
    """
    report = bring_back(read_environment().aws)
    click.echo(f"Moved {report.moved} pieces of log work back.")
    if report.unreadable:
        click.echo(f"{report.unreadable} messages are no log work and stay where they are.")
    return None


def bring_back(aws: AwsSettings) -> RedriveReport:
    """Open both queues and move what can be moved."""
    from ingest.adapters.aws import open_work_queue, sqs_client
    from ingest.adapters.aws.provision import dead_letter_name
    from ingest.adapters.system_clock import SystemClock
    from ingest.domain.counters import Counters
    from ingest.services.redrive import redrive as move

    client, counters = sqs_client(aws_access(aws)), Counters()
    try:
        return move(
            open_work_queue(client, dead_letter_name(aws.job_events_queue), counters),
            open_work_queue(client, aws.job_events_queue, counters),
            clock=SystemClock(threading.Event()),
        )
    finally:
        client.close()
