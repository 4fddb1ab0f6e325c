"""Runstream without Anvil: the command line, and the servers that it starts on this machine.

The collector itself is the package `ingest`. Anvil finds it under server_code/; so does this
package when it runs from a checkout that is not installed.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("ingest") is None:
    sys.path.insert(0, str(Path(__file__).parent.parent / "server_code"))
