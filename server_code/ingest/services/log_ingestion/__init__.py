"""The Log Ingestion Agent: job logs, from the job events queue to the logs queue.

Read `ingest_logs` first: it is the story of one batch of logs.
"""
