"""Look for known holes in everything that requirements.txt pins; fails where there is one.

Where the database of holes cannot be reached, it says so and is content: a checkout offline is
checked too. What else is given goes to pip-audit, such as ``--ignore-vuln ID``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: Errors that mean that the database, or the way to it, is away.
AWAY = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "HTTPError", "ServiceError")


def main() -> int:
    """Audit, within bounded time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--within", type=float, default=180, metavar="SECONDS")
    options, more = parser.parse_known_args()
    try:
        done = subprocess.run(
            [*_auditor(), *more],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=options.within,
        )
    except subprocess.TimeoutExpired:
        return _skip(f"it did not answer within {options.within:g} seconds")
    if done.returncode == 0:
        print("audit: no known holes in what requirements.txt pins")
        return 0
    last = done.stderr.strip().rsplit("\n", 1)[-1]
    if not done.stdout.strip() and any(word in last for word in AWAY):
        return _skip(last.partition(":")[0])
    print(done.stdout + done.stderr, file=sys.stderr)
    return done.returncode


def _auditor() -> list[str]:
    """Every release is pinned, so nothing is resolved, downloaded or installed."""
    program = [sys.executable, "-m", "pip_audit"]
    # It does not follow the one file into the other.
    pinned = ["--requirement", "requirements.txt", "--requirement", "server_code/requirements.txt"]
    database = ["--vulnerability-service", "osv", "--timeout", "10"]
    return [*program, *pinned, "--no-deps", "--disable-pip", *database, "--progress-spinner", "off"]


def _skip(reason: str) -> int:
    print(f"audit: skipped, the database of known holes cannot be asked ({reason})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
