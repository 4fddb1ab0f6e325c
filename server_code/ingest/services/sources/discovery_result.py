"""What a discovery of the sources' repositories found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ...errors import IngestError


@dataclass(slots=True, kw_only=True)
class DiscoveryResult:
    """How many repositories were found and left out, by pattern; errors by pattern or repository.

    ``source_by_name``: the pattern of each watched repository. ``owners``: the present names of
    owners by their ids on GitHub. ``is_complete``: no list failed that an early retry may read.
    """

    found: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    source_by_name: dict[str, str] = field(default_factory=dict)
    errors: dict[str, IngestError] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    is_complete: bool = True
