"""Checks of everything that a collector needs, each with its remedy."""
