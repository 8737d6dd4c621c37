"""Prefix sums and their kin: `associative_scan`, `cumsum`, `cumprod`, `cummax`, `cummin`, `cumlogsumexp`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optree
from numpy.lib.array_utils import normalize_axis_index

from .. import tree as pytree
from ..array import LaneArray
from ..facts import RUN
from ._types import form, type_of


def associative_scan(fn: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Combine all elements up to each, with an associative function of arrays (`jax.lax.associative_scan`).

    Parameters
    ----------
    fn : callable
        ``fn(a, b)`` combines pytrees like ``elems``, element by element along ``axis``; it is called on arrays of
        several lengths, about two calls for each doubling.
    elems : pytree of arrays
        Arrays of one length along ``axis``.
    reverse : bool
        From the last element to the first.
    axis : int
        Along which axis.

    Returns
    -------
    pytree of arrays
        Of the shapes of ``elems``.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax
    >>> lax.associative_scan(np.multiply, np.array([1, 2, 3, 4]))
    array([ 1,  2,  6, 24])
    """
    combine = form(RUN.get(), fn, "associative_scan", "fn")
    leaves, spec = pytree.flatten(elems)
    leaves = [as_array(leaf) for leaf in leaves]
    axes = [normalize_axis_index(axis, leaf.ndim) for leaf in leaves]
    lengths = [leaf.shape[n] for leaf, n in zip(leaves, axes, strict=True)]
    if len(set(lengths)) > 1:
        paths = [path.codify("elems") for path in optree.treespec_accessors(spec)]
        rows = "\n".join(f"    {path}  {length}" for path, length in zip(paths, lengths, strict=True))
        raise ValueError(f"lax.associative_scan: the arrays differ in length along axis {axis}:\n{rows}")

    def on_leaves(a: list[Any], b: list[Any]) -> list[Any]:
        found = combine(optree.tree_unflatten(spec, a), optree.tree_unflatten(spec, b))
        return [as_array(leaf) for leaf in pytree.leaves(found)]

    if reverse:
        leaves = [np.flip(leaf, n) for leaf, n in zip(leaves, axes, strict=True)]
    found = _prefixes(on_leaves, leaves, axes)
    if reverse:
        found = [np.flip(leaf, n) for leaf, n in zip(found, axes, strict=True)]
    return optree.tree_unflatten(spec, found)


def _prefixes(combine: Callable[[list[Any], list[Any]], list[Any]], leaves: list[Any], axes: list[int]) -> list[Any]:
    """The same for lists of arrays: those of pairs first, then what lies between."""
    length = leaves[0].shape[axes[0]] if leaves else 0
    if length < 2:
        return leaves

    def part(arrays: list[Any], *bounds: Any) -> list[Any]:
        return [array[(*[slice(None)] * n, slice(*bounds))] for array, n in zip(arrays, axes, strict=True)]

    odd = _prefixes(combine, combine(part(leaves, 0, length - 1, 2), part(leaves, 1, None, 2)), axes)
    before = part(odd, None, -1) if length % 2 == 0 else odd
    even = part(leaves, 0, 1)
    if length > 2:
        later = combine(before, part(leaves, 2, None, 2))
        even = [np.concatenate(pair, n) for *pair, n in zip(even, later, axes, strict=True)]
    order = np.arange(length)
    order = np.where(order % 2 == 0, order // 2, (length + 1) // 2 + order // 2)
    return [np.take(np.concatenate(pair, n), order, axis=n) for *pair, n in zip(even, odd, axes, strict=True)]


def as_array(x: Any) -> Any:
    """An operand as an array, or a lane value."""
    return x if type(x) is LaneArray else np.asarray(x)


def _cumulative(name: str, what: str, run_along: Callable[[Any, int], Any], example: str) -> Any:
    def cumulative(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
        operand = as_array(operand)
        found = type_of(operand)
        if found.dtype.kind not in "iufc":
            raise TypeError(f"lax.{name}: operand must hold numbers, not {found.dtype}: convert it first.")
        axis = normalize_axis_index(axis, len(found.shape))
        if not reverse:
            return run_along(operand, axis)
        return np.flip(run_along(np.flip(operand, axis), axis), axis)

    cumulative.__name__ = cumulative.__qualname__ = name
    cumulative.__doc__ = f"""The {what} of all elements up to each, along an axis (`jax.lax.{name}`).

    Parameters
    ----------
    operand : array
        Numbers.
    axis : int
        Along which axis.
    reverse : bool
        From the last element to the first.

    Returns
    -------
    array
        Of the shape and dtype of ``operand``.

    Raises
    ------
    TypeError
        If it holds no numbers.
    AxisError
        If there is no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax
    {example}
    """
    return cumulative


cumsum = _cumulative(
    "cumsum", "sum", lambda x, axis: np.cumsum(x, axis, dtype=x.dtype),
    ">>> lax.cumsum(np.array([1, 2, 3]), reverse=True)\n    array([6, 5, 3])",
)  # fmt: skip
cumprod = _cumulative(
    "cumprod", "product", lambda x, axis: np.cumprod(x, axis, dtype=x.dtype),
    ">>> lax.cumprod(np.array([1, 2, 3]))\n    array([1, 2, 6])",
)  # fmt: skip
cummax = _cumulative(
    "cummax", "maximum", lambda x, axis: np.maximum.accumulate(x, axis),
    ">>> lax.cummax(np.array([1, 3, 2]))\n    array([1, 3, 3])",
)  # fmt: skip
cummin = _cumulative(
    "cummin", "minimum", lambda x, axis: np.minimum.accumulate(x, axis),
    ">>> lax.cummin(np.array([3, 1, 2]))\n    array([3, 1, 1])",
)  # fmt: skip
cumlogsumexp = _cumulative(
    "cumlogsumexp", "logarithm of the sum of the exponentials", lambda x, axis: np.logaddexp.accumulate(x, axis),
    ">>> np.exp(lax.cumlogsumexp(np.log([1.0, 2.0, 3.0]))).round(12)\n    array([1., 3., 6.])",
)  # fmt: skip
