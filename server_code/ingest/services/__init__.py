"""What Runstream does, written over ports: one package per agent, and one per further purpose.

``monitoring.poll_runs`` is the story of a run from GitHub to the metrics queue,
``log_ingestion.ingest_logs`` that of a log from the job events queue to the logs queue.
"""
