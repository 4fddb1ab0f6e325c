"""What `run` starts on this machine: SQS and S3, PostgreSQL, and processes that end with it."""
