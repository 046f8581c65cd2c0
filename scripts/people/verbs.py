"""How people's verbs are made: one noun an app, connection options on every verb, one way out.

A verb is a function from a connection and its own arguments to an answer; what is printed, and
what the exit code is, is decided here and in scripts/cli.py.
"""

import inspect
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from keyword import iskeyword
from pathlib import Path
from typing import Annotated, Any

import typer

from api.client import resource
from scripts.commands.options import DEFAULT_DIRECTORY, AsJson, help_of
from scripts.output import EXIT_REFUSED, print_json, text
from scripts.people.connection import Connection
from scripts.people.rendering import lines_of

Verb = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Partly:
    """An answer of many parts, of which some may have been refused."""

    answer: Any
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An answer that is a file or a line of one, for people and programs alike: compact JSON."""

    answer: Any


def noun_app(noun: str) -> typer.Typer:
    """The app of one noun, to which its verbs are added."""
    return typer.Typer(
        help=text(f"noun.{noun}"),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
    )


def option(name: str, *declarations: str, kind: Any = str, is_required: bool = False) -> Any:
    """A keyword-only parameter of a verb; its help is the catalogue's `option.<name>`."""
    declared = declarations or (f"--{name.replace('_', '-')}",)
    annotation = kind if is_required else kind | None
    return inspect.Parameter(
        f"{name}_" if iskeyword(name) else name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if is_required else None,
        annotation=Annotated[annotation, typer.Option(*declared, help=text(f"option.{name}"))],
    )


def argument(name: str, *, kind: Any = str) -> Any:
    """A positional parameter of a verb; its help is the catalogue's `argument.<name>`."""
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[kind, typer.Argument(help=text(f"argument.{name}"))],
    )


def add_verb(
    app: typer.Typer,
    name: str,
    verb: Verb,
    *,
    example: str,
    parameters: Sequence[inspect.Parameter] = (),
) -> None:
    """Make `verb(connection, **arguments)` a command; `name` is noun and verb."""
    own = {parameter.name for parameter in parameters}

    def command(**given: Any) -> None:
        with closing(_connection(given)) as connection:
            arguments = {key.rstrip("_"): given[key] for key in own}
            _tell(verb(connection, **arguments), as_json=connection.as_json)

    signature = inspect.Signature([*parameters, *_connecting()])
    # Typer reads the options of a verb from its signature.
    command.__signature__ = signature  # type: ignore[attr-defined]
    app.command(name.split()[1], help=help_of(name, example))(command)


def _tell(answer: Any, *, as_json: bool) -> None:
    if not isinstance(answer, Partly):
        show(answer, as_json=as_json)
        return
    show(answer.answer, as_json=as_json)
    if not answer.is_whole:
        raise typer.Exit(EXIT_REFUSED)


def add_show(app: typer.Typer, name: str, path: str, *, argument_name: str, example: str) -> None:
    """`show`: one resource; `path` is a noun of the API."""

    def verb(connection: Connection, **given: Any) -> Any:
        return connection.client.get(resource(path, given[argument_name]))

    add_verb(app, name, verb, example=example, parameters=[argument(argument_name)])


def add_list(
    app: typer.Typer, name: str, path: str, *, filters: Sequence[str], example: str
) -> None:
    """`list`: every item of a list of the API, page by page in one snapshot."""

    def verb(connection: Connection, **given: Any) -> Any:
        asked = {key: value for key, value in given.items() if value is not None}
        return {"items": list(connection.client.items(f"/v1/{path}", **asked))}

    add_verb(app, name, verb, example=example, parameters=[option(one) for one in filters])


def show(answer: Any, *, as_json: bool) -> None:
    """The answer on standard output: one JSON document, or lines for people."""
    if isinstance(answer, Line):
        typer.echo(json.dumps(answer.answer, ensure_ascii=False, separators=(",", ":")))
        return
    if as_json:
        print_json(answer)
        return
    told = answer["items"] if isinstance(answer, dict) and set(answer) == {"items"} else answer
    for line in lines_of(told):
        typer.echo(line)


def _connecting() -> list[inspect.Parameter]:
    """The options that say which service and as whom."""
    return [
        option("url"),
        inspect.Parameter(
            "directory",
            inspect.Parameter.KEYWORD_ONLY,
            default=DEFAULT_DIRECTORY,
            annotation=Annotated[Path, typer.Option("--dir", help=text("option.directory"))],
        ),
        option("as_name", "--as"),
        option("token_file", kind=Path),
        option("passphrase_file", kind=Path),
        inspect.Parameter(
            "as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=AsJson
        ),
    ]


def _connection(given: dict[str, Any]) -> Connection:
    names = ("url", "directory", "as_name", "token_file", "passphrase_file", "as_json")
    said = {name: given[name] for name in names} | {"sign_with": given.get("sign_with")}
    return Connection(**said)
