"""The Uplink daemon: both agents on any machine, with their state in an Anvil app's Data Tables."""
