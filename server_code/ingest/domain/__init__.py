"""GitHub Actions as pure, frozen values: no I/O, nothing but the standard library and errors."""
