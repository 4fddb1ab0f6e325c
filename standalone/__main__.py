"""``python -m standalone``, and ``runstream`` where the package is installed."""

from .cli import cli


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
