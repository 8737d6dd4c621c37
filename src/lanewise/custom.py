"""A user's own batching rule: `custom_vmap` and `sequential_vmap`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from .array import ARRAY, SCALAR, LaneArray, lanes_of, live
from .axes import label
from .lanes import LaneAxis, Lanes
from .tree import NAMESPACE, flatten


class custom_vmap:  # a decorator, named as in JAX
    """A function with a batching rule of its own (`jax.custom_batching.custom_vmap`).

    Parameters
    ----------
    fun : callable
        The function of one example. It runs where no argument is mapped.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import custom_vmap, vmap
    >>> @custom_vmap
    ... def double(x):
    ...     return 2 * x
    >>> @double.def_vmap
    ... def _(axis_size, in_batched, x):
    ...     return x + x, in_batched[0]
    >>> vmap(double)(np.arange(3))
    array([0, 2, 4])
    """

    def __init__(self, fun: Callable[..., Any]) -> None:
        functools.update_wrapper(self, fun)
        self.fun = fun
        self.rule: Callable[..., Any] | None = None

    def def_vmap(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Set the rule.

        Parameters
        ----------
        rule : callable
            ``rule(axis_size, in_batched, *args)`` returns ``(result, out_batched)``: a mapped argument has
            its lanes along axis 0 and True in ``in_batched``, and so have the results by ``out_batched``.

        Returns
        -------
        callable
            ``rule`` itself.
        """
        self.rule = rule
        return rule

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, by its rule on the innermost lane axis of its arguments."""
        lanes = lanes_of(tuple(flatten((args, kwargs))[0]))
        if not lanes.axes:
            return self.fun(*args, **kwargs)
        if self.rule is None:
            raise AttributeError(
                f"custom_vmap: {label(self.fun)} is mapped, but it has no rule yet: define one with "
                f"@{label(self.fun)}.def_vmap."
            )
        leaves, spec = flatten((args, kwargs))
        leaves = [live(leaf) if type(leaf) is LaneArray else leaf for leaf in leaves]
        axis = lanes_of(tuple(leaves)).axes[-1]
        batched = [type(leaf) is LaneArray and axis in leaf.lanes.axes for leaf in leaves]
        values = [as_axis(leaf, axis) if mapped else leaf for leaf, mapped in zip(leaves, batched, strict=True)]
        new_args, _ = optree.tree_unflatten(spec, values)
        in_batched, _ = optree.tree_unflatten(spec, batched)
        result, out_batched = self.rule(axis.size, list(in_batched), *new_args)
        return _from_rule(result, out_batched, axis, label(self.fun))


def as_axis(x: LaneArray, axis: LaneAxis) -> Any:
    """A value with one of its lane axes as axis 0 of the example."""
    place = x.lanes.axes.index(axis)
    lead = x.lanes.ndim - 1
    data = np.moveaxis(x.data, place, lead)
    rest = x.lanes.without(axis)
    return LaneArray(data, rest, ARRAY) if rest.axes else data


def as_lane(x: Any, axis: LaneAxis) -> LaneArray:
    """The reverse: axis 0 of the example as a lane axis."""
    if type(x) is LaneArray:
        data, lanes = x.data, x.lanes
    else:
        data, lanes = np.asarray(x), Lanes.of(())
    wide = lanes.union(axis.lanes)
    data = np.moveaxis(data, lanes.ndim, wide.axes.index(axis))
    return LaneArray(data, wide, ARRAY if data.ndim > wide.ndim else SCALAR)


def _from_rule(result: Any, out_batched: Any, axis: LaneAxis, name: str) -> Any:
    leaves, spec = flatten(result)
    try:
        flags = optree.broadcast_prefix(out_batched, result, namespace=NAMESPACE)
    except ValueError as error:
        raise ValueError(
            f"custom_vmap: out_batched of the rule of {name} is no prefix of its result: {out_batched!r}\n  {error}"
        ) from None
    made = []
    for leaf, flag in zip(leaves, flags, strict=True):
        if flag and (np.ndim(leaf) == 0 or np.shape(leaf)[0] != axis.size):
            raise ValueError(
                f"custom_vmap: the rule of {name} says that a result of shape {np.shape(leaf)} is batched, but axis 0 of "
                f"it is not of size {axis.size}."
            )
        made.append(as_lane(leaf, axis) if flag else leaf)
    return optree.tree_unflatten(spec, made)


def sequential_vmap(fun: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function run one lane after another where it is mapped (`jax.custom_batching.sequential_vmap`).

    Parameters
    ----------
    fun : callable
        The function of one example; it sees plain values when only one axis is mapped.

    Returns
    -------
    callable
        The same function, with a loop as its batching rule.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import sequential_vmap, vmap
    >>> @sequential_vmap
    ... def text(x):
    ...     return float(f"{x:.1f}")
    >>> vmap(text)(np.array([1.26, 3.14]))
    array([1.3, 3.1])
    """
    mapped = custom_vmap(fun)

    @mapped.def_vmap
    def rule(axis_size: int, in_batched: list[Any], *args: Any) -> Any:
        flags = [flatten(flag)[0] for flag in in_batched]
        results = []
        for lane in range(axis_size):
            one = []
            for arg, batched in zip(args, flags, strict=True):
                leaves, spec = flatten(arg)
                one.append(
                    optree.tree_unflatten(
                        spec, [leaf[lane] if flag else leaf for leaf, flag in zip(leaves, batched, strict=True)]
                    )
                )
            results.append(flatten(fun(*one)))
        if not results:
            raise ValueError(f"sequential_vmap: there are no lanes to run {label(fun)} on, so its result is unknown.")
        spec = results[0][1]
        stacked = [np.stack(leaves) for leaves in zip(*[leaves for leaves, _ in results], strict=True)]
        return optree.tree_unflatten(spec, stacked), True

    return mapped
