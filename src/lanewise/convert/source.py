"""The source of a function as a syntax tree, with the line numbers of its file."""

from __future__ import annotations

import ast
import linecache
from types import CodeType
from typing import Any

from .trees import walk

Node = ast.FunctionDef | ast.Lambda
Found = dict[int, list[Node]]

_KNOWN: dict[str, tuple[Any, dict[int, Found]]] = {}
"""For each file its lines, and the definitions, by their first lines, in what was parsed of it: a statement, or all."""

ALL = -1


def find(code: CodeType, module_globals: Any) -> Node | None:
    """The definition that some code was compiled from, or None where it can't be told for sure."""
    lines = linecache.getlines(code.co_filename, module_globals)
    known = _KNOWN.get(code.co_filename)
    if known is None or known[0] is not lines:
        known = _KNOWN[code.co_filename] = lines, {}
    wanted = ast.Lambda if code.co_name == "<lambda>" else ast.FunctionDef
    for start in (_outermost(lines, code.co_firstlineno - 1), ALL):
        if start not in known[1]:
            known[1][start] = _definitions(lines, start)
        found = [node for node in known[1][start].get(code.co_firstlineno, ()) if isinstance(node, wanted)]
        if code.co_name != "<lambda>":
            found = [node for node in found if node.name == code.co_name]  # type: ignore[union-attr]
        found = [node for node in found if _fits(node, code)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _outermost(lines: list[str], at: int) -> int:
    """Where the outermost statement begins that holds a line (or what looks like it)."""
    while 0 < at < len(lines) and not _begins(lines[at]):
        at -= 1
    return at


def _begins(line: str) -> bool:
    """Whether an outermost statement may begin with a line."""
    return line[:1].isidentifier() or line[:1] == "@"


def _definitions(lines: list[str], start: int) -> Found:
    """The definitions in one outermost statement, or in a whole file: to parse that takes milliseconds."""
    text = "".join(lines)
    if start != ALL:
        stop = start + 1
        while stop < len(lines) and (lines[stop - 1][:1] == "@" or not _begins(lines[stop])):
            stop += 1
        text = "\n" * start + "".join(lines[start:stop])
    found: Found = {}
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # there was a text of several lines, say
        return found
    for node in walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            found.setdefault(_first_line(node), []).append(node)
    return found


def _first_line(node: Any) -> int:
    decorators = getattr(node, "decorator_list", ())
    return int(min([node.lineno, *(decorator.lineno for decorator in decorators)]))


def _fits(node: Any, code: CodeType) -> bool:
    """Whether a definition has the parameters of some code, and lies where its instructions say."""
    args = node.args
    names = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    if tuple(names) != code.co_varnames[: len(names)] or code.co_argcount != len(args.posonlyargs) + len(args.args):
        return False
    body = node.body if isinstance(node.body, list) else [node.body]
    first, last = (body[0].lineno, body[0].col_offset), (body[-1].end_lineno, body[-1].end_col_offset)
    for line, end_line, start, end in code.co_positions():
        if line is None or start is None or (line, start) == (end_line, end) or line == code.co_firstlineno != first[0]:
            continue
        if isinstance(node, ast.Lambda) and ((line, start) < first or (end_line, end) > last):
            return False
        if not first[0] <= line <= last[0]:
            return isinstance(node, ast.FunctionDef) and line < first[0]
    return True
