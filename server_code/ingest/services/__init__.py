"""What Runstream does, written against ports: a package for each agent, and for other purposes.

Begin with ``monitoring.poll_runs``, which brings runs from GitHub to the metrics queue, and with
``log_ingestion.ingest_logs``, which brings logs from the job events queue to the logs queue.
"""
