"""The README and the documentation: every code block runs, every link leads somewhere, every name is there.

The ``python`` blocks of a page run in order, in one namespace. A comment ``# -> answer`` after a statement
says what an interactive session would show for it: what it prints, its warnings, and its value or exception.
An answer may go on in the comment lines below it; ``...`` in it stands for any text; white space counts once.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import inspect
import io
import itertools
import linecache
import re
import subprocess
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import lanewise

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href|srcset)=\"([^\"]+)\"")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)


def blocks(text: str, language: str) -> Iterator[tuple[int, str]]:
    """The fenced blocks in a language, each with the number of its first line."""
    for found in FENCE.finditer(text):
        if found[1] == language:
            yield text.count("\n", 0, found.start(2)) + 1, found[2]


def statements(source: str) -> Iterator[tuple[ast.stmt, str | None]]:
    """The statements of a block, each with the answer that the comments behind it promise."""
    lines = source.splitlines()
    body = ast.parse(source).body
    for n, statement in enumerate(body):
        last = statement.end_lineno or statement.lineno
        until = body[n + 1].lineno - 1 if n + 1 < len(body) else len(lines)
        _, arrow, first = lines[last - 1].partition("  # -> ")
        rest = lines[last:until]
        if not arrow and rest and rest[0].startswith("# -> "):
            arrow, first, rest = "# ->", rest[0].removeprefix("# -> "), rest[1:]
        more = itertools.takewhile(lambda line: line.startswith("#"), rest)
        yield statement, "\n".join([first, *[line[1:] for line in more]]) if arrow else None


def answer(statement: ast.stmt, namespace: dict[str, object], file: str) -> str:
    """Run a statement; return what an interactive session would show."""
    shown = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(shown):
        warnings.simplefilter("always")
        try:
            if isinstance(statement, ast.Expr):
                value = eval(compile(ast.Expression(statement.value), file, "eval"), namespace)
                print(end="" if value is None else f"{value!r}\n")
            else:
                exec(compile(ast.Module([statement], []), file, "exec"), namespace)
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
            print(*getattr(error, "__notes__", ()), sep="\n")
    said = "".join(f"{warning.category.__name__}: {warning.message}\n" for warning in caught)
    return said + shown.getvalue()


def source_of(text: str, file: str) -> tuple[int, None, list[str], str]:
    """A page as a Python file for `linecache`: the lines of its blocks in their places, all others empty."""
    lines = [""] * text.count("\n")
    for first, source in blocks(text, "python"):
        code = source.splitlines()
        lines[first - 1 : first - 1 + len(code)] = code
    return len(text), None, [line + "\n" for line in lines], file


@page
def test_every_code_block_runs_and_shows_what_it_says(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A module of its own, which classes and functions of the page can name.
    module = types.ModuleType("docs_" + page.stem.replace("-", "_"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(linecache.cache, str(page), source_of(page.read_text(), str(page)))
    checker = doctest.OutputChecker()
    for line, source in blocks(page.read_text(), "python"):
        for statement, promised in statements(source):
            ast.increment_lineno(statement, line - 1)
            got = answer(statement, module.__dict__, str(page))
            where = f"{page.name}:{statement.lineno}: {ast.unparse(statement)}"
            if not checker.check_output((promised or "").strip(), got.strip(), FLAGS):
                pytest.fail(f"{where}\npromised:\n{promised}\ngot:\n{got}", pytrace=False)


@page
def test_every_link_leads_somewhere(page: Path) -> None:
    for found in LINK.finditer(FENCE.sub("", page.read_text())):
        target = found[1] or found[2]
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), f"{page.name} links to {target}, which does not exist"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{page.name} links to {target}: no such heading"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    for path in (ROOT / "docs").glob("*.md"):
        assert path.name == "index.md" or f"({path.name})" in index


@pytest.mark.parametrize("folder", ["", "compile", "convert", "regions"])
def test_every_file_is_on_the_map(folder: str) -> None:
    home = ROOT / "src" / "lanewise" / folder
    text = (home / "__init__.py" if folder else ROOT / "ARCHITECTURE.md").read_text()
    files = {path.name if folder else f"`{path.stem}`" for path in home.glob("[!_]*.py")}
    folders = {path.parent.name + "/" for path in home.glob("*/__init__.py")}
    assert not [name for name in files | folders if name not in text]


def test_every_public_name_is_on_the_api_page() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    named = set(re.findall(r"`(\w+)[^`]*`", text))
    for module in (lanewise.lax, lanewise.random, lanewise.tree):
        home = module.__name__
        own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == home]
        public = {name for name in getattr(module, "__all__", own) if not name.startswith("_")}
        assert public - {"flatten_with", "flatten_results"} <= named, f"of {home}"  # two are the core's own
    assert set(lanewise.__all__) <= named


def test_every_public_function_says_what_it_takes_and_gives() -> None:
    for module in (lanewise, lanewise.lax, lanewise.random, lanewise.tree):
        own = [value for name in module.__all__ if callable(value := getattr(module, name))]
        for made in own:
            if not getattr(made, "__module__", "").startswith("lanewise"):
                continue  # NumPy's own
            text = inspect.getdoc(made) or ""
            assert "Examples\n" in text, made
            if isinstance(made, types.FunctionType):
                assert "Returns\n" in text or inspect.signature(made).return_annotation == "None", made
                names = [name for name in inspect.signature(made).parameters if not name.startswith("_")]
                assert not [name for name in names if not re.search(rf"^(.*[ ,*])?{name}\b", text, re.MULTILINE)], made


def test_the_figures_are_what_their_script_draws(tmp_path: Path) -> None:
    figures = ROOT / "docs" / "figures"
    subprocess.run([sys.executable, figures / "draw.py", tmp_path], check=True)
    drawn = {path.name: path.read_text() for path in tmp_path.glob("*.svg")}
    assert drawn == {path.name: path.read_text() for path in figures.glob("*.svg")}
    pages = "".join(path.read_text() for path in PAGES)
    assert not [name for name in drawn if f"figures/{name}" not in pages]


# ---- the two commands ----


def test_the_readme_has_two_commands_of_one_line_and_ci_runs_the_second() -> None:
    commands = [source.strip() for _, source in blocks((ROOT / "README.md").read_text(), "sh")]
    run, test = commands
    assert "\n" not in run
    assert "\n" not in test
    assert run.endswith("python -m lanewise")
    assert f"\n{test} || failed=1\n" in (ROOT / ".ci" / "run").read_text()
