"""`roadmate …`: what an operator or a newcomer types in a shell."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import __version__
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.library import Problem
    from bot.opening import Configured
    from bot.operate.doctor import Finding

app = typer.Typer(
    name="roadmate",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The database.", no_args_is_help=True)
roadmaps = typer.Typer(help="The roadmaps.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(roadmaps, name="roadmaps")

CONSOLE_INSTEAD = """\
No token is set, so this is the console chat. To serve a platform instead, put its token into .env and start again:
{tokens}
The README goes through it step by step.
"""


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"roadmate {__version__}")
        raise typer.Exit(0)


@app.callback()
def begin(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Keeps a study group on its roadmap, on Discord, on Telegram and in this terminal."""


@app.command()
def run() -> None:
    """Serve every platform there is a token for; without any, open the console chat."""
    settings, platforms = _settings()
    if not any(platform.served for platform in platforms):
        typer.echo(CONSOLE_INSTEAD.format(tokens=_tokens()), err=True)
        _chat("you", "study")
        return
    _begin(settings, platforms, settings.log_level)
    from bot.app import serve

    with _plainly():
        asyncio.run(serve(settings, platforms))


@app.command()
def chat(
    name: Annotated[str, typer.Option("--as", help="Who you are.")] = "you",
    group: Annotated[str, typer.Option("--group", help="The study group you are in.")] = "study",
) -> None:
    """Talk to Roadmate in this terminal: no token, a database and a clock of its own."""
    _chat(name, group)


def _chat(name: str, group: str) -> None:
    from bot.app import serve_console

    settings, platforms = _settings()
    _begin(settings, platforms, "WARNING")
    # The doctor looks at the bot's database: this one is the chat's own.
    remedy = "Without that file the chat begins anew."
    with _plainly(f"{settings.roadmate_data / 'chat.db'}: ", remedy):
        if not asyncio.run(serve_console(settings, name, group)):
            raise typer.Exit(2)


@app.command()
def doctor(
    deliveries: Annotated[
        bool, typer.Option("--deliveries", help="Look at what was delivered and what was not instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Check settings, database, roadmaps, tokens and permissions, and say what to do."""
    # Read first: what is wrong with a line of .env is only a warning.
    settings, platforms = _settings()
    _begin(settings, platforms, "ERROR")
    findings = _deliveries(settings, as_json) if deliveries else _installation(settings, platforms, as_json)
    if any(finding.bad for finding in findings):
        raise typer.Exit(1)


def _installation(settings: Settings, platforms: Sequence[Configured], as_json: bool) -> Sequence[Finding]:
    from bot.operate.doctor import examine

    findings = asyncio.run(examine(settings, platforms))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
    else:
        typer.echo("\n".join(map(str, findings)))
    return findings


def _deliveries(settings: Settings, as_json: bool) -> Sequence[Finding]:
    from rich.console import Console

    from bot.app import now
    from bot.operate.doctor import Finding, deliveries

    found = asyncio.run(deliveries.examine_deliveries(settings, now()))
    findings = [found] if isinstance(found, Finding) else found.findings
    if as_json:
        whole = {"findings": [asdict(found)]} if isinstance(found, Finding) else found.figures()
        typer.echo(json.dumps(whole, ensure_ascii=False))
    else:
        Console(highlight=False, markup=False).print(str(found) if isinstance(found, Finding) else found.page())
    return findings


@db.command("upgrade")
def upgrade() -> None:
    """Bring the database to this version; `roadmate run` does it by itself."""
    from bot.store import Store, schema

    async def bring_up() -> bool:
        store = Store.open(_settings()[0].database)
        try:
            return await schema.upgrade_tables(store)
        finally:
            await store.close()

    with _plainly():
        done = asyncio.run(bring_up())
    typer.echo("The database was brought up to date." if done else "The database is up to date.")


@roadmaps.command("check")
def check(
    folder: Annotated[Path, typer.Argument(help="The folder of roadmaps.")] = Path("roadmaps"),
    against: Annotated[
        str | None,
        typer.Option(help="An older version, to see that no slug is lost: a folder, or a git revision such as main."),
    ] = None,
    record: Annotated[bool, typer.Option(help="Record new slugs in slugs.lock: from then on they must stay.")] = False,
) -> None:
    """Validate roadmap files; faults are told with their lines."""
    from bot.library import Library, record_slugs
    from bot.library import check as validate

    problems = validate(folder, unrecorded=not record)
    if against is not None:
        problems += _compared(against, folder)
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        raise typer.Exit(1)
    if record:
        typer.echo(f"Recorded: {', '.join(record_slugs(folder)) or 'nothing, every slug was recorded before'}")
    for roadmap in Library.load(folder).roadmaps.values():
        steps = f"{len(roadmap.requirements)} steps, about {roadmap.hours_required:g} h"
        typer.echo(f"{roadmap.slug}: {roadmap.title}, {steps}")
    if against is not None:
        typer.echo(f"Nothing is lost since {against}.")


def _compared(against: str, folder: Path) -> list[Problem]:
    """What a folder of roadmaps has lost since an older version; exit code 2 when that cannot be said."""
    from tempfile import TemporaryDirectory

    from bot.library import NotComparable, check_folders, older

    try:
        with TemporaryDirectory() as place:
            return check_folders(older(against, folder, Path(place)), folder)
    except NotComparable as reason:
        typer.echo(f"Cannot compare with {against}: {reason}.", err=True)
        raise typer.Exit(2) from None


@roadmaps.command("schema")
def schema(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; without one, to standard output.")] = None,
) -> None:
    """Write the JSON schema of a roadmap file, for editors: roadmaps/schema.json."""
    from bot.library import schema_json

    if file is None:
        typer.echo(schema_json(), nl=False)
        return
    with _plainly():
        file.write_text(schema_json(), encoding="utf-8", newline="\n")
    typer.echo(f"Wrote {file}.")


def _tokens() -> str:
    from bot.platforms import OFFERED

    lines = [(f"  {offer.name}_token=…".upper(), offer.token_from) for offer in OFFERED]
    width = max(len(setting) for setting, _ in lines)
    return "\n".join(f"{setting:{width}}   from {where}" for setting, where in lines)


def _settings() -> tuple[Settings, tuple[Configured, ...]]:
    """What is set for all, and for each platform; exit code 2 when it makes no sense."""
    from pydantic import ValidationError

    from bot.platforms import OFFERED

    try:
        return Settings(), tuple(offer.read() for offer in OFFERED)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            name = "_".join(str(part) for part in fault["loc"]).upper()
            typer.echo(f"{name}: {fault['msg'].removeprefix('Value error, ')}. See .env.example.", err=True)
        raise typer.Exit(2) from None
    except (UnicodeDecodeError, OSError) as error:
        typer.echo(f".env cannot be read as UTF-8 text: {error}. See .env.example.", err=True)
        raise typer.Exit(2) from None


@contextmanager
def _plainly(
    where: str = "", remedy: str = "`roadmate doctor` looks at everything and says what to do."
) -> Iterator[None]:
    """Tell what an operator can mend in one line; any other failure is a fault of ours and keeps its traceback."""
    from sqlalchemy.exc import DBAPIError

    from bot.delivery import BadToken
    from bot.leases import AlreadyServed
    from bot.store import Unavailable
    from bot.store.schema import NewerDatabase

    try:
        yield
    except* AlreadyServed as group:
        for error in _leaves(group):
            # It says where and what to do, and the doctor would find all well.
            typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except* (BadToken, NewerDatabase, Unavailable, OSError, DBAPIError) as group:
        for error in _leaves(group):
            # The driver's own words: SQLAlchemy's add the statement.
            said = error.orig if isinstance(error, DBAPIError) else error
            typer.echo(f"{where}{str(said).strip().rstrip('.')}. {remedy}", err=True)
        raise typer.Exit(1) from None


def _leaves(group: BaseExceptionGroup) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _begin(settings: Settings, platforms: Iterable[Configured], level: str) -> None:
    """What every process begins with: its log, and the rules of time zones it goes by."""
    from bot.logs import configure
    from bot.store import zones

    configure(level, _secrets(settings, platforms), form=settings.log_format)
    zones.use_newest()


def _secrets(settings: Settings, platforms: Iterable[Configured]) -> Iterator[str]:
    """What must not be read anywhere: every secret setting, and the database's password."""
    from pydantic import SecretStr

    for one in (settings, *(platform.settings for platform in platforms)):
        values = (getattr(one, name) for name in type(one).model_fields)
        yield from (value.get_secret_value() for value in values if isinstance(value, SecretStr))
    if settings.database_url is not None:
        from sqlalchemy import make_url

        yield str(make_url(settings.database_url).password or "")


def main() -> None:
    """The console script."""
    app()
