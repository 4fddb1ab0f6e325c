"""What goes onto the queues: envelopes, their data, their sizes. No I/O."""
