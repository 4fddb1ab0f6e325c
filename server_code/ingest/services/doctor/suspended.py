"""The repositories that are not polled, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...domain.counted_nouns import join_first
from ...domain.source_records import DiscoveredRepository
from ...domain.sources import parse_source
from ...ports.inspection import CheckResult

#: The most names in a finding; the others are counted.
NAMES_SHOWN = 5


def check_suspended(discovered: Sequence[DiscoveredRepository]) -> Iterator[CheckResult]:
    """Report repositories that are not polled; warn if a source names one of them."""
    reasons: dict[str, list[DiscoveredRepository]] = {}
    for each in discovered:
        if each.suspension_reason is not None:
            reasons.setdefault(each.suspension_reason, []).append(each)
    for reason, suspended in reasons.items():
        names = [each.full_name for each in suspended]
        finding = f"{join_first(names, NAMES_SHOWN)}: {reason}"
        if any(
            each.is_missing and parse_source(each.source).names_one_repository for each in suspended
        ):
            remedy = "Correct its name, let a credential read it, or remove it: runstream sources."
            yield CheckResult.warning("not polled", finding, remedy)
        else:
            yield CheckResult.ok("not polled", finding)
