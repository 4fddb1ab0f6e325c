"""``setup``: create the queues and the bucket, or print a template that creates them."""

from __future__ import annotations

import json

import click
from ingest.bootstrap.queues import set_up_queues
from ingest.settings import Settings

from ..command import command, examples
from ..environment import read_environment
from ..output import print_result


@command(
    epilog=examples(
        "runstream setup",
        "runstream setup --print-cloudformation > runstream.json",
        "EVENT_BUS=servicebus runstream setup --print-bicep > runstream.bicep",
    )
)
@click.option("--print-iam", is_flag=True, help="Print the collector's least privileges for IAM.")
@click.option(
    "--print-cloudformation", is_flag=True, help="Print a CloudFormation template instead."
)
@click.option("--print-bicep", is_flag=True, help="Print a Bicep template for Azure instead.")
@click.option(
    "--print-gcloud", is_flag=True, help="Print gcloud commands for Google Cloud instead."
)
def setup(**prints: bool) -> int | None:
    """Create the queues, and the bucket if LOG_BUCKET is set.

    Creates the three queues with their dead-letter queues. Raises settings of existing queues that
    are too low; a second call changes nothing. The --print options send no request; they print
    what creates the same, with least privileges.
    """
    chosen = [name for name, is_chosen in prints.items() if is_chosen]
    if len(chosen) > 1:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in chosen)
        raise click.UsageError(f"{options} exclude each other.")
    settings = read_environment()
    if chosen:
        print_result(_text_of(chosen[0], settings))
        return None
    for line in set_up_queues(settings):
        print_result(line)
    print_result("Ready. Next: runstream doctor OWNER/REPO")
    return None


def _text_of(option: str, settings: Settings) -> str:
    """Return what a --print option prints."""
    if option == "print_iam":
        from ingest.adapters.aws.policies import collector_policy

        return json.dumps(collector_policy(settings.queues, region=settings.aws.region), indent=2)
    if option == "print_cloudformation":
        from ingest.adapters.aws.cloudformation import cloudformation_template as template
    elif option == "print_bicep":
        from ingest.adapters.azure.bicep import bicep_template as template
    else:
        from ingest.adapters.gcp.gcloud import gcloud_script as template
    return template(settings.queues).rstrip()
