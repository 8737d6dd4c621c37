"""The source of a function as a syntax tree, with the line numbers of its file."""

from __future__ import annotations

import ast
import linecache
from types import CodeType
from typing import Any

_TREES: dict[str, tuple[Any, Any]] = {}

Node = ast.FunctionDef | ast.Lambda


def find(code: CodeType, module_globals: Any) -> Node | None:
    """The definition that some code was compiled from, or None where it can't be told for sure."""
    tree = _tree(code.co_filename, module_globals)
    if tree is None:
        return None
    wanted = ast.Lambda if code.co_name == "<lambda>" else ast.FunctionDef
    found = [node for node in ast.walk(tree) if isinstance(node, wanted) and _first_line(node) == code.co_firstlineno]
    if code.co_name != "<lambda>":
        found = [node for node in found if node.name == code.co_name]  # type: ignore[union-attr]
    found = [node for node in found if _fits(node, code)]
    return found[0] if len(found) == 1 else None


def _tree(filename: str, module_globals: Any) -> Any:
    lines = linecache.getlines(filename, module_globals)
    if not lines:
        return None
    known = _TREES.get(filename)
    if known is None or known[0] is not lines:
        try:
            known = (lines, ast.parse("".join(lines)))
        except (SyntaxError, ValueError):
            return None
        _TREES[filename] = known
    return known[1]


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
