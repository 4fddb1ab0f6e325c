"""Check the packages that requirements.lock pins for known vulnerabilities; fail if there is one.

If the vulnerability database cannot be reached, the last line says that the check was not done, and
a checkout without network passes; with ``--required`` it fails. Other arguments are passed to
pip-audit: ``--ignore-vuln ID``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: Errors that mean that the database cannot be reached.
AWAY = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "HTTPError", "ServiceError")


def main() -> int:
    """Run pip-audit with a time limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--within", type=float, default=180, metavar="SECONDS")
    parser.add_argument("--required", action="store_true")
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
        return _not_done(f"no answer within {options.within:g} seconds", required=options.required)
    if done.returncode == 0:
        print("audit: no known vulnerabilities in the packages of requirements.lock")
        return 0
    last = done.stderr.strip().rsplit("\n", 1)[-1]
    if not done.stdout.strip() and any(word in last for word in AWAY):
        return _not_done(last.partition(":")[0], required=options.required)
    print(done.stdout + done.stderr, file=sys.stderr)
    return done.returncode


def _auditor() -> list[str]:
    """Return the command line; all releases are pinned, so that pip-audit resolves nothing."""
    program = [sys.executable, "-m", "pip_audit", "--requirement", "requirements.lock"]
    database = ["--vulnerability-service", "osv", "--timeout", "10"]
    return [*program, "--no-deps", "--disable-pip", *database, "--progress-spinner", "off"]


def _not_done(reason: str, *, required: bool) -> int:
    print(f"audit: NOT DONE, the vulnerability database is not available ({reason})")
    return int(required)


if __name__ == "__main__":
    sys.exit(main())
