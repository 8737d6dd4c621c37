"""Shapes without arithmetic: `eval_shape`, by running a function on zero lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from .array import ARRAY, PYTHON, SCALAR, LaneArray, live
from .axes import check_function, label
from .collect import merge
from .convert import lane_form, looks
from .facts import RUN, NoLaneForm, Run, TraceError
from .lanes import LaneAxis, Lanes
from .regions import Returned, outcomes
from .tree import flatten, flatten_results
from .usercode import user_line


class ShapeDtypeStruct:
    """The shape and dtype of an array, without its values (`jax.ShapeDtypeStruct`).

    Parameters
    ----------
    shape : tuple of int
        The shape.
    dtype : dtype-like
        The data type.

    Examples
    --------
    >>> from lanewise import ShapeDtypeStruct
    >>> ShapeDtypeStruct((3, 4), float)
    ShapeDtypeStruct(shape=(3, 4), dtype=float64)
    """

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Any, dtype: Any) -> None:
        self.shape = tuple(int(n) for n in shape)
        self.dtype = np.dtype(dtype)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={self.dtype.name})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ShapeDtypeStruct):
            return NotImplemented
        return self.shape == other.shape and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))


def eval_shape(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The shapes and dtypes that a function returns, without running any arithmetic (`jax.eval_shape`).

    The function runs on arrays of *zero* lanes: NumPy itself says what each operation gives, and has
    nothing to compute.

    Parameters
    ----------
    fun : callable
        Any function of arrays, mapped or not.
    *args, **kwargs
        Its arguments; arrays and `ShapeDtypeStruct` are told apart by shape and dtype only.

    Returns
    -------
    pytree of ShapeDtypeStruct
        In the structure of the result.

    Raises
    ------
    TraceError
        If the function needs a value: an ``if`` on data, say.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import eval_shape, vmap
    >>> eval_shape(vmap(np.dot, in_axes=(0, None)), np.ones((5, 3)), np.ones((3, 4)))
    ShapeDtypeStruct(shape=(5, 4), dtype=float64)
    """
    check_function("eval_shape", fun)
    parent = RUN.get()
    axis = LaneAxis(0, 0 if parent is None else parent.axis.level + 1, label(fun))
    run = Run(axis, parent)
    run.tracing = True
    lanes = axis.lanes
    leaves, spec = flatten((args, kwargs))
    new_args, new_kwargs = optree.tree_unflatten(spec, [zero_lanes(leaf, lanes) for leaf in leaves])
    token = RUN.set(run)
    try:
        form = lane_form(fun)
        run.top, _ = looks(form)
        result = form(*new_args, **new_kwargs)
        every = result.outcomes if type(result) is Returned else outcomes(run, result)
        if len(every) > 1:
            merged = merge(run, every, fun)
            shapes = [ShapeDtypeStruct(piece.shape, piece.data.dtype) for piece in merged.pieces]
            return optree.tree_unflatten(merged.spec, shapes)
        found, tree = flatten_results(every[0].tree)
        return optree.tree_unflatten(tree, [struct(leaf) for leaf in found])
    except NoLaneForm as signal:
        where = user_line(signal.__traceback__)
        raise TraceError(
            f"eval_shape: {label(fun)} needs values{f' at {where}' if where else ''}: {signal.reason}."
        ) from None
    finally:
        RUN.reset(token)
        run.close()


def zero_lanes(leaf: Any, lanes: Lanes) -> Any:
    """An argument without its values: an array of zero lanes. What is no array stays as it is."""
    kind = ARRAY
    if type(leaf) is LaneArray:
        leaf = live(leaf)
        shape, dtype, kind = leaf.data.shape[leaf.lanes.ndim :], leaf.data.dtype, leaf.kind
    elif isinstance(leaf, (np.ndarray, ShapeDtypeStruct)):
        shape, dtype = leaf.shape, leaf.dtype
    elif isinstance(leaf, np.generic):
        shape, dtype, kind = (), leaf.dtype, SCALAR
    elif type(leaf) in (float, complex):  # ints and bools are sizes and switches more often than data
        shape, dtype, kind = (), np.dtype(type(leaf)), PYTHON
    else:
        return leaf
    return LaneArray(np.empty((0, *shape), dtype), lanes, kind)


def struct(leaf: Any) -> Any:
    """The shape and dtype of a result."""
    if type(leaf) is LaneArray:
        return ShapeDtypeStruct(leaf.data.shape[leaf.lanes.ndim :], leaf.data.dtype)
    if isinstance(leaf, (np.ndarray, np.generic, bool, int, float, complex)):
        array = np.asarray(leaf)
        return ShapeDtypeStruct(array.shape, array.dtype)
    return leaf
