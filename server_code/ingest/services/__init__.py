"""What Runstream does, written over ports.

``poll_runs`` tells the Pipeline Monitoring Agent's story: ``discover_runs`` finds attempts,
``collect_attempts`` reads and publishes them. ``ingest_logs`` tells the Log Ingestion Agent's.
"""
