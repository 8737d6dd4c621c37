"""The patterns of ``match``, where they are ones of plain values, as tests and assignments."""

from __future__ import annotations

import ast
from typing import Any

from .nodes import variable


def as_steps(pattern: Any, subject: Any, matches: str) -> tuple[list[Any], Any, list[Any]] | None:
    """What to do before a pattern's test, the test, and what it binds; None where it is not one of plain values.

    Alternatives that bind names are tried one after the other; ``matches`` is the variable that says whether one did.
    """
    test, binding = as_test(pattern, subject)
    if test is not None:
        return [], test, binding
    if not isinstance(pattern, ast.MatchOr):
        return None
    found: list[Any] = []
    for part in reversed(pattern.patterns):
        test, binding = as_test(part, subject)
        if test is None:
            return None
        again = [ast.If(ast.UnaryOp(ast.Not(), variable(matches)), found, [])] if found else []
        found = [*tried(test, binding, matches), *again]
    return found, variable(matches), []


def tried(test: Any, binding: list[Any], matches: str) -> list[Any]:
    """Note in a variable whether a test holds, and bind what it binds where it does."""
    bind = [ast.If(variable(matches), binding, [])] if binding else []
    return [ast.Assign([variable(matches, True)], test), *bind]


def as_test(pattern: Any, subject: Any) -> tuple[Any, list[Any]]:
    """The test of a pattern, and what it binds; no test where it is not one of plain values.

    The subject is a name, or a list of names for a tuple that is written out.
    """
    if isinstance(subject, list):
        return _sequence_pattern(pattern, subject)
    if isinstance(pattern, ast.MatchValue):
        return ast.Compare(variable(subject), [ast.Eq()], [pattern.value]), []
    if isinstance(pattern, ast.MatchSingleton):
        return ast.Compare(variable(subject), [ast.Is()], [ast.Constant(pattern.value)]), []
    if isinstance(pattern, ast.MatchOr):
        return _alternatives(pattern, subject)
    if isinstance(pattern, ast.MatchAs):
        test, binding = as_test(pattern.pattern, subject) if pattern.pattern else (ast.Constant(True), [])
        named = [ast.Assign([variable(pattern.name, True)], variable(subject))] if pattern.name else []
        return test, [*binding, *named]
    return None, []


def _alternatives(pattern: Any, subject: Any) -> tuple[Any, list[Any]]:
    tests = [as_test(part, subject) for part in pattern.patterns]
    if any(test is None or binding for test, binding in tests):
        return None, []
    return ast.BoolOp(ast.Or(), [test for test, _ in tests]), []


def _sequence_pattern(pattern: Any, subjects: list[str]) -> tuple[Any, list[Any]]:
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is None and pattern.name is None:
        return ast.Constant(True), []
    if isinstance(pattern, ast.MatchOr):
        return _alternatives(pattern, subjects)
    if not isinstance(pattern, ast.MatchSequence) or any(isinstance(part, ast.MatchStar) for part in pattern.patterns):
        return None, []
    if len(pattern.patterns) != len(subjects):
        return ast.Constant(False), []
    found = [as_test(part, subject) for part, subject in zip(pattern.patterns, subjects, strict=True)]
    if any(test is None for test, _ in found):
        return None, []
    tests = [test for test, _ in found if not (isinstance(test, ast.Constant) and test.value is True)]
    test = tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests) if tests else ast.Constant(True)
    return test, [binding for _, bindings in found for binding in bindings]
