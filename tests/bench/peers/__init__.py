"""What others would use instead of Runstream: two scripts, and two packages from the index."""
