"""The Pipeline Monitoring Agent: runs, attempts and jobs, from GitHub to the metrics queue.

Read `poll_runs` first: it is the story of one repository's poll.
"""
