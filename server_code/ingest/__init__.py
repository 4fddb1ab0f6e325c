"""Runstream's collector: GitHub Actions in, queue messages out.

Read in this order: ``services/monitoring/poll_runs.py`` (how a run is found and published),
``services/log_ingestion/ingest_logs.py`` (how its logs follow), ``ports`` (what both need from
the world), ``bootstrap`` (which adapters provide it). Imports point inward only:
entrypoints -> bootstrap -> adapters | services -> ports -> wire | messaging -> domain -> errors.
"""
