"""A GitHub to try collectors on."""
