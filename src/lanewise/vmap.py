"""The front door: `vmap`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, overload

import numpy as np
import optree

from .array import LaneArray, apply, live
from .axes import an, check_function, check_in_axes, has_ragged, label, leaf_name, prepare, ragged, result_axes
from .collect import ONE_SHAPE, InPromotion, promote_kinds
from .execute import Call
from .facts import Chunk, recorder
from .inputs import take_apart
from .lists import mark_lists
from .outermost import run_call
from .ragged import take_apart_ragged
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
    in_axes : int, None, lanewise.ragged, tuple, list or dict
        Which axis of each positional argument to map over: an int for all, or one entry for each. An entry
        is an int (negative ones count from the end), None (the argument is handed to every call as it
        is), `ragged` (the argument is a list with one example for each call, whose shapes may differ), or a
        pytree of these that is a prefix of the argument. A dict goes from *parameter names* to
        entries; parameters that it does not name are mapped over axis 0 where they have one. Keyword
        arguments that no dict names: arrays are mapped over axis 0, all else is shared.
    out_axes : int, None, lanewise.ragged or pytree
        Where the batch axis goes in each result; None for a result that does not differ between lanes, `ragged`
        for a list with the result of each lane.
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
    array([0.14265 , 1.288091, 2.236031])
    """
    if fun is None:
        options = {"axis_name": axis_name, "axis_size": axis_size, "chunk_size": chunk_size, "strict": strict}
        return functools.partial(vmap, in_axes=in_axes, out_axes=out_axes, **options)
    _check_function(fun)
    _check_count("axis_size", axis_size, 0)
    _check_count("chunk_size", chunk_size, 1)
    _check_name(axis_name)
    spec = check_in_axes(fun, in_axes)
    out = prepare(out_axes, "out_axes")
    forms: list[Any] = []
    axes = _comparable(in_axes, out_axes)
    may_compile = axis_name is None and not spec.ragged and not has_ragged(out)
    bounded = chunk_size is not None or axis_size is not None
    take = take_apart_ragged if spec.ragged else take_apart

    def batched(*args: Any, **kwargs: Any) -> Any:
        inputs = take(spec, args, kwargs)
        size = inputs.size(axis_size)
        if chunk_size is None or size <= chunk_size or recorder() is not None:  # a program has no need of chunks
            call = Call(fun, inputs, size, out, axis_name, strict)
            call.forms = forms
            if may_compile:
                call.axes, call.remake = axes, remake
            return run_call(call)
        joined = Chunks(fun, size, out)
        for start in range(0, size, chunk_size):
            stop = min(start + chunk_size, size)
            part = inputs.part(start, stop)
            chunk = Call(fun, part, stop - start, out, axis_name, strict, Chunk(start, size))
            if may_compile:
                chunk.axes, chunk.remake = axes, remake
            joined.add(run_call(chunk), start, chunk.kinds)
        return joined.result()

    def remake() -> Any:
        return vmap(fun, in_axes, out_axes) if bounded else batched

    # the attributes of an object that is called are its own business
    updated = ("__dict__",) if isinstance(fun, FunctionType) else ()
    return functools.update_wrapper(batched, fun, updated=updated)


def _comparable(*specs: Any) -> Any:
    """Specs of axes as something to compare; new ones are like no others."""
    try:
        hash(specs)
    except TypeError:
        return object()
    return specs


def _check_function(fun: Any) -> None:
    check_function("vmap", fun)
    inner = inspect.unwrap(fun)
    for test, what in _NO_BODY.items():
        if test(inner) or test(type(inner).__call__):
            raise TypeError(
                f"vmap: {label(fun)} is {what}, whose body does not run when it is called.\n"
                "  Map a plain function: one that returns its values in a tuple or an array."
            )


_NO_BODY: dict[Callable[[Any], bool], str] = {
    inspect.isgeneratorfunction: "a generator function",
    inspect.iscoroutinefunction: "an async function",
    inspect.isasyncgenfunction: "an async generator function",
}


def _check_count(name: str, value: Any, least: int) -> None:
    if value is None:
        return
    if isinstance(value, (bool, np.bool)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"vmap: {name} must be an int or None, not {value!r} ({an(value)}).")
    if value < least:
        raise ValueError(f"vmap: {name} must be {least} or more, not {value}.")


def _check_name(axis_name: Any) -> None:
    if isinstance(axis_name, tuple):
        raise TypeError(
            f"vmap: axis_name must be one name, not {axis_name!r}: to a collective, a tuple stands for several axes."
        )
    if getattr(axis_name, "__hash__", None) is None:
        raise TypeError(f"vmap: axis_name must be hashable (a string, say), not {axis_name!r} ({an(axis_name)}).")


class Chunks:
    """The results of chunks, written into arrays of the whole batch as they come."""

    def __init__(self, fun: Callable[..., Any], size: int, out_axes: Any) -> None:
        self.fun = fun
        self.size = size
        self.out_axes = out_axes
        self.spec: Any = None
        self.axes: list[Any] = []
        self.leaves: list[Any] = []
        self.kinds: list[set[InPromotion]] = []  # what the results of the chunks count for

    def add(self, result: Any, start: int, kinds: list[set[InPromotion]]) -> None:
        """Take the result of one chunk; ``kinds`` has what each leaf counts for in promotion."""
        if has_ragged(self.out_axes):
            result = mark_lists(self.out_axes, result)
        leaves, spec = flatten_results(result)
        if self.spec is None:
            self.spec = spec
            self.axes = result_axes(self.out_axes, result, len(leaves), self.fun)
            self.leaves = [self.whole(leaf, axis) for leaf, axis in zip(leaves, self.axes, strict=True)]
            self.kinds = [set() for _ in leaves]
        elif spec != self.spec:
            raise ValueError(
                f"vmap: the results of {label(self.fun)} differ in structure between lanes, so they can't be "
                "stacked:\n"
                f"    {self.spec}  lane 0\n    {spec}  lane {start}"
            )
        for n, (leaf, axis) in enumerate(zip(leaves, self.axes, strict=True)):
            if axis is None:
                self.check_shared(leaf, n, start)
                continue
            self.kinds[n] |= kinds[n]
            if axis is ragged:
                self.leaves[n].extend(leaf)
            elif type(leaf) is LaneArray:
                self.leaves[n].append(leaf)
            else:
                dtype = promote_kinds(self.kinds[n])
                self.leaves[n] = self.write(self.leaves[n], leaf, _place(leaf, axis), start, dtype)

    def whole(self, leaf: Any, axis: Any) -> Any:
        """An array for the whole batch, to hold a leaf of every chunk."""
        if axis is None:
            return leaf
        if axis is ragged or type(leaf) is LaneArray:
            return []
        shape = list(leaf.shape)
        shape[_place(leaf, axis)] = self.size
        return np.empty(shape, leaf.dtype)

    def write(self, whole: Any, leaf: Any, axis: int, start: int, dtype: Any) -> Any:
        """Write one chunk's leaf in its place."""
        ours, theirs = (x.shape[:axis] + x.shape[axis + 1 :] for x in (whole, leaf))
        if ours != theirs:
            raise ValueError(
                f"vmap: the results of {label(self.fun)} differ in shape between lanes, so they can't be "
                "stacked:\n"
                f"    {ours}  lane 0\n    {theirs}  lane {start}\n{ONE_SHAPE}"
            )
        whole = whole.astype(dtype, copy=False)
        whole[(slice(None),) * axis + (slice(start, start + leaf.shape[axis]),)] = leaf
        return whole

    def check_shared(self, leaf: Any, number: int, start: int) -> None:
        """See that a result without a batch axis is the same in every chunk."""
        first = self.leaves[number]
        pair = [live(x).data if type(x) is LaneArray else x for x in (first, leaf)]
        if first is not leaf and not (np.shape(pair[0]) == np.shape(pair[1]) and np.all(_same(*pair))):
            raise ValueError(
                f"vmap: out_axes is None for {leaf_name(self.spec, number)} of {label(self.fun)}, but it "
                "differs "
                f"between lanes 0 and {start}.\n  Give it an axis in out_axes."
            )

    def result(self) -> Any:
        """The result for the whole batch."""
        leaves = [
            apply(np.concatenate, leaf, axis=_place(leaf[0], axis)).astype(promote_kinds(kinds), copy=False)
            if type(leaf) is list and axis is not ragged
            else leaf
            for leaf, axis, kinds in zip(self.leaves, self.axes, self.kinds, strict=True)
        ]
        return optree.tree_unflatten(self.spec, leaves)


def _place(leaf: Any, axis: int) -> int:
    """Where the batch axis of a result is: a scalar has but one place for it."""
    return axis % leaf.ndim if leaf.ndim > 1 else 0


def _same(a: Any, b: Any) -> Any:
    """Where two values are equal, or both nan."""
    return (a == b) | ((a != a) & (b != b))
