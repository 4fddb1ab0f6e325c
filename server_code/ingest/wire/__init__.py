"""GitHub's bytes turned into domain values, and GitHub's rules about asking. No I/O."""
