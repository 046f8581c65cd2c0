"""`carbonledger`: the entry of the command line, its exit codes and its way of telling errors."""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from identity.errors import IdentityError
from ledger.errors import ChainUnavailable, DirectoryInUse, Refusal
from scripts.output import EXIT_REFUSED, EXIT_UNAVAILABLE, tell_problem

# A verb's module is imported when it is asked for: chain and web server take seconds to load.
_VERBS = {
    "demo": "Play a park's compliance year on meter data, then serve it until Ctrl-C.",
    "init": "Make a new ledger in an empty directory.",
    "serve": "Serve the API of a ledger.",
    "doctor": "Find what is wrong with a directory and say what to do.",
    "backup": "Write one moment of a directory into an archive, also while it is served.",
    "restore": "Make a directory from the archive of a backup.",
}
_NOUNS = {"mirror": "The SQL mirror of the chain.", "key": "Signing keys."}


class _Verbs(TyperGroup):
    """The verbs by name, each loaded at its first use."""

    # Typer's own command classes are private to it, hence the names without a type.

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        return [*_VERBS, *_NOUNS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        if cmd_name not in _VERBS | _NOUNS:
            return None
        module = import_module(f"scripts.commands.{cmd_name}")
        if cmd_name in _NOUNS:
            return typer.main.get_group(module.app)
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command(cmd_name)(getattr(module, cmd_name))
        return typer.main.get_command(app)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """The list of `--help`, from the table above: no verb is loaded for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list((_VERBS | _NOUNS).items()))


def main() -> None:
    """Run the command line; exit codes are those of docs/reference/command-line.md."""
    program = _Verbs(
        name="carbonledger",
        help="Carbon data and quota ledger of a dual-carbon industrial park.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    try:
        program()
    except (Refusal, IdentityError) as refusal:
        tell_problem(refusal, as_json="--json" in sys.argv)
        is_busy = isinstance(refusal, DirectoryInUse | ChainUnavailable)
        sys.exit(EXIT_UNAVAILABLE if is_busy else EXIT_REFUSED)


if __name__ == "__main__":
    main()
