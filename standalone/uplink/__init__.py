"""The Uplink daemon: both agents on any machine, with their state in an Anvil app's Data Tables.

``link`` connects and checks, ``watchdog`` knows when the link is dead, ``daemon`` does the work.
"""
