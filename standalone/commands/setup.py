"""``setup``: the queues and the bucket, or the documents for those who make them otherwise."""

from __future__ import annotations

import json

import click
from ingest.bootstrap import set_up_queues
from ingest.settings import Settings

from ..command import command
from ..environment import read_environment


@command()
@click.option("--print-iam", is_flag=True, help="Print the collector's least privileges for IAM.")
@click.option(
    "--print-cloudformation", is_flag=True, help="Print a CloudFormation template instead."
)
def setup(*, print_iam: bool, print_cloudformation: bool) -> int | None:
    """Make the three queues with dead-letter queues, and the bucket if LOG_BUCKET is set.

    Existing resources are updated and never weakened; running it again changes nothing. The
    two print options ask AWS nothing.
    """
    if print_iam and print_cloudformation:
        raise click.UsageError("--print-iam and --print-cloudformation exclude each other.")
    settings = read_environment()
    if print_iam or print_cloudformation:
        click.echo(_template(settings) if print_cloudformation else _policy(settings))
        return None
    for line in set_up_queues(settings):
        click.echo(line)
    click.echo("Ready. Next: runstream doctor OWNER/REPO")
    return None


def _template(settings: Settings) -> str:
    from ingest.adapters.aws.cloudformation import cloudformation_template
    from ingest.adapters.aws.policies import Deployment

    return cloudformation_template(
        Deployment(
            metrics_queue=settings.queues.metrics_queue,
            logs_queue=settings.queues.logs_queue,
            job_events_queue=settings.queues.job_events_queue,
            log_bucket=settings.queues.log_bucket,
        )
    ).rstrip()


def _policy(settings: Settings) -> str:
    from ingest.adapters.aws.policies import Deployment, collector_policy

    deployment = Deployment(
        metrics_queue=settings.queues.metrics_queue,
        logs_queue=settings.queues.logs_queue,
        job_events_queue=settings.queues.job_events_queue,
        log_bucket=settings.queues.log_bucket,
        region=settings.aws.region or "*",
    )
    return json.dumps(collector_policy(deployment), indent=2)
