"""Runstream's collector: GitHub Actions in, queue messages out.

Read in this order: ``services/poll_runs.py`` (how a run is found and published),
``services/ingest_logs.py`` (how its logs follow), ``ports`` (what both need from the world),
``bootstrap.py`` (who provides it). Imports point inward only:
entrypoints -> bootstrap -> adapters | services -> ports -> wire | messaging -> domain -> errors.
"""
