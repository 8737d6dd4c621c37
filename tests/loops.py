"""The loop that ``vmap`` stands for, with pytrees and every form of axes: the oracle of the front door's tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import optree

NAMESPACE = "lanewise"


@dataclasses.dataclass
class Layer:
    """A dataclass that nobody registers by hand."""

    w: Any
    b: Any


def loop(f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0, size: int | None = None) -> Callable[..., Any]:
    """``vmap`` in plain Python: slices along ``in_axes``, a call for each, a stack along ``out_axes``."""

    def run(*args: Any) -> Any:
        entries = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
        taken = [_taken(arg, entry) for arg, entry in zip(args, entries, strict=True)]
        lengths = {np.shape(leaf)[axis] for leaves, axes, _ in taken for leaf, axis in zip(leaves, axes, strict=True)
                   if axis is not None}  # fmt: skip
        (length,) = lengths or {size}
        results = []
        for lane in range(length):
            lanes = [
                optree.tree_unflatten(spec, [_slice(x, axis, lane) for x, axis in zip(leaves, axes, strict=True)])
                for leaves, axes, spec in taken
            ]
            results.append(f(*lanes))
        flat = [optree.tree_flatten(result, namespace=NAMESPACE) for result in results]
        spec = flat[0][1]
        axes = _axes(out_axes, results[0])
        columns = list(zip(*[leaves for leaves, _ in flat], strict=True))
        stacked = [x[0] if axis is None else np.stack(x, axis) for x, axis in zip(columns, axes, strict=True)]
        return optree.tree_unflatten(spec, stacked)

    return run


def _taken(arg: Any, entry: Any) -> tuple[list[Any], list[Any], Any]:
    leaves, spec = optree.tree_flatten(arg, namespace=NAMESPACE)
    return leaves, _axes(entry, arg), spec


def _axes(entry: Any, tree: Any) -> list[Any]:
    found: list[Any] = []

    def add(axis: Any, subtree: Any) -> None:
        found.extend([axis] * len(optree.tree_leaves(subtree, namespace=NAMESPACE)))

    optree.tree_map(add, entry, tree, is_leaf=_is_axis, namespace=NAMESPACE)
    return found


def _is_axis(x: Any) -> bool:
    return x is None or isinstance(x, int)


def _slice(x: Any, axis: int | None, lane: int) -> Any:
    return x if axis is None else np.take(x, lane, axis)


def same(found: Any, expected: Any) -> None:
    """Check that two pytrees have one structure, and leaves of the same values, shapes and dtypes."""
    ours, spec = optree.tree_flatten(found, namespace=NAMESPACE)
    theirs, other = optree.tree_flatten(expected, namespace=NAMESPACE)
    assert spec == other
    for mine, its in zip(ours, theirs, strict=True):
        its = np.asarray(its)
        assert type(mine) is np.ndarray or not isinstance(mine, np.ndarray)
        assert np.shape(mine) == its.shape
        assert np.asarray(mine).dtype == its.dtype
        np.testing.assert_allclose(mine, its, rtol=1e-12) if its.dtype.kind in "fc" else np.testing.assert_array_equal(
            mine, its
        )


def numbers(*shape: int) -> Any:
    """An array whose elements are all different."""
    return np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape) + 1.0
