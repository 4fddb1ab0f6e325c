"""Which repositories are watched, with which credential and which filters."""
