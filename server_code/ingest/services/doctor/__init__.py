"""The checks of ``runstream doctor``: everything that a collector needs, each with its remedy."""
