"""What happens to a collector whose state is taken from under it."""

from __future__ import annotations

import json

from support.aws_server import sqs_client, take_messages
from support.command_line import CommandLine, stop, wait_until


def published(cli: CommandLine) -> list[str]:
    """Take the event ids from both queues that consumers read."""
    client = sqs_client(cli.aws)
    return [
        json.loads(message["Body"])["event_id"]
        for setting in ("METRICS_QUEUE", "LOGS_QUEUE")
        for message in take_messages(client, cli.queues[setting])
    ]


def collect_until_the_logs_are_there(cli: CommandLine, *, delete: bool) -> list[str]:
    """Run a collector, delete its state under it if asked to, and stop it."""
    with cli.started("collect", "octo/api") as collector:
        wait_until(lambda: cli.count_messages("LOGS_QUEUE") == 3)
        if delete:
            (cli.folder / "runstream.db").unlink()
            status = cli.run("status")
            assert status.returncode != 0
            assert "No state exists" in status.stderr
        stop(collector)
    return published(cli)


def test_a_deleted_state_is_collected_again_with_the_same_ids(cli: CommandLine):
    """The collector works on the file that has no name any more, until it ends."""
    first = collect_until_the_logs_are_there(cli, delete=True)
    assert len(set(first)) == len(first)
    again = collect_until_the_logs_are_there(cli, delete=False)
    assert set(again) == set(first)
