"""The first login, made over the Uplink by a process of its own.

A client of the Uplink has no deadline: it may retry a wrong key and wait for a silent server for
ever. So it is a child, `account_call`, that is killed after a while.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from .errors import CannotServe

#: The first call of an app imports all its modules.
ANSWER_SECONDS = 90.0

_CHILD = Path(__file__).with_name("account_call.py")

#: What the child prints before its answer.
_MARK = "first account: "


@dataclass(frozen=True, slots=True)
class Account:
    """Be a login that was just made; its password is told once."""

    email: str
    password: str = field(repr=False)


def create_first_account(uplink_url: str, uplink_key: str, email: str) -> Account | None:
    """Make the first account; None where there is one already. Raises CannotServe."""
    # The environment, for arguments are everybody's to read.
    environment = {
        **os.environ,
        "ANVIL_UPLINK_URL": uplink_url,
        "ANVIL_UPLINK_KEY": uplink_key,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", _CHILD, email],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=ANSWER_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotServe(
            f"The app did not answer on {uplink_url} within {ANSWER_SECONDS:.0f} seconds, so it is "
            "unknown whether there is a login. Look into the server's log."
        ) from error
    answer = done.stdout.rpartition(_MARK)[2] if _MARK in done.stdout else ""
    if done.returncode != 0 or not answer:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise CannotServe(f"The first login could not be made: {said}")
    made = json.loads(answer)
    return None if made is None else Account(made["email"], made["password"])
