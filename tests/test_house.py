"""The rules of the house that no linter knows: who may read the clock, how things are named, what every module says."""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BOT = ROOT / "bot"
MODULES = sorted(BOT.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in (*MODULES, *TESTS)}

MOST_LINES = 450
MOST_LINES_OF_CODE = 350
"""Of a module: neither blank nor comment nor docstring."""

MOST_PATHS = 20
"""Through a function, as radon counts them, boolean operators too: its rank C ends there."""

FEWER_LINES_OF_ANY = 40
"""Lines of `bot/` that say `Any`: where it stands, no checker looks."""

CLOCK = "app.py"
"""The only module that reads the real clock (law 2)."""

READS_THE_CLOCK = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "gmtime"),
}
CLOCKS = {"monotonic", "perf_counter", "process_time", "thread_time", "monotonic_ns", "perf_counter_ns"}
REDUCES = {"min", "max", "sum", "sorted", "abs", "round"}
"""What makes of moments and durations others of the kind."""

TIMED = {"tests/fakes/virtual.py", "tests/simulation", "tests/fakes/patience.py", "tests/fakes/probe"}
"""Where time is made up; what says that a wait was kept; what measures, and judges not."""

OWNED = {"discord": "platforms/discord", "telegram": "platforms/telegram", "apscheduler": "app.py"}
FORBIDDEN_NAMES = re.compile(
    r"(^|_)(utils?|helpers?|misc|common|manager|service)(_|$)|(Utils?|Helpers?|Manager|Service)$"
)
SPECLESS = {"Mock", "MagicMock", "AsyncMock", "NonCallableMock", "PropertyMock", "sentinel"}

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(BOT)))
each_test = pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))


def _dotted(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def clock_readings(tree: ast.AST) -> list[int]:
    """The lines on which the system's clock is read."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = _dotted(node.value).rpartition(".")[2]
            if (owner, node.attr) in READS_THE_CLOCK:
                found.append(node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [node.lineno for name in node.names if ("time", name.name) in READS_THE_CLOCK]
    return found


def _passed(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _dotted(node.func).rpartition(".")[2] == "passed"


def _clock(node: ast.Call) -> bool:
    """Whether this reads a clock: `time.monotonic()`, `perf_counter()`, `loop.time()`; a date's `time()` is none."""
    owner, _, name = ast.unparse(node.func).rpartition(".")
    return name in CLOCKS or (name == "time" and owner.endswith(("time", "loop", "get_running_loop()")))


def _reads(node: ast.AST, timed: set[str]) -> bool:
    """Whether an expression comes from a clock: one is read in it, or a name that did; not what is only told of it."""
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        told = _clock(node) or f"{name}()" in timed
        return told or (name in REDUCES and any(_reads(argument, timed) for argument in node.args))
    return _dotted(node) in timed or any(_reads(part, timed) for part in ast.iter_child_nodes(node))


def _named(target: ast.expr) -> Iterator[str]:
    """The names that an assignment gives."""
    if isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _named(part)
    elif name := _dotted(target):
        yield name


def _from_clocks(function: ast.AST, telling: set[str]) -> set[str]:
    """What in a function comes from a clock: names, lists that were given moments, and what was made of them."""
    timed = set(telling)
    before = -1
    while len(timed) > before:
        before = len(timed)
        for node in ast.walk(function):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if _reads(node.value, timed):
                    timed.update(name for target in targets for name in _named(target))
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "append"
                and any(_reads(argument, timed) for argument in node.args)
            ):
                timed.update(_named(node.func.value))
    return timed


def clocks_compared(tree: ast.AST) -> list[int]:
    """The lines on which what a clock says is compared, or asserted not to have passed."""
    found: set[int] = set()
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    telling: set[str] = set()
    for function in functions:
        timed = _from_clocks(function, telling)
        returns = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value]
        if any(_reads(value, timed) for value in returns):
            telling.add(f"{function.name}()")
    for function in functions:
        timed = _from_clocks(function, telling)
        for node in ast.walk(function):
            if isinstance(node, ast.Compare) and _reads(node, timed):
                found.add(node.lineno)
            elif isinstance(node, ast.Assert):
                refused = (part for part in ast.walk(node.test) if isinstance(part, ast.UnaryOp))
                found.update(part.lineno for part in refused if _passed(part.operand))
    return sorted(found)


def imported(tree: ast.AST) -> Iterator[str]:
    """The packages that a module imports anywhere, by their first names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def definitions(tree: ast.AST) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Classes and functions that others can see: of the module and of its classes, not those inside functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from definitions(node)


def specless_mocks(tree: ast.AST) -> list[int]:
    """The lines on which a mock is made that would answer to anything."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _dotted(node.func).rpartition(".")[2]
            keywords = {keyword.arg for keyword in node.keywords}
            patching = _dotted(node.func).endswith(("mock.patch", "patch.object", "patch.dict")) or name == "patch"
            if (name in SPECLESS or patching) and not keywords & {"spec", "spec_set", "autospec", "new", "wraps"}:
                found.append(node.lineno)
    return found


def any_lines(text: str) -> set[int]:
    """The lines on which code says `Any`; what strings and comments say is none."""
    tokens = tokenize.generate_tokens(iter(text.splitlines(keepends=True)).__next__)
    return {token.start[0] for token in tokens if token.type == tokenize.NAME and token.string == "Any"}


def lines_of_code(text: str) -> int:
    """How many lines of a module are neither blank nor comment nor docstring, be it a module's or a name's."""
    prose: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            prose.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(1 for number, line in lines if line.strip() and line.strip()[0] != "#" and number not in prose)


def complexity(node: ast.AST) -> int:
    """How many independent paths lead through a function, less one for itself, by radon's rules.

    Functions inside it are counted apart. What an assertion says is no path of its own.
    """
    match node:
        case ast.Assert():
            return 1
        case ast.BoolOp():
            paths = len(node.values) - 1
        case ast.If() | ast.IfExp():
            paths = 1
        case ast.For() | ast.AsyncFor() | ast.While():
            paths = 1 + bool(node.orelse)
        case ast.comprehension():
            paths = 1 + len(node.ifs)
        case ast.Try() | ast.TryStar():
            paths = len(node.handlers) + bool(node.orelse)
        case ast.Match():
            default = any(isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None for case in node.cases)
            paths = len(node.cases) - default
        case _:
            paths = 0
    inside = (part for part in ast.iter_child_nodes(node) if not isinstance(part, FUNCTIONS | ast.ClassDef))
    return paths + sum(map(complexity, inside))


FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def too_complex(tree: ast.AST) -> list[str]:
    """The functions through which there are more paths than anybody can keep in mind, wherever they stand."""
    functions = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    return [node.name for node in functions if 1 + complexity(node) > MOST_PATHS]


@each_module
def test_every_module_opens_with_one_sentence(path: Path) -> None:
    doc = ast.get_docstring(TREES[path])
    assert doc, "no caption"
    caption = doc.split("\n\n")[0].replace("\n", " ")
    assert caption.endswith(".")
    assert len(re.findall(r"[.!?](?=\s|$)", caption)) == 1, caption


@each_module
def test_only_the_app_reads_the_clock(path: Path) -> None:
    if path != BOT / CLOCK:
        assert clock_readings(TREES[path]) == []


@each_module
def test_a_library_is_imported_by_its_owner_alone(path: Path) -> None:
    where = path.relative_to(BOT).as_posix()
    for library in set(imported(TREES[path])) & set(OWNED):
        assert where.startswith(OWNED[library]), f"{where} imports {library}"


@each_module
def test_no_module_needs_a_scroll_of_its_own(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@each_module
def test_no_module_holds_more_code_than_can_be_kept_in_mind(path: Path) -> None:
    assert lines_of_code(path.read_text(encoding="utf-8")) <= MOST_LINES_OF_CODE


@each_module
def test_no_function_has_more_paths_than_can_be_tried(path: Path) -> None:
    assert too_complex(TREES[path]) == []


def test_few_lines_say_any() -> None:
    said = {path.relative_to(BOT).as_posix(): len(any_lines(path.read_text(encoding="utf-8"))) for path in MODULES}
    assert sum(said.values()) < FEWER_LINES_OF_ANY, {name: count for name, count in said.items() if count}


@each_module
def test_nothing_is_called_by_a_name_that_says_nothing(path: Path) -> None:
    names = [*path.relative_to(BOT).with_suffix("").parts, *(node.name for node in definitions(TREES[path]))]
    assert [name for name in names if FORBIDDEN_NAMES.search(name)] == []


@each_module
def test_everything_public_says_what_it_is_for(path: Path) -> None:
    public = [node for node in definitions(TREES[path]) if not node.name.startswith("_")]
    inside = {child for node in public if isinstance(node, ast.ClassDef) for child in node.body}
    hidden = {
        child
        for node in definitions(TREES[path])
        if isinstance(node, ast.ClassDef) and node.name.startswith("_")
        for child in node.body
    }
    silent = [node.name for node in public if node not in hidden and not ast.get_docstring(node)]
    assert silent == [], f"{len(inside)} members seen"


def caption(tree: ast.Module) -> str:
    """The first sentence of a module."""
    return re.split(r"(?<=[.!?])\s", ast.get_docstring(tree) or "")[0]


@each_module
def test_a_module_is_one_thing(path: Path) -> None:
    """A caption that needs "and" is two modules, or a better caption."""
    assert not re.search(r"\band\b", caption(TREES[path]))


def test_a_caption_of_two_things_would_be_found() -> None:
    assert caption(ast.parse('"""Cards, and\nboards. More."""')) == "Cards, and\nboards."


SHARED = {
    # Every module's own logger, and type variables.
    *("log", "T", "P"),
    # What a kind of message is found by, and what a platform is served and examined by.
    *("KIND", "MESSAGE", "PLATFORM", "examine", "outcome", "render"),
    # The same of each platform: its address, its limits, what is said when it is not reached.
    *("API", "NETWORK", "RENEW", "ROW_BUTTONS"),
    # The same of each concern of the store.
    *("forget", "forget_old", "keep", "of_member", "unite", "waiting"),
    # The question of a day, and the line that answers it.
    *("CHECKIN", "question", "receipt"),
    # What an operator calls is called as what members read; what is called through, as what it calls.
    *("check", "main", "roadmaps", "language_name", "with_halts"),
}
"""Public names that several modules may give to a thing of theirs, for it means the same in each."""


def named_twice(trees: Mapping[Path, ast.Module]) -> dict[str, list[str]]:
    """Public names that several modules give, with the modules.

    A command is called as what it does or shows: a verb of the store, a card. That is one meaning.
    """
    given: dict[str, list[str]] = {}
    for path, tree in trees.items():
        for name in {name for node in tree.body for name in _given_by(node) if not name.startswith("_")}:
            given.setdefault(name, []).append(path.relative_to(BOT).as_posix())
    return {
        name: places
        for name, places in given.items()
        if sum(not place.startswith("commands/") for place in places) > 1 and name not in SHARED
    }


def _given_by(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


def test_a_public_name_means_one_thing() -> None:
    assert named_twice({path: tree for path, tree in TREES.items() if path in MODULES}) == {}


def test_a_name_with_two_meanings_would_be_found() -> None:
    first, second = ast.parse("LIMIT = 5"), ast.parse("LIMIT: float = 0.5\ndef outcome(): ...")
    assert named_twice({BOT / "cards.py": first, BOT / "words.py": second}) == {"LIMIT": ["cards.py", "words.py"]}


def languages_named(tree: ast.AST) -> list[int]:
    """The lines on which a language is named: the one that has every message, or a code as a default."""
    imported = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and any(name.name == "LANGUAGE" for name in node.names)
    ]
    return imported + [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == "en"]


SEPARATORS = (",", ", ", ";", "; ", " and ", " or ", " · ", " – ", " — ")


def lists_joined(tree: ast.AST) -> list[int]:
    """The lines on which several things are set one after another as English does it."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    joins = [call.func for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "join"]
    separators = [join.value for join in joins if isinstance(join.value, ast.Constant)]
    # Set between things by hand.
    separators += [
        arg
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for arg in call.args
        if isinstance(call.func, ast.Name) and call.func.id == "Text" and isinstance(arg, ast.Constant)
    ]
    return sorted({node.lineno for node in separators if str(node.value) in SEPARATORS})


@pytest.mark.parametrize("path", sorted((BOT / "platforms").rglob("*.py")), ids=lambda path: str(path.relative_to(BOT)))
def test_a_platform_names_no_language(path: Path) -> None:
    """A language is a member's or a group's; what a platform offers to all, it offers in each."""
    assert languages_named(TREES[path]) == []


ROOMS_THAT_SPEAK = ("command", "commands", "messages", "views", "platforms")

FOR_OPERATORS = ("platforms/discord/doctor.py", "platforms/telegram/doctor.py", "platforms/discord/outgoing.py")
"""What the doctor says is English alone, and the permissions that a failed delivery lacked bear Discord's names."""

SPOKEN = [
    path
    for path in MODULES
    if path.relative_to(BOT).parts[0] in ROOMS_THAT_SPEAK and path.relative_to(BOT).as_posix() not in FOR_OPERATORS
]


@pytest.mark.parametrize("path", SPOKEN, ids=lambda path: str(path.relative_to(BOT)))
def test_lists_are_words(path: Path) -> None:
    """How several things are said in a line is the language's: `list_words`, `all_words`, `clause_words`."""
    assert lists_joined(TREES[path]) == []


def test_a_named_language_and_a_joined_list_would_be_found() -> None:
    assert languages_named(ast.parse('from bot.words import LANGUAGE\nspoken = "en"')) == [1, 2]
    bad = 'x = ", ".join(y)\nz = " and ".join(y)\nw = " ".join(y)\nv = " · ".join(y)\nu = [Text(", "), Text("a, b")]'
    assert lists_joined(ast.parse(bad)) == [1, 2, 4, 5]


@each_module
def test_nothing_is_printed(path: Path) -> None:
    calls = [node for node in ast.walk(TREES[path]) if isinstance(node, ast.Call)]
    assert [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"] == []


@each_module
def test_settings_are_passed_and_never_read_from_the_environment(path: Path) -> None:
    attributes = [node for node in ast.walk(TREES[path]) if isinstance(node, ast.Attribute)]
    reads = [node.lineno for node in attributes if _dotted(node) in ("os.environ", "os.getenv")]
    assert reads == []


@each_test
def test_no_mock_answers_to_anything(path: Path) -> None:
    assert specless_mocks(TREES[path]) == []


@each_test
def test_every_test_module_opens_with_a_sentence(path: Path) -> None:
    if path.name != "__init__.py":
        assert ast.get_docstring(TREES[path])


@each_test
def test_no_test_compares_a_clock_with_a_number(path: Path) -> None:
    """A busy machine is no fault of ours: what may be said of time stands in `tests/fakes/patience.py`."""
    where = path.relative_to(ROOT)
    if not TIMED & {str(place) for place in (where, *where.parents)}:
        assert clocks_compared(TREES[path]) == []


@each_test
def test_no_test_is_switched_off(path: Path) -> None:
    marks = [_dotted(node) for node in ast.walk(TREES[path]) if isinstance(node, ast.Attribute)]
    assert not {"pytest.mark.skip", "pytest.mark.xfail", "unittest.skip"} & set(marks)


def test_every_module_stands_in_a_layer() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    layers = config["importlinter:contract:layers"]
    assert layers["exhaustive"] == "true"
    named = set(re.findall(r"\w+", layers["layers"]))
    there = {path.stem for path in BOT.glob("*.py")} | {path.parent.name for path in BOT.glob("*/__init__.py")}
    assert there - {"__init__"} <= named


def test_the_checks_above_can_fail() -> None:
    """Each on a line that breaks it."""
    bad = ast.parse("from time import time as t\nx = datetime.datetime.now()\ny = time.time()\nz = date.today()")
    assert len(clock_readings(bad)) == 4
    assert set(imported(ast.parse("def f():\n    import discord.ext.commands\n    from telegram.ext import x"))) == {
        "discord",
        "telegram",
    }
    assert specless_mocks(ast.parse("a = Mock()\nb = mock.AsyncMock(spec=int)\nwith patch('x.y'): pass")) == [1, 3]
    for name in ("utils", "string_helpers", "common", "RoadmapService", "StoreManager", "misc"):
        assert FORBIDDEN_NAMES.search(name)
    for name in ("commons_of", "COMMON_ZONES", "servicer", "managed"):
        assert not FORBIDDEN_NAMES.search(name)
    late = (
        "def f():\n began = loop.time()\n took = time.perf_counter() - began\n seen.append(took)\n"
        " assert took < 3\n assert max(seen) < 3\n assert 1 < monotonic()\n assert not passed(1, began, loop.time())\n"
        " assert passed(1, began, loop.time())\n assert noon.time() == x\n assert y < 3\n return took\n"
        "def g():\n assert min(f() for _ in range(3)) < 1"
    )
    assert clocks_compared(ast.parse(late)) == [5, 6, 7, 8, 14]
    shape = '"""Any caption."""\n\n# Any comment\nAny = x: Any\n"""Any name\'s."""\ny = """a\n\nb"""\n'
    assert any_lines(shape) == {4}
    assert lines_of_code(shape.replace("= x", "")) == 3
    assert lines_of_code("x = 1\n" * (MOST_LINES_OF_CODE + 1)) > MOST_LINES_OF_CODE
    simple = "def f(a):\n return a" + " and a" * (MOST_PATHS - 1)
    assert too_complex(ast.parse(simple)) == []
    assert too_complex(ast.parse(f"{simple} and a")) == ["f"]
    for path, paths in {
        "for a in b: pass\nelse: pass": 2,
        "while a: pass": 1,
        "[a for a in b if a if b]": 3,
        "try: pass\nexcept A: pass\nexcept B: pass\nelse: pass": 3,
        "match a:\n case 1: pass\n case 2: pass\n case _: pass": 2,
        "assert a and b": 1,
        "a if b else c or d": 2,
        "def g():\n if a: pass": 0,
    }.items():
        assert complexity(ast.parse(path)) == paths, path
    nested = ast.parse("class A:\n    def b(self):\n        def c(): ...\n")
    assert [node.name for node in definitions(nested)] == ["A", "b"]


INWARD = "Imports point inward"
STRAY = "bot.stray"
VALUES = "Views and the domain know values, never the store"
VERBS = "Commands call the store's verbs and know no table"


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("bot/domain/plan.py", "import sqlalchemy", "The domain knows no database, no scheduler and no network"),
        ("bot/domain/plan.py", "import bot.cards", INWARD),
        ("bot/domain/reminder.py", "import bot.store.schedule", VALUES),
        ("bot/cards.py", "import bot.words", INWARD),
        ("bot/views/study.py", "import bot.command", INWARD),
        ("bot/views/times.py", "import bot.store.schedule", VALUES),
        ("bot/courier/parcels.py", "import bot.messages", INWARD),
        ("bot/courier/parcels.py", "import discord", "Only its own platform imports discord"),
        ("bot/courier/parcels.py", "import telegram", "Only its own platform imports telegram"),
        ("bot/cards.py", "import sqlalchemy", "Words, cards, views and platforms speak no SQL"),
        (
            "bot/platforms/console/client.py",
            "import bot.platforms.discord.client",
            "Platforms do not know each other",
        ),
        (
            "bot/platforms/console/clock.py",
            "import bot.store",
            "Platforms translate and render; what they remember goes through a port",
        ),
        ("bot/stray.py", '"""A module that no layer names."""', STRAY),
        ("bot/commands/study/steps.py", "import bot.tables", VERBS),
        ("bot/commands/study/steps.py", "import sqlalchemy", VERBS),
    ],
)
def test_the_import_contracts_would_notice(tmp_path: Path, module: str, line: str, contract: str) -> None:
    """`make test` runs lint-imports on the house; here on a copy with one import too many."""
    shutil.copytree(BOT, tmp_path / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    with (tmp_path / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    code = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    # A module that no layer names is told before any contract is looked at.
    assert (contract if contract == STRAY else f"{contract} BROKEN") in done.stdout
