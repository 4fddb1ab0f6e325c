"""What commands import when they need it: this module is loaded by what forks them, and no other.

What is there stays out of every collection of garbage, which would copy it to each process.
"""

from __future__ import annotations

import gc
from importlib import import_module

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
gc.collect()
gc.freeze()
