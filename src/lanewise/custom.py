"""A user's own batching rule: `custom_vmap` and `sequential_vmap`."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from . import tree as pytree
from .array import ARRAY, LaneArray, lanes_of, live, wrap
from .axes import an, check_function, describe, label
from .facts import RuleError
from .lanes import LaneAxis
from .ops.common import lane
from .pickling import name_of
from .program import ShapeDtypeStruct, eval_shape
from .tree import NAMESPACE, flatten


class custom_vmap:  # a decorator, named as in JAX
    """A function with a batching rule of its own (`jax.custom_batching.custom_vmap`).

    Parameters
    ----------
    fun : callable
        The function of one example. It runs where no argument is mapped.

    Raises
    ------
    TypeError
        If ``fun`` is no callable; where it is mapped, if it has no rule, or the rule returns no pair.

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
        check_function("custom_vmap", fun)
        functools.update_wrapper(self, fun)
        self.fun = fun
        self.rule: Callable[..., Any] | None = None

    def __reduce_ex__(self, protocol: Any) -> Any:
        return name_of(self) or super().__reduce_ex__(protocol)

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

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method: its object becomes the first argument."""
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, by its rule on the innermost lane axis of its arguments."""
        if not lanes_of(tuple(flatten((args, kwargs))[0])).axes:
            return self.fun(*args, **kwargs)
        name = label(self.fun)
        if self.rule is None:
            raise RuleError(f"custom_vmap: {name} is mapped, but it has no rule yet: define one with @{name}.def_vmap.")
        leaves, spec = flatten(self.positional(args, kwargs))
        leaves = [live(leaf) if type(leaf) is LaneArray else leaf for leaf in leaves]
        axis = lanes_of(tuple(leaves)).axes[-1]
        batched = [type(leaf) is LaneArray and axis in leaf.lanes.axes for leaf in leaves]
        values = [as_axis(leaf, axis) if mapped else leaf for leaf, mapped in zip(leaves, batched, strict=True)]
        in_batched = list(pytree.unflatten(spec, batched))
        made = self.rule(axis.size, in_batched, *pytree.unflatten(spec, values))
        if not isinstance(made, tuple) or len(made) != 2:
            raise RuleError(
                f"custom_vmap: the rule of {name} must return a pair, the result and which of its leaves are batched, "
                f"not {an(made)}."
            )
        return _from_rule(*made, axis, name)

    def positional(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments by position, those with defaults too: a rule knows no names."""
        try:
            bound = inspect.signature(self.fun).bind(*args, **kwargs)
        except ValueError:  # it tells no parameters
            bound = None
        if bound is None and not kwargs:
            return args
        if bound is not None:
            bound.apply_defaults()
        if bound is None or bound.kwargs:
            raise RuleError(f"custom_vmap: {label(self.fun)} is called with arguments that have no position.")
        return bound.args


def as_axis(x: LaneArray, axis: LaneAxis) -> Any:
    """A value with one of its lane axes as axis 0 of the example."""
    place = x.lanes.axes.index(axis)
    lead = x.lanes.ndim - 1
    data = np.moveaxis(x.data, place, lead)
    rest = x.lanes.without(axis)
    return LaneArray(data, rest, ARRAY) if rest.axes else data


def as_lane(x: Any, axis: LaneAxis) -> LaneArray:
    """The reverse: axis 0 of the example as a lane axis."""
    value = live(lane(x))
    wide = value.lanes.union(axis.lanes)
    return wrap(np.moveaxis(value.data, value.lanes.ndim, wide.axes.index(axis)), wide)


def _from_rule(result: Any, out_batched: Any, axis: LaneAxis, name: str) -> Any:
    leaves, spec = flatten(result)
    try:
        flags = optree.broadcast_prefix(out_batched, result, namespace=NAMESPACE)
    except ValueError:
        raise RuleError(
            f"custom_vmap: out_batched of the rule of {name} is no prefix of its result: {out_batched!r} for "
            f"{describe(result)}.\n  Return True or False for all of it, or a tree of them like the result."
        ) from None
    for leaf, flag in zip(leaves, flags, strict=True):
        shape = np.shape(leaf)
        if flag and (not shape or shape[0] != axis.size):
            raise RuleError(
                f"custom_vmap: the rule of {name} says that a result of shape {shape} is batched, but its axis 0 must "
                f"then have the size of the batch, {axis.size}."
            )
    made = [as_lane(leaf, axis) if flag else leaf for leaf, flag in zip(leaves, flags, strict=True)]
    return pytree.unflatten(spec, made)


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

    Raises
    ------
    TypeError
        If ``fun`` is no callable.

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
    check_function("sequential_vmap", fun)
    mapped = custom_vmap(fun)

    @mapped.def_vmap
    def rule(axis_size: int, in_batched: list[Any], *args: Any) -> Any:
        flags = [flatten(flag)[0] for flag in in_batched]
        if axis_size == 0:
            shapes = eval_shape(fun, *_each(args, flags, lambda x: ShapeDtypeStruct(x.shape[1:], x.dtype)))
            return pytree.map(lambda x: np.empty((0, *x.shape), x.dtype), shapes), True
        results = [flatten(fun(*_each(args, flags, operator.itemgetter(n)))) for n in range(axis_size)]
        stacked = [np.stack(leaves) for leaves in zip(*[leaves for leaves, _ in results], strict=True)]
        return pytree.unflatten(results[0][1], stacked), True

    return mapped


def _each(args: tuple[Any, ...], flags: list[list[bool]], function: Callable[[Any], Any]) -> list[Any]:
    """The arguments, with a function applied to the leaves that are batched."""
    made = []
    for arg, batched in zip(args, flags, strict=True):
        leaves, spec = flatten(arg)
        mine = [function(leaf) if flag else leaf for leaf, flag in zip(leaves, batched, strict=True)]
        made.append(pytree.unflatten(spec, mine))
    return made
