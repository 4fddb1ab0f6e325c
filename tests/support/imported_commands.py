"""What commands import and parse when they need it: loaded by what forks them, and no other.

What is there stays out of every collection of garbage, which would copy it to each process.
"""

from __future__ import annotations

import gc
from importlib import import_module

from ingest.adapters.aws.clients import s3_client, sqs_client
from ingest.settings import AwsSettings
from support.parsed_once import parse_once

_NAMES = (
    "boto3",
    "ingest.adapters.aws.bus",
    "ingest.adapters.github",
    "ingest.adapters.sql",
    "psycopg2",
    "requests",
    "standalone.commands.collect",
    "standalone.commands.doctor",
    "standalone.commands.redrive",
    "standalone.commands.replay",
    "standalone.commands.setup",
    "standalone.commands.sources",
    "standalone.commands.status",
    "support.forked_commands",
)

for _name in _NAMES:
    import_module(_name)
parse_once()
for _client in (sqs_client, s3_client):
    _client(AwsSettings()).close()
gc.collect()
gc.freeze()
