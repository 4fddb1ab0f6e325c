"""Whether the list of an ended attempt's jobs is believed."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...domain.ledger import AttemptRecord

#: A job list that is empty, or shorter than GitHub counts, is believed after so many reads.
MAX_DOUBTFUL_READS = 6

#: Jobs that are open in a run that has ended are believed after so many reads: in half a minute.
MAX_OPEN_READS = 6

#: So long the end of an attempt waits for jobs that are missing or open.
MAX_WAIT = timedelta(seconds=70)


def is_in_doubt(record: AttemptRecord) -> bool:
    """Return whether the jobs of an ended attempt are read again soon: some are missing or open."""
    if record.has_all_jobs or record.run is None or not record.run.is_completed:
        return False
    is_short = 0 < record.doubtful_reads <= MAX_DOUBTFUL_READS
    return is_short or 0 < record.open_reads < MAX_OPEN_READS


def waits_for_jobs(record: AttemptRecord, now: datetime) -> bool:
    """Return whether the end of an attempt is published later, with jobs that are certain.

    It waits for a time, not for a number of reads: a limit or slow polling may keep those apart.
    """
    since = record.doubted_since
    return since is not None and is_in_doubt(record) and now - since < MAX_WAIT
