"""The command ``runstream``; ``python -m standalone`` is the same in a checkout."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line."""
    # The first process of a container ignores a signal that has no handler, and importing takes
    # a moment: SIGTERM must end the process from its first line on.
    signal.signal(signal.SIGTERM, _end)
    from .cli import cli

    cli()


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
