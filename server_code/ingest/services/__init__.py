"""What Runstream does, written over ports.

``poll_runs`` is the Pipeline Monitoring Agent's story: ``discover_runs`` finds attempts,
``collect_attempts`` reads and publishes them. ``ingest_logs`` is the Log Ingestion Agent's.
"""
