"""The patterns of ``match``, where they are ones of plain values, as tests and assignments."""

from __future__ import annotations

import ast
from typing import Any

from .nodes import variable


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
        tests = [as_test(part, subject) for part in pattern.patterns]
        if any(test is None or binding for test, binding in tests):
            return None, []
        return ast.BoolOp(ast.Or(), [test for test, _ in tests]), []
    if isinstance(pattern, ast.MatchAs):
        test, binding = as_test(pattern.pattern, subject) if pattern.pattern else (ast.Constant(True), [])
        named = [ast.Assign([variable(pattern.name, True)], variable(subject))] if pattern.name else []
        return test, [*binding, *named]
    return None, []


def _sequence_pattern(pattern: Any, subjects: list[str]) -> tuple[Any, list[Any]]:
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is None and pattern.name is None:
        return ast.Constant(True), []
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
