"""Branches: `cond` and `switch`, each on its own lanes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree as pytree
from ..array import LaneArray, live
from ..axes import an
from ..facts import RUN, recorder
from ..lanes import Lanes
from ..regions import PLAIN, Mixed, choose, truths
from ._types import Typed, check_alike, check_scalar, form, ident, type_of, unmixed

_NOTHING: Any = object()


def cond(
    pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any, operand: Any = _NOTHING
) -> Any:
    """Call one of two functions (`jax.lax.cond`); lanes that differ in ``pred`` each call their own.

    On plain values it is ``true_fun(*operands) if pred else false_fun(*operands)``.

    Parameters
    ----------
    pred : bool
        A scalar, of each lane or of all.
    true_fun, false_fun : callable
        Functions of the operands.
    *operands : pytrees
        What the function is called with.
    operand : pytree, optional
        The same, as the only one.

    Returns
    -------
    pytree
        What the function returns.

    Raises
    ------
    TypeError
        If the predicate is no scalar, or if both functions run and their results differ in structure, shape or dtype.
        A Python number takes the dtype of a NumPy number of the same kind.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> def root(x):
    ...     return lax.cond(x < 0, lambda x: 0.0, np.sqrt, x)
    >>> vmap(root)(np.array([4.0, -1.0, 9.0]))
    array([2., 0., 3.])
    """
    run = RUN.get()
    functions = [form(run, true_fun, "cond", "true_fun"), form(run, false_fun, "cond", "false_fun")]
    operands = _operands("cond", operands, operand)
    check_scalar(pred, "cond", "pred")
    statement = ident(true_fun, false_fun)
    test = truths(pred)
    if type(test) is LaneArray and (tracer := recorder()) is not None:
        return tracer.cond(test, *functions, *operands)
    test = _apart(test, statement)
    if type(test) is not LaneArray:
        return functions[0 if test else 1](*operands)
    indices = [np.nonzero(test.data), np.nonzero(~test.data)]
    return _each("cond", test.lanes, indices, functions, ["true_fun", "false_fun"], operands, statement)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any, operand: Any = _NOTHING) -> Any:
    """Call one of several functions (`jax.lax.switch`); lanes that differ in ``index`` each call their own.

    Parameters
    ----------
    index : int
        Which function, from 0; a lower one counts as 0, a higher one as the last.
    branches : sequence of callable
        Functions of the operands.
    *operands : pytrees
        What the function is called with.
    operand : pytree, optional
        The same, as the only one.

    Returns
    -------
    pytree
        What the function returns.

    Raises
    ------
    TypeError
        If the index is no integer scalar, or if functions that run differ in the structure, shape or dtype of results.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> def wave(kind, x):
    ...     return lax.switch(kind, [np.sin, np.cos, np.sign], x)
    >>> vmap(wave, in_axes=(0, None))(np.array([1, 2, 7]), 0.0)
    array([1., 0., 0.])
    """
    run = RUN.get()
    if not isinstance(branches, Sequence):
        raise TypeError(f"lax.switch: branches must be a list of functions, not {branches!r} ({an(branches)}).")
    names = [f"branches[{n}]" for n in range(len(branches))]
    if not names:
        raise ValueError("lax.switch: branches is empty: there is nothing to call.")
    functions = [form(run, branch, "switch", name) for branch, name in zip(branches, names, strict=True)]
    operands = _operands("switch", operands, operand)
    check_integer(index, "switch", "index")
    last = len(functions) - 1
    statement = ident(*branches)
    if type(index) is LaneArray and (tracer := recorder()) is not None:
        return tracer.switch(index, functions, *operands)
    index = _apart(live(index) if type(index) is LaneArray else index, statement)
    if type(index) is not LaneArray:
        return functions[min(max(operator.index(index), 0), last)](*operands)
    codes = np.clip(index.data.reshape(index.lanes.shape), 0, last)
    present = [int(code) for code in np.unique(codes)] if codes.size else range(last + 1)
    if len(present) == 1:
        return functions[present[0]](*operands)
    indices = [np.nonzero(codes == code) for code in present]
    chosen = [functions[code] for code in present]
    return _each("switch", index.lanes, indices, chosen, [names[code] for code in present], operands, statement)


def check_integer(x: Any, name: str, what: str) -> None:
    """See that a number is an integer scalar."""
    found = type_of(x)
    if type(x) is Mixed or (type(found.dtype) is not type and found.dtype.kind in "iu" and not found.shape):
        return
    shown = an(x) if type(found.dtype) is type else str(found)
    raise TypeError(f"lax.{name}: {what} must be an integer scalar, not {shown}.")


def _operands(name: str, operands: tuple[Any, ...], operand: Any) -> tuple[Any, ...]:
    if operand is _NOTHING:
        return operands
    if operands:
        raise TypeError(f"lax.{name}: give the operands by position, or one as operand=, not both.")
    return (operand,)


def _apart(value: Any, statement: Any) -> Any:
    """What lanes part by; a plain value where they have to agree on it."""
    if type(value) is Mixed:
        value = value.settled()
    if type(value) is LaneArray and (statement in PLAIN or recorder() is not None):
        return bool(value) if value.data.dtype == bool else operator.index(value)
    return value


def _each(
    name: str,
    lanes: Lanes,
    indices: list[Any],
    functions: list[Any],
    names: list[str],
    operands: tuple[Any, ...],
    statement: Any,
) -> Any:
    """The value of each lane by its own function."""
    found: list[Typed] = []

    def thunk(function: Any) -> Callable[[], Any]:
        def call() -> Any:
            leaves, spec = pytree.flatten(function(*operands))
            leaves = [unmixed(leaf) for leaf in leaves]
            found.append(Typed.of(leaves, spec))
            return leaves

        return call

    leaves = choose(lanes, indices, [thunk(function) for function in functions], statement)
    for other, label in zip(found[1:], names[1:], strict=True):
        headline = f"{name}: {{where}} differs in {{aspect}} between {names[0]} and {label}"
        check_alike(headline, "result", [names[0], label], found[0], other)
    return pytree.unflatten(found[0].spec, [unmixed(leaf) for leaf in leaves])
