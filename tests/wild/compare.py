"""Whether ``vmap`` and the loop agree on a function of the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import optree


def leaves(tree: Any) -> tuple[list[Any], Any]:
    """The leaves of a result, None among them."""
    return optree.tree_flatten(tree, none_is_leaf=True)


def stack(results: list[Any]) -> Any:
    """The results of the lanes, as arrays over the batch."""
    flat = [leaves(result) for result in results]
    columns = zip(*[found for found, _ in flat], strict=True)
    return optree.tree_unflatten(flat[0][1], [np.stack([np.asarray(x) for x in column]) for column in columns])


def disagreement(expected: Any, found: Any, tol: float) -> str:
    """How two pytrees of arrays differ, in words; empty if they don't."""
    (ours, spec), (theirs, other) = leaves(expected), leaves(found)
    if spec != other:
        return f"expected {spec}, found {other}"
    pairs = zip(map(np.asarray, ours), map(np.asarray, theirs), strict=True)
    return "; ".join(filter(None, [difference(x, y, tol) for x, y in pairs]))


def difference(expected: Any, found: Any, tol: float) -> str:
    """How an array differs from the one expected, in words; empty if it does not."""
    if expected.shape != found.shape or expected.dtype != found.dtype:
        return f"expected {expected.dtype}{expected.shape}, found {found.dtype}{found.shape}"
    if expected.dtype == object:
        wrong = [n for n, (x, y) in enumerate(zip(expected.flat, found.flat, strict=True)) if not _same(x, y, tol)]
    elif tol == 0 or expected.dtype.kind in "biu":
        wrong = np.flatnonzero(~((expected == found) | (expected != expected) & (found != found)))
    else:
        wrong = np.flatnonzero(~np.isclose(found, expected, rtol=tol, atol=tol, equal_nan=True))
    if not len(wrong):
        return ""
    n = wrong[0]
    return f"{len(wrong)} of {expected.size} differ, first {expected.flat[n]!r} and {found.flat[n]!r} at {n}"


def _same(x: Any, y: Any, tol: float) -> bool:
    if x is None or y is None:
        return x is y
    return bool(x == y if tol == 0 else np.isclose(x, y, rtol=tol, atol=tol))
