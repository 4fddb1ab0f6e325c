"""Parsers from GitHub's bytes to domain values, and GitHub's rules for requests. No I/O."""
