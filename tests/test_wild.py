"""Functions that no one wrote with lanewise in mind (`wild`): ``vmap`` gives what the loop gives."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import optree
import pytest
from wild import WILD, Wild

from lanewise import PerformanceWarning, vmap

STRICT = False  # whether a slow path is a failure
LANES = 50


def leaves(tree: Any) -> tuple[list[Any], Any]:
    """The leaves of a result, None among them."""
    return optree.tree_flatten(tree, none_is_leaf=True)


def stack(results: list[Any]) -> Any:
    """The results of the lanes, as arrays over the batch."""
    flat = [leaves(result) for result in results]
    columns = zip(*[found for found, _ in flat], strict=True)
    return optree.tree_unflatten(flat[0][1], [np.stack([np.asarray(x) for x in column]) for column in columns])


def by_vmap(entry: Wild, args: tuple[Any, ...]) -> Any:
    """What ``vmap`` gives."""
    with warnings.catch_warnings():
        warnings.simplefilter("error" if STRICT else "ignore", PerformanceWarning)
        return vmap(entry.fun, in_axes=entry.in_axes, strict=STRICT)(*args)


def difference(expected: Any, found: Any, tol: float) -> str:
    """How a result differs from the one expected, in words; empty if it does not."""
    if expected.shape != found.shape or expected.dtype != found.dtype:
        return f"expected {expected.dtype}{expected.shape}, found {found.dtype}{found.shape}"
    if expected.dtype == object:
        wrong = [n for n, (x, y) in enumerate(zip(expected.flat, found.flat, strict=True)) if not same(x, y, tol)]
    elif tol == 0 or expected.dtype.kind in "biu":
        wrong = np.flatnonzero(~((expected == found) | (expected != expected) & (found != found)))
    else:
        wrong = np.flatnonzero(~np.isclose(found, expected, rtol=tol, atol=tol, equal_nan=True))
    if not len(wrong):
        return ""
    n = wrong[0]
    return f"{len(wrong)} of {expected.size} differ, first {expected.flat[n]!r} and {found.flat[n]!r} at {n}"


def same(x: Any, y: Any, tol: float) -> bool:
    """Whether two objects are equal: None, or numbers."""
    if x is None or y is None:
        return x is y
    return bool(x == y if tol == 0 else np.isclose(x, y, rtol=tol, atol=tol))


@pytest.mark.parametrize("entry", WILD, ids=lambda entry: entry.name)
def test_vmap_is_the_loop(entry: Wild) -> None:
    slow_args, fast_args = entry.arguments(LANES), entry.arguments(LANES)
    expected, spec = leaves((stack(entry.loop(*slow_args)), slow_args))  # the arguments as they were left, too
    found, found_spec = leaves((by_vmap(entry, fast_args), fast_args))
    assert found_spec == spec
    texts = [difference(np.asarray(x), np.asarray(y), entry.tol) for x, y in zip(expected, found, strict=True)]
    assert not any(texts), texts


@pytest.mark.parametrize("entry", WILD, ids=lambda entry: entry.name)
def test_inputs_differ_between_lanes_and_not_between_calls(entry: Wild) -> None:
    first, second = entry.arguments(8), entry.arguments(8)
    assert len(entry.in_axes) == len(first)
    for x, y, axis in zip(first, second, entry.in_axes, strict=True):
        assert np.array_equal(x, y)
        assert axis is None or len(x) == 8
    assert any(len(np.unique(x, axis=0)) > 1 for x, axis in zip(first, entry.in_axes, strict=True) if axis == 0)


def test_there_are_many_and_each_has_its_name() -> None:
    names = [entry.name for entry in WILD]
    assert len(names) >= 65
    assert len(set(names)) == len(names)


def test_differences_are_seen() -> None:
    x = np.array([1.0, np.nan, -2.0])
    assert not difference(x, x.copy(), 0.0)
    assert not difference(x, x + 1e-13, 1e-12)
    assert difference(x, np.nextafter(x, 9), 0.0)
    assert difference(x, np.array([1.0, 0.0, -2.0]), 1e-3)
    assert difference(x, x.astype(np.float32), 1e-3)
    some = np.array([None, 1.5], dtype=object)
    assert not difference(some, some.copy(), 0.0)
    assert difference(some, np.array([0.0, 1.5], dtype=object), 0.0)
