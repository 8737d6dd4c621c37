"""The front door: `vmap`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, overload

import numpy as np
import optree

from .array import LaneArray, apply
from .axes import Inputs, check_in_axes, check_out_axes, label, result_axes, take_apart
from .execute import Call
from .outermost import run_call
from .tree import flatten_results


@overload
def vmap(
    fun: Callable[..., Any],
    in_axes: Any = 0,
    out_axes: Any = 0,
    *,
    axis_name: Any = None,
    axis_size: int | None = None,
    chunk_size: int | None = None,
    strict: bool = False,
) -> Callable[..., Any]: ...
@overload
def vmap(
    fun: None = None,
    in_axes: Any = 0,
    out_axes: Any = 0,
    *,
    axis_name: Any = None,
    axis_size: int | None = None,
    chunk_size: int | None = None,
    strict: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]: ...


def vmap(
    fun: Callable[..., Any] | None = None,
    in_axes: Any = 0,
    out_axes: Any = 0,
    *,
    axis_name: Any = None,
    axis_size: int | None = None,
    chunk_size: int | None = None,
    strict: bool = False,
) -> Any:
    """Map a function over axes of its arguments, running it on all examples at once.

    ``vmap(f, in_axes, out_axes)(*args)`` returns what this loop returns::

        np.stack([f(*slice_i(args)) for i in range(n)])

    with slices along ``in_axes`` and the stack along ``out_axes``, for plain Python and NumPy code.

    Parameters
    ----------
    fun : callable
        The function of one example. Its effects should be writes to its array arguments only.
    in_axes : int, None, tuple, list or dict
        Which axis of each positional argument to map over: an int for all, or one entry for each. An entry
        is an int (negative ones count from the end), None (the argument is handed to every call as it
        is), or a pytree of these that is a prefix of the argument. A dict goes from *parameter names* to
        entries; parameters that it does not name are mapped over axis 0 where they have one. Keyword
        arguments that no dict names: arrays are mapped over axis 0, all else is shared.
    out_axes : int, None or pytree
        Where the batch axis goes in each result; None for a result that does not differ between lanes.
    axis_name : hashable, optional
        A name for the axis, for the collectives of `lanewise.lax`.
    axis_size : int, optional
        The number of examples: checked, or given where nothing is mapped.
    chunk_size : int, optional
        Run at most so many examples at a time, to bound memory.
    strict : bool
        Raise `PerformanceWarning` as an error where a part of the work would run lane by lane.

    Returns
    -------
    callable
        The mapped function. Its results are fresh arrays with a batch axis.

    Raises
    ------
    ValueError
        If the mapped axes differ in size, an axis is out of range, a spec is no prefix of its argument or
        result, or the results of the lanes can't be stacked.
    TypeError
        If a spec is of the wrong type, or ``fun`` is no callable.

    See Also
    --------
    jax.vmap : the same for JAX functions; its documentation defines the semantics of the axes.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import vmap
    >>> vmap(np.dot)(np.ones((4, 3)), np.ones((4, 3)))
    array([3., 3., 3., 3.])
    >>> def kepler(mean_anomaly, e):
    ...     E = mean_anomaly
    ...     while abs(E - e * np.sin(E) - mean_anomaly) > 1e-12:
    ...         E -= (E - e * np.sin(E) - mean_anomaly) / (1 - e * np.cos(E))
    ...     return E
    >>> vmap(kepler, in_axes=(0, None))(np.array([0.1, 1.0, 2.0]), 0.3).round(6)
    array([0.142639, 1.283044, 2.236031])
    """
    if fun is None:
        return functools.partial(
            vmap, in_axes=in_axes, out_axes=out_axes, axis_name=axis_name, axis_size=axis_size, chunk_size=chunk_size,
            strict=strict,
        )  # fmt: skip
    function = _check_function(fun)
    in_axes = check_in_axes(in_axes)
    out_axes = check_out_axes(out_axes)
    for name, value in (("axis_size", axis_size), ("chunk_size", chunk_size)):
        _check_count(name, value)

    @functools.wraps(function)
    def batched(*args: Any, **kwargs: Any) -> Any:
        inputs = take_apart(function, in_axes, args, kwargs)
        size = inputs.size(axis_size)
        if chunk_size is not None and size > chunk_size:
            return _in_chunks(inputs, size, chunk_size)
        return run_call(Call(function, inputs, size, out_axes, axis_name, strict))

    def _in_chunks(inputs: Inputs, size: int, chunk: int) -> Any:
        joined = Chunks(size)
        for start in range(0, size, chunk):
            part = inputs.part(start, min(start + chunk, size))
            length = min(chunk, size - start)
            result = run_call(Call(function, part, length, out_axes, axis_name, strict, chunked=True))
            joined.add(result, start, length, out_axes, function)
        return joined.result()

    return batched


def _check_function(fun: Any) -> Callable[..., Any]:
    if not callable(fun):
        raise TypeError(f"vmap: the first argument must be a function, not {fun!r} of type {type(fun).__name__}.")
    inner = inspect.unwrap(fun)
    for test, what in (
        (inspect.isgeneratorfunction, "a generator function"),
        (inspect.iscoroutinefunction, "an async function"),
        (inspect.isasyncgenfunction, "an async generator function"),
    ):
        if test(inner):
            raise TypeError(f"vmap: {label(fun)} is {what}, whose body does not run when it is called. Map a plain function.")
    return fun  # type: ignore[no-any-return]


def _check_count(name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"vmap: {name} must be an int or None, not {value!r} of type {type(value).__name__}.")
    if value < (1 if name == "chunk_size" else 0):
        raise ValueError(f"vmap: {name} must be {'positive' if name == 'chunk_size' else 'zero or more'}, not {value}.")


class Chunks:
    """The results of chunks, written into arrays of the whole batch as they come."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.leaves: list[Any] = []
        self.axes: list[Any] = []
        self.parts: list[list[Any]] = []
        self.spec: Any = None

    def add(self, result: Any, start: int, length: int, out_axes: Any, fun: Any) -> None:
        """Take the result of one chunk."""
        leaves, spec = flatten_results(result)
        if self.spec is None:
            self.spec = spec
            self.axes = result_axes(out_axes, result, len(leaves), fun)
            self.leaves = [self.whole(leaf, axis) for leaf, axis in zip(leaves, self.axes, strict=True)]
        elif spec != self.spec:
            raise ValueError(f"vmap: the results of {label(fun)} differ in structure between lanes: {self.spec} and {spec}")
        for n, (leaf, axis) in enumerate(zip(leaves, self.axes, strict=True)):
            if axis is None:
                continue
            if type(leaf) is LaneArray:
                self.leaves[n].append(leaf)
            else:
                self.leaves[n] = self.write(self.leaves[n], leaf, axis, start, fun)

    def whole(self, leaf: Any, axis: Any) -> Any:
        """An array for the whole batch, to hold a leaf of every chunk."""
        if axis is None:
            return leaf
        if type(leaf) is LaneArray:
            return []
        shape = list(leaf.shape)
        shape[axis] = self.size
        return np.empty(shape, leaf.dtype)

    def write(self, whole: Any, leaf: Any, axis: int, start: int, fun: Any) -> Any:
        """Write one chunk's leaf in its place."""
        place = [slice(None)] * leaf.ndim
        place[axis] = slice(start, start + leaf.shape[axis])
        if leaf.dtype != whole.dtype:
            whole = whole.astype(np.result_type(whole, leaf))
        target = whole[tuple(place)]
        if target.shape != leaf.shape:
            raise ValueError(
                f"vmap: the results of {label(fun)} differ in shape between lanes, so they can't be stacked: those of "
                f"lanes {start} to {start + leaf.shape[axis] - 1} have shape {leaf.shape[:axis] + leaf.shape[axis + 1 :]}."
            )
        target[...] = leaf
        return whole

    def result(self) -> Any:
        """The result for the whole batch."""
        leaves = [
            apply(np.concatenate, leaf, axis=axis) if type(leaf) is list and axis is not None else leaf
            for leaf, axis in zip(self.leaves, self.axes, strict=True)
        ]
        return optree.tree_unflatten(self.spec, leaves)
