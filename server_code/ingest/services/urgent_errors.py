"""Which of several errors to raise, where each belongs to one thing of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import IngestError

#: One kind of error, or several that are equally urgent.
Kinds = type[IngestError] | tuple[type[IngestError], ...]


def most_urgent(errors: Iterable[IngestError | None], order: Sequence[Kinds]) -> IngestError | None:
    """Return the first error of the first of these kinds that occurs; None without any."""
    known = list(errors)
    found = (each for kinds in order for each in known if isinstance(each, kinds))
    return next(found, None)
