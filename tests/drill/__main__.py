"""``make drill``: an hour with one credential, repository, attempt and log broken for good.

The same hour is lived twice at once: by a collector whose GitHub is well, and by one whose GitHub
is broken in these four places. All that is not broken must arrive at both, and as soon.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.chaos.clock import Pace
from tests.chaos.reconcile import missing, wrongly_repeated
from tests.drill.arrivals import lags
from tests.drill.broken import Broken, Hour, without_broken
from tests.drill.side import Side

#: What ended within the drill gets so long to arrive.
GRACE_SECONDS = 300
LOOK_EVERY_SECONDS = 1


def main() -> int:
    plan = _plan()
    now = time.time()
    pace = Pace(sandbox_start=now, real_start=now, speed=plan.speed)
    hour = Hour(pace=pace, ends_at=now + plan.minutes * 60, seed=plan.seed, rate=plan.rate)
    broken = Broken.chosen(hour)
    print(f"broken for good: {broken}", file=sys.stderr, flush=True)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kinds = {"broken": broken} if plan.alone else {"well": None, "broken": broken}
        sides = {
            name: stack.enter_context(Side(name, hour, kind, home)) for name, kind in kinds.items()
        }
        time.sleep(max(hour.ends_at - pace.now(), 0) / plan.speed)
        truths = {name: without_broken(side.truth(), broken) for name, side in sides.items()}
        deadline = time.monotonic() + GRACE_SECONDS
        for name, side in sides.items():
            while _lost(side, truths[name], broken) and time.monotonic() < deadline:
                time.sleep(LOOK_EVERY_SECONDS)
        for side in sides.values():
            side.stop()
        return max(_judge(side, truths[name], broken) for name, side in sides.items())


def _plan() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="how long GitHub lives")
    parser.add_argument("--speed", type=float, default=1.0, help="of GitHub's clock")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=12, help="runs an hour and repository")
    parser.add_argument("--alone", action="store_true", help="without the collector that is well")
    return parser.parse_args()


def _lost(side: Side, truth: list[dict[str, Any]], broken: Broken) -> list[str]:
    return [each for each in sorted(missing(truth, side.reader)) if not broken.explains(each)]


def _judge(side: Side, truth: list[dict[str, Any]], broken: Broken) -> int:
    """Print what arrived and how late; return 1 where something is missing."""
    lost = _lost(side, truth, broken)
    repeated = sorted(wrongly_repeated(side.reader))
    stats = side.sandbox.stats()
    ended = [attempt for attempt in truth if attempt["status"] == "completed"]
    found = lags(ended, side.reader)
    print(f"[{side.name}]")
    print(f"ended attempts        {len(ended)}, jobs {sum(len(a['jobs']) for a in ended)}")
    print(f"missing               {len(lost)} {lost[:5]}")
    print(f"wrongly repeated      {len(repeated)} {repeated[:3]}")
    print(f"end of run to queue   {found.runs}")
    print(f"end of run to log     {found.logs}")
    print(f"requests              {stats['charged']} charged, {stats['free']} free")
    print(f"faults                {stats['faults']}")
    print(f"sent while limited    {stats['violations']}")
    print(f"tokens leaked         {stats['leaked_tokens']}", flush=True)
    return int(bool(lost or repeated or stats["violations"] or stats["leaked_tokens"]))


if __name__ == "__main__":
    sys.exit(main())
