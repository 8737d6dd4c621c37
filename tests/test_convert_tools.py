"""A function that is rewritten is the user's own to ordinary tools, and what is kept of it goes when it goes."""

from __future__ import annotations

import ast
import gc
import inspect
import linecache
import pickle
import sys
import warnings
import weakref
from typing import Any

import numpy as np

from lanewise import PerformanceWarning, convert, facts, vmap
from lanewise.convert import rewrite, trees
from lanewise.regions import both

X = np.array([-2.5, -1.0, -0.0, 0.5, 1.0, 2.0, 3.5, 7.0])



def plain_lines(x):
    """A docstring."""
    y = x * 2
    if x > 0:
        y = y + 1
    return y / 1


def test_tracers_see_the_lines_of_the_user() -> None:
    seen: set[int] = set()

    def trace(frame: Any, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename == plain_lines.__code__.co_filename and event == "line":
            seen.add(frame.f_lineno - plain_lines.__code__.co_firstlineno)
        return trace

    mapped = vmap(plain_lines)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        mapped(X)
    finally:
        sys.settrace(before)
    assert {2, 3, 4, 5} <= seen


def test_the_function_itself_is_as_it_was() -> None:
    code = plain_lines.__code__
    mapped = vmap(plain_lines)
    mapped(X)
    assert plain_lines.__code__ is code
    assert pickle.loads(pickle.dumps(plain_lines)) is plain_lines
    assert inspect.signature(mapped) == inspect.signature(plain_lines)
    assert (mapped.__name__, mapped.__doc__) == ("plain_lines", "A docstring.")


def test_what_has_no_source_falls_back() -> None:
    space: Any = {}
    exec("def f(x):\n    if x > 0:\n        return 1.0\n    return 2.0", space)
    assert vmap(space["f"], strict=True)(X).tolist() == [space["f"](x) for x in X]


def test_what_is_known_of_statements_is_forgotten_when_it_is_very_much(monkeypatch: Any) -> None:
    monkeypatch.setattr(facts, "MANY_STATEMENTS", 2)
    monkeypatch.setattr(both, "UNLUCKY", set())

    def f(x):
        y = x if x > 0 else float(f"{x:.1f}")
        z = y + 1 if y > 1 else float(f"{y:.2f}")
        w = z if z > 2 else float(f"{z:.0f}")
        return w * 2 if w > 3 else float(f"{w:.3f}")

    for _ in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PerformanceWarning)
            assert np.array_equal(vmap(f)(X), [f(x) for x in X])
        assert len(both.UNLUCKY) <= 3
    known = {1, 2, 3}
    facts.remember(known, [4])
    assert known == {4}


def test_functions_that_are_gone_leave_nothing_behind():
    def make(n):
        filename = f"<made {n}>"
        source = f"def made(x):\n    if x > {n}:\n        return x\n    return max([v for v in (x, 1.0) if v > 0])\n"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        space: dict[str, Any] = {}
        exec(compile(source, filename, "exec"), space)
        assert vmap(space["made"])(np.arange(1.0, 4.0)).shape == (3,)
        return weakref.ref(space["made"].__code__)

    def f(x):
        return x if x > 0 else -x

    vmap(f)(X)
    assert pickle.loads(pickle.dumps(vars(f))) == {"_lanewise_form": None}
    make(0)
    gc.collect()
    before = len(convert._FORMS)
    codes = [make(n) for n in range(3)]
    gc.collect()
    for n in range(4):
        linecache.cache.pop(f"<made {n}>", None)
    assert [code() for code in codes] == [None] * 3
    assert len(convert._FORMS) == before


def test_trees_are_copied_and_gone_through():
    tree = ast.parse(inspect.getsource(rewrite))
    copy = trees.copied(tree)
    assert ast.dump(copy, include_attributes=True) == ast.dump(tree, include_attributes=True)
    expected = [type(node) for node in ast.walk(tree) if not isinstance(node, ast.expr_context)]
    assert [type(node) for node in trees.walk(copy)] == expected
    whole = {id(node) for node in ast.walk(tree) if "lineno" in node._attributes}
    assert whole.isdisjoint(map(id, trees.walk(copy)))


def test_code_and_defaults_given_anew_are_seen():
    def f(x, by=2.0, *, more=0.0):
        return x * by + more if x > 0 else -x

    def g(x, by=2.0, *, more=0.0):
        return x - by

    mapped = vmap(f)
    x = np.array([1.0, -2.0])
    for change in (
        lambda: None,
        lambda: setattr(f, "__defaults__", (3.0,)),
        lambda: setattr(f, "__kwdefaults__", {"more": 1.0}),
        lambda: f.__kwdefaults__.update(more=2.0),
        lambda: setattr(f, "__code__", g.__code__),
    ):
        change()
        expected = np.array([f(y) for y in x])
        np.testing.assert_array_equal(mapped(x), expected)
        np.testing.assert_array_equal(vmap(f)(x), expected)
        np.testing.assert_array_equal(vmap(lambda y: f(y))(x), expected)
