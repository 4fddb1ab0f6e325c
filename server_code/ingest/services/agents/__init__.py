"""What both agents have in common: their loop, their heartbeat, and ticks of bounded time."""
