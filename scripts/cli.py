"""`carbonledger`: the entry of the command line, its exit codes and its way of telling errors."""

import re
import sys
from importlib import import_module
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from api.client.refusals import ProblemAnswered
from identity.errors import IdentityError
from ledger.errors import Refusal
from scripts.output import (
    EXIT_FAILED,
    EXIT_USAGE,
    Voice,
    exit_code_of,
    has_text,
    language_of_terminal,
    speaking,
    tell_line,
    tell_problem,
    text,
)
from scripts.texts import LANGUAGES, Language

# A verb's module is imported when it is asked for: chain and web server take seconds to load.
_VERBS = ("demo", "init", "serve", "doctor", "backup", "restore")
_NOUNS = (
    "identifier",
    "key",
    "token",
    "evidence",
    "report",
    "statement",
    "quota",
    "submission",
    "message",
    "mirror",
    "network",
)
# Said before the noun or after the verb; those with a value name it.
_EVERYWHERE = {"--json": False, "--as": True, "--url": True, "--dir": True}
# Typer shows the root of its usage errors nowhere.
_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
_CHINESE = re.compile("[\u4e00-\u9fff]")


class _Verbs(TyperGroup):
    """The verbs by name, each loaded at its first use."""

    # Typer's own command classes are private to it, hence the names without a type.

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        return [*_VERBS, *_NOUNS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        if cmd_name not in _VERBS + _NOUNS:
            return None
        module = import_module(f"scripts.commands.{cmd_name}")
        if cmd_name in _NOUNS:
            return typer.main.get_group(module.app)
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(cmd_name, help=module.HELP)(getattr(module, cmd_name))
        return typer.main.get_command(app)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """The list of `--help`, from the tables above: no verb is loaded for it."""
        with formatter.section(text("help.commands")):
            told = [(verb, text(f"verb.{verb}").splitlines()[0]) for verb in _VERBS]
            told += [(noun, text(f"noun.{noun}")) for noun in _NOUNS]
            formatter.write_dl(told)
        with formatter.section(text("help.everywhere")):
            formatter.write_dl(
                [(name, text(f"help.{name.split()[0]}")) for name in ("--lang zh|en", "--quiet")]
            )


def main() -> None:
    """Run the command line; exit codes are those of docs/reference/command-line.md."""
    arguments, voice = _surroundings(sys.argv[1:])
    with speaking(voice):
        _run(arguments)


def _run(arguments: list[str]) -> NoReturn:
    program = _Verbs(
        name="carbonledger",
        help=text("help.program"),
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    as_json = "--json" in arguments
    try:
        sys.exit(program(args=_ordered(arguments), standalone_mode=False))
    except (Refusal, IdentityError, ProblemAnswered) as refusal:
        tell_problem(refusal, as_json=as_json)
        sys.exit(exit_code_of(refusal))
    except typer.Abort:
        sys.exit(EXIT_FAILED)
    except _USAGE_ERROR as error:
        _tell_usage(error)
        sys.exit(EXIT_USAGE)


def _surroundings(arguments: list[str]) -> tuple[list[str], Voice]:
    """The arguments without `--lang` and `--quiet`, wherever they stood, and what those say."""
    rest: list[str] = []
    language: Language = language_of_terminal()
    given = iter(arguments)
    for argument in given:
        name, _, value = argument.partition("=")
        if name == "--lang":
            language = _language(value or next(given, ""))
        elif argument != "--quiet":
            rest.append(argument)
    return rest, Voice(language, is_quiet="--quiet" in arguments)


def _language(asked: str) -> Language:
    for language in LANGUAGES:
        if language == asked:
            return language
    tell_line(text("usage.language"))
    sys.exit(EXIT_USAGE)


def _ordered(arguments: list[str]) -> list[str]:
    """Options that hold everywhere, said before the noun, put behind the verb."""
    said: list[str] = []
    rest = list(arguments)
    while rest and (takes_value := _EVERYWHERE.get(rest[0].partition("=")[0])) is not None:
        count = 2 if takes_value and "=" not in rest[0] else 1
        said, rest = said + rest[:count], rest[count:]
    return rest + said


def _tell_usage(error: Any) -> None:
    """What cannot be understood, in people's language; typer's own words are English."""
    kind, shown = type(error).__name__, error.format_message()
    if kind == "NoArgsIsHelpError":
        tell_line(shown)
        return
    key = f"usage.{kind}"
    if has_text(key) and not _CHINESE.search(shown):
        hint = getattr(error, "param_hint", None) or getattr(error, "option_name", None)
        parameter = getattr(error, "param", None)
        if hint is None and parameter is not None:
            hint = parameter.get_error_hint()
        shown = text(key, name=str(hint or "").strip("'"), detail=shown)
    tell_line(text("usage.error", detail=shown))


if __name__ == "__main__":
    main()
