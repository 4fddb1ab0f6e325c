"""Runstream without Anvil: the command line, and the servers that it starts on this machine.

The collector itself is the package `ingest`. A checkout must run its own, in server_code/, not one
that is installed elsewhere.
"""

import sys
from pathlib import Path

_SERVER_CODE = Path(__file__).parent.parent / "server_code"

if _SERVER_CODE.is_dir():
    sys.path.insert(0, str(_SERVER_CODE))
