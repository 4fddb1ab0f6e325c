"""``make bench``: count requests, measure throughput, memory and latency; judge nothing.

Numbers of one run on one machine: counts are exact, times are what they were. The goals stand
beside them; tests/services/monitoring/test_frugality.py decides those that can be counted.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

from tests.bench import (
    comparison,
    idle,
    latency,
    log_messages,
    memory,
    metric_messages,
    page_refresh,
    repositories_per_token,
    requests_per_run,
    scale,
    workers,
)
from tests.bench.report import Row, machine, table

BENCHMARKS = {
    "requests": requests_per_run.measure,
    "comparison": comparison.measure,
    "idle": idle.measure,
    "pages": page_refresh.measure,
    "token": repositories_per_token.measure,
    "scale": scale.measure,
    "metrics": metric_messages.measure,
    "logs": log_messages.measure,
    "memory": memory.measure,
    "latency": latency.measure,
    "workers": workers.measure,
}
EXPLANATION = """\
A request is charged if it counts against GitHub's hourly rate limit; a conditional request with an
unchanged answer is free. GraphQL has its own limit. The theoretical minimum per run is one request
for its jobs and one for its log archive, or one per log. Its share of the run list is added, and
for a watched run one request for each change of the list that a poll finds. Workers share one
PostgreSQL and the machine with the simulated GitHub and SQS; GitHub takes 0.2 seconds for each
answer, and no rate limit is reached."""
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller scenarios, fewer rounds")
    parser.add_argument("--write", action="store_true", help="also write docs/benchmarks.md")
    parser.add_argument(
        "--only", action="append", choices=sorted(BENCHMARKS), help="run only this benchmark"
    )
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    rows: list[Row] = []
    for name, measure in BENCHMARKS.items():
        if options.only is None or name in options.only:
            for row in measure(quick=options.quick):
                print(f"{row.benchmark}: {row.case}: {row.measured}", file=sys.stderr, flush=True)
                rows.append(row)
    facts = f"{machine()}; {load_before:.1f} at the start"
    print(f"{table(rows)}\n\n{facts}")
    if options.write:
        PAGE.write_text(_page(rows, facts))
    return 0


def _page(rows: list[Row], facts: str) -> str:
    arguments = [each for each in sys.argv[1:] if each != "--write"]
    command = " ".join(["python", "-m", "tests.bench", *arguments])
    today = datetime.now(timezone.utc).date().isoformat()
    return "\n".join(
        [
            "# Benchmarks",
            "",
            f"Printed by `{command}` on {today}. Counts are exact on any machine; times",
            "and memory depend on it, and other programs may have used it at the same time.",
            "",
            f"{facts}.",
            "",
            table(rows),
            "",
            EXPLANATION,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
