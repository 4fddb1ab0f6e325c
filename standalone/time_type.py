"""The type of options for a point in time: a date, or a date with a time, in UTC."""

from __future__ import annotations

from datetime import datetime, timedelta

import click
from ingest.domain.timestamps import parse_timestamp

_DAY = timedelta(days=1)
_DATE_LENGTH = len("2026-11-01")


class TimeType(click.ParamType["datetime"]):
    """A time in UTC. A date means its first second, or with ``is_end`` its last one."""

    name = "time"

    def __init__(self, *, is_end: bool = False) -> None:
        self._is_end = is_end

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the moment in UTC."""
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        is_date = len(text) == _DATE_LENGTH
        moment = parse_timestamp(f"{text}T00:00:00Z" if is_date else text)
        if moment is None:
            self.fail(
                f"{text!r} is not a time. Give 2026-11-01 or 2026-11-01T12:00:00Z.", param, ctx
            )
        return moment + _DAY - timedelta(seconds=1) if is_date and self._is_end else moment
