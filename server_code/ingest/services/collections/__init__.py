"""Collections that a person starts and that end, unlike the agents' continuous one.

They collect everything once, collect now what is new, or replay what was published.
"""
