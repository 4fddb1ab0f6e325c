"""The messages of the queues: envelopes, their data and their sizes. No I/O."""
