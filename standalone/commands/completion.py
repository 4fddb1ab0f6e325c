"""``completion``: the script with which a shell completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

from ..command import command, examples
from ..output import print_result

SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@command(
    epilog=examples(
        'eval "$(runstream completion bash)"',
        'eval "$(runstream completion zsh)"',
        "runstream completion fish | source",
    )
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    To complete commands and options in every new shell, add the line of your shell from the
    examples to its start-up file: ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish.
    """
    root = ctx.find_root().command
    print_result(SHELLS[shell](root, {}, "runstream", "_RUNSTREAM_COMPLETE").source())
