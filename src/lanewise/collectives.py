"""Collectives: operations over a named lane axis, under JAX's names (`lanewise.lax`).

``psum(x, "i")`` inside ``vmap(f, axis_name="i")`` sums over the lanes of that axis. A collective needs all
lanes of its axis: after a split, under ``chunk_size`` or lane by lane it raises, and says why.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import tree as pytree
from .array import SCALAR, Data, LaneArray, live, wrap
from .facts import LANE, RUN, CollectiveError, Run, user_line
from .lanes import LaneAxis, Lanes
from .ops.common import lane

__all__ = [
    "all_gather", "all_to_all", "axis_index", "axis_size", "pmax", "pmean", "pmin", "ppermute", "pshuffle", "psum",
]  # fmt: skip


def _once(collective: Callable[..., Any]) -> Callable[..., Any]:
    """Make a collective remember what it gave.

    After a split, the other groups run from the start of the function, without the lanes of the first. What they
    call before the split, the first group called with all lanes at work, so its results are theirs.
    """

    @functools.wraps(collective)
    def call(*args: Any, **kwargs: Any) -> Any:
        run = RUN.get()
        if run is None:
            return collective(*args, **kwargs)
        if run.recorder is not None:
            return run.recorder.collective(collective, args, kwargs)
        number = run.exchanged
        if number < len(run.exchanges):
            result = run.exchanges[number]
        else:
            result = collective(*args, **kwargs)
            run.exchanges += (result,)
        run.exchanged = number + 1
        return pytree.map(_copied, result)

    return call


def psum(x: Any, axis_name: Any) -> Any:
    """Sum over a named axis (`jax.lax.psum`).

    Parameters
    ----------
    x : pytree of arrays
        One example's values.
    axis_name : hashable or tuple
        The ``axis_name`` of an enclosing ``vmap``, or several.

    Returns
    -------
    pytree of arrays
        The sums, of the shapes and dtypes of ``x`` (bool sums to int64); the same in every lane.

    Raises
    ------
    NameError
        If no enclosing ``vmap`` has that name.
    CollectiveError
        If some lanes of the axis have gone another way.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: x / lax.psum(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([0.25, 0.75])
    """
    return _fold(x, axis_name, _sum)


def pmean(x: Any, axis_name: Any) -> Any:
    """Mean over a named axis (`jax.lax.pmean`); see `psum`.

    Parameters
    ----------
    x : pytree of arrays
        One example's values.
    axis_name : hashable or tuple
        The axis, or several.

    Returns
    -------
    pytree of arrays
        The mean of each, the same in every lane.

    Raises
    ------
    NameError
        If no enclosing ``vmap`` has that name.
    CollectiveError
        If some lanes of the axis have gone another way.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: x - lax.pmean(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([-1.,  1.])
    """
    size = axis_size(axis_name)

    def mean(total: Any) -> Any:
        if np.asarray(total.data if type(total) is LaneArray else total).dtype.kind in "iu":
            total = total * 1.0 if type(total) is int else total.astype(float)  # as np.mean
        with np.errstate(invalid="ignore" if size == 0 else None):
            return total / size if size or type(total) is LaneArray else math.nan

    return pytree.map(mean, psum(x, axis_name))


def pmax(x: Any, axis_name: Any) -> Any:
    """Maximum over a named axis (`jax.lax.pmax`); see `psum`.

    Parameters
    ----------
    x : pytree of arrays
        One example's values.
    axis_name : hashable or tuple
        The axis, or several.

    Returns
    -------
    pytree of arrays
        The maximum of each, the same in every lane.

    Raises
    ------
    NameError
        If no enclosing ``vmap`` has that name.
    CollectiveError
        If some lanes of the axis have gone another way.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: lax.pmax(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([3., 3.])
    """
    return _fold(x, axis_name, _max)


def pmin(x: Any, axis_name: Any) -> Any:
    """Minimum over a named axis (`jax.lax.pmin`); see `psum`.

    Parameters
    ----------
    x : pytree of arrays
        One example's values.
    axis_name : hashable or tuple
        The axis, or several.

    Returns
    -------
    pytree of arrays
        The minimum of each, the same in every lane.

    Raises
    ------
    NameError
        If no enclosing ``vmap`` has that name.
    CollectiveError
        If some lanes of the axis have gone another way.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: lax.pmin(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([1., 1.])
    """
    return _fold(x, axis_name, _min)


@_once
def all_gather(x: Any, axis_name: Any, *, axis: int = 0, tiled: bool = False) -> Any:
    """Gather the values of every lane of a named axis (`jax.lax.all_gather`).

    Parameters
    ----------
    x : pytree of arrays
        One example's values.
    axis_name : hashable or tuple
        The axis, or several, the last varying fastest.
    axis : int
        Where the lanes go among the axes of the result.
    tiled : bool
        Concatenate along ``axis`` instead of stacking.

    Returns
    -------
    pytree of arrays
        Of shape ``x.shape`` with the axis size inserted at ``axis``; the same in every lane.

    Raises
    ------
    NameError
        If no enclosing ``vmap`` has that name.
    CollectiveError
        If some lanes of the axis have gone another way.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: lax.all_gather(x, "i"), axis_name="i")(np.arange(2))
    array([[0, 1],
           [0, 1]])
    """
    axes = _axes(axis_name)
    return pytree.map(lambda leaf: _gather(leaf, axes, axis, tiled), x)


@_once
def all_to_all(x: Any, axis_name: Any, split_axis: int, concat_axis: int, *, tiled: bool = False) -> Any:
    """Exchange a named axis with an axis of the example (`jax.lax.all_to_all`).

    Parameters
    ----------
    x : pytree of arrays
        One example's values; axis ``split_axis`` has the size of the named axis (a multiple, if ``tiled``).
    axis_name : hashable or tuple
        The named axis.
    split_axis : int
        The axis of the example that is dealt out to the lanes.
    concat_axis : int
        Where what every lane sends is put together.
    tiled : bool
        Deal out blocks and concatenate, instead of single slices and stack.

    Returns
    -------
    pytree of arrays
        In lane ``i``, the ``i``-th slices of every lane.

    Raises
    ------
    NameError
        If no enclosing ``vmap`` has that name.
    CollectiveError
        If some lanes of the axis have gone another way.
    ValueError
        If axis ``split_axis`` has another size.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: lax.all_to_all(x, "i", 0, 0), axis_name="i")(np.array([[0, 1], [2, 3]]))
    array([[0, 2],
           [1, 3]])
    """
    axes = _axes(axis_name)
    size = axis_size(axis_name)

    def exchange(leaf: Any) -> Any:
        shape = np.shape(leaf)
        split, concat = (normal(axis, len(shape), "all_to_all") for axis in (split_axis, concat_axis))
        if shape[split] % max(size, 1) if tiled else shape[split] != size:
            raise ValueError(
                f"all_to_all: axis {split_axis} of the example has size {shape[split]}, which must be "
                f"{'a multiple of ' if tiled else ''}the size {size} of axis {axis_name!r}."
            )
        data, lanes = _everyone(leaf, axes)
        lead = lanes.ndim
        at = lead + 1 + split
        data = data.reshape(*data.shape[:at], size, shape[split] // max(size, 1), *data.shape[at + 1 :])
        data = np.moveaxis(data, at, lead)  # the lane that receives, the lane that sends, the example
        place = lead + 1 + concat
        if not tiled:
            return _dealt(np.moveaxis(data.squeeze(at + 1), lead + 1, place), lanes, axes)
        data = np.moveaxis(data, lead + 1, place)
        merged = data.shape[place] * data.shape[place + 1]
        return _dealt(data.reshape(*data.shape[:place], merged, *data.shape[place + 2 :]), lanes, axes)

    return pytree.map(exchange, x)


@_once
def ppermute(x: Any, axis_name: Any, perm: Sequence[tuple[int, int]]) -> Any:
    """Send each lane's value to another lane (`jax.lax.ppermute`).

    Parameters
    ----------
    x : pytree of arrays
        One example's values.
    axis_name : hashable or tuple
        The named axis.
    perm : sequence of (source, destination)
        No source and no destination twice.

    Returns
    -------
    pytree of arrays
        What each lane was sent; zeros in lanes that were sent nothing.

    Raises
    ------
    NameError
        If no enclosing ``vmap`` has that name.
    CollectiveError
        If some lanes of the axis have gone another way.
    ValueError
        If a source or a destination is no lane, or there twice.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: lax.ppermute(x, "i", [(0, 1), (1, 2)]), axis_name="i")(np.array([5, 6, 7]))
    array([0, 5, 6])
    """
    axes = _axes(axis_name)
    size = axis_size(axis_name)
    sources, targets = [int(s) for s, _ in perm], [int(t) for _, t in perm]
    for ends, what in ((sources, "source"), (targets, "destination")):
        if len(set(ends)) != len(ends) or any(not 0 <= end < size for end in ends):
            raise ValueError(
                f"ppermute: each {what} must be one of the lanes 0 to {size - 1}, at most once, not {ends}."
            )

    def permute(leaf: Any) -> Any:
        data, lanes = _everyone(leaf, axes)
        before: tuple[Any, ...] = (slice(None),) * lanes.ndim
        received = np.zeros_like(data)
        received[(*before, targets)] = data[(*before, sources)]
        return _dealt(received, lanes, axes)

    return pytree.map(permute, x)


def pshuffle(x: Any, axis_name: Any, perm: Sequence[int]) -> Any:
    """Permute the lanes of a named axis (`jax.lax.pshuffle`): lane ``i`` gets the value of lane ``perm[i]``.

    Parameters
    ----------
    x : pytree of arrays
        One example's values.
    axis_name : hashable
        The axis.
    perm : sequence of int
        From which lane each gets its values.

    Returns
    -------
    pytree of arrays
        The values of that lane.

    Raises
    ------
    NameError
        If no enclosing ``vmap`` has that name.
    CollectiveError
        If some lanes of the axis have gone another way.
    ValueError
        If ``perm`` is no permutation of the lanes.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: lax.pshuffle(x, "i", [2, 0, 1]), axis_name="i")(np.array([5, 6, 7]))
    array([7, 5, 6])
    """
    if sorted(perm) != list(range(axis_size(axis_name))):
        raise ValueError(f"pshuffle: perm must be a permutation of 0 to {axis_size(axis_name) - 1}, not {list(perm)}.")
    return ppermute(x, axis_name, list(zip(perm, range(len(perm)), strict=True)))


def axis_index(axis_name: Any) -> Any:
    """The index of the lane along a named axis (`jax.lax.axis_index`).

    Parameters
    ----------
    axis_name : hashable or tuple
        The axis, or several, the last varying fastest.

    Returns
    -------
    int64 scalar
        From 0 to the axis size less one.

    Raises
    ------
    NameError
        If no enclosing ``vmap`` has that name.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: x * lax.axis_index("i"), axis_name="i")(np.array([5, 6, 7]))
    array([ 0,  6, 14])
    """
    index: Any = None
    for name in names_in(axis_name):
        run = run_of(name)
        if run.recorder is not None:
            own: Any = run.recorder.lane_index(run.axis)
        elif run.lane is not None:
            own = np.int64(run.lane)
        else:
            own = live(LaneArray(np.arange(run.axis.size), run.axis.lanes, SCALAR))
        first, total = run.chunk or (0, run.axis.size)
        own = own + first if first else own
        index = own if index is None else index * total + own
    return index


def axis_size(axis_name: Any) -> int:
    """The size of a named axis (`jax.lax.axis_size`): a Python int, the same in every lane.

    Parameters
    ----------
    axis_name : hashable or tuple
        The axis, or several.

    Returns
    -------
    int
        How many lanes it has; of several, the product.

    Raises
    ------
    NameError
        If no enclosing ``vmap`` has that name.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: x / lax.axis_size("i"), axis_name="i")(np.ones(4))
    array([0.25, 0.25, 0.25, 0.25])
    """
    size = 1
    for name in names_in(axis_name):
        run = run_of(name)
        size *= run.chunk.total if run.chunk else run.axis.size
    return size


# ---- finding the axis ----


def names_in(axis_name: Any) -> tuple[Any, ...]:
    """One name or several."""
    names = axis_name if isinstance(axis_name, tuple) else (axis_name,)
    if len(set(names)) != len(names):
        raise ValueError(f"a collective over {axis_name!r} names an axis twice.")
    return names


def run_of(name: Any) -> Run:
    """The innermost run whose axis has this name."""
    run = RUN.get()
    names = []
    while run is not None:
        if run.axis.name == name and name is not None:
            return run
        names.append(run.axis.name)
        run = run.parent
    for run in reversed(LANE.get()):
        if run.axis.name == name and name is not None:
            return run
        names.append(run.axis.name)
    known = ", ".join(repr(other) for other in names if other is not None)
    raise NameError(
        f"unbound axis name: {name!r}. "
        f"{f'The enclosing vmaps have {known}' if known else 'No enclosing vmap has an axis_name'}."
    )


def _axes(axis_name: Any) -> list[LaneAxis]:
    """The named axes, every one with all its lanes at work."""
    axes = []
    for name in names_in(axis_name):
        run = run_of(name)
        why = _missing(run)
        if why:
            raise CollectiveError(f"a collective over {name!r} needs all lanes of the axis, but {why}")
        axes.append(run.axis)
    return axes


def _missing(run: Run) -> str:
    """Why some lanes of an axis are not at work; empty if all are."""
    if run.lane is not None:
        return "they run lane by lane: the PerformanceWarning before this says why."
    if run.axis.replaced is not None:
        owner = run.axis.replaced.owner
        split = owner.why_split if isinstance(owner, Run) and not owner.parted else ""
        why = f"they have split: {split}." if split else f"some have gone another way at {user_line()}."
        return f"{why}\n  Call the collective before the branch, or use np.where for the choice."
    return "they run in chunks.\n  Leave chunk_size out for this function." if run.chunk else ""


def _copied(x: Any) -> Any:
    if type(x) is LaneArray:
        return LaneArray(x.data.copy(), x.lanes, x.kind)
    return x.copy() if type(x) is np.ndarray else x


def _made(data: Any, lanes: Lanes) -> LaneArray:
    """A result, which the function may write to as to any array that it makes."""
    run = RUN.get()
    return wrap(data, run.home() if run is not None and not lanes.axes else lanes)


def _position(x: LaneArray, axis: LaneAxis) -> int | None:
    return x.lanes.axes.index(axis) if axis in x.lanes.axes else None


# ---- the work ----

Fold = Callable[[Data, int | None, int], Any]
"""From a value's data, the place of the named axis in it (None: it does not vary there), and the axis size."""


def _sum(data: Data, at: int | None, size: int) -> Any:
    dtype = np.dtype(np.int64) if data.dtype == bool else data.dtype
    if at is None:
        return data.astype(dtype) * dtype.type(size)
    return np.moveaxis(data, at, -1).sum(axis=-1, dtype=dtype)


def _max(data: Data, at: int | None, size: int) -> Any:
    if at is None:
        return data.copy()
    return data.max(axis=at) if size else data.max(axis=at, initial=_bounds(data.dtype)[0])


def _min(data: Data, at: int | None, size: int) -> Any:
    if at is None:
        return data.copy()
    return data.min(axis=at) if size else data.min(axis=at, initial=_bounds(data.dtype)[1])


def _bounds(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """The least and the greatest value of a dtype: what the maximum and the minimum of no lanes are."""
    if dtype.kind in "iu":
        return np.iinfo(dtype).min, np.iinfo(dtype).max
    return (False, True) if dtype.kind == "b" else (-np.inf, np.inf)


SUM, MAX, MIN = _sum, _max, _min


def shared(value: Any, fold: Fold, size: int) -> Any:
    """What is the same in every lane, and so is the result."""
    result = fold(np.asarray(value), None, size)
    return result.item() if isinstance(value, (int, float, complex)) else np.array(result)[()]


@_once
def _fold(x: Any, axis_name: Any, fold: Fold) -> Any:
    axes = _axes(axis_name)

    def leaf(value: Any) -> Any:
        if type(value) is not LaneArray:
            return functools.reduce(lambda data, axis: shared(data, fold, axis.size), axes, value)
        found = live(value)
        for axis in axes:
            data = fold(found.data, _position(found, axis), axis.size)
            found = _made(data, found.lanes.without(axis))
        return found

    return pytree.map(leaf, x)


def _gather(x: Any, axes: list[LaneAxis], axis: int, tiled: bool) -> Any:
    data, lanes = _everyone(x, axes)
    lead, ndim = lanes.ndim, data.ndim - lanes.ndim - 1
    at = lead + (normal(axis, ndim, "all_gather") if tiled else normal(axis, ndim + 1, "all_gather"))
    data = np.moveaxis(data, lead, at)
    if tiled:
        data = data.reshape(*data.shape[:at], data.shape[at] * data.shape[at + 1], *data.shape[at + 2 :])
    return _made(np.array(data), lanes)


def normal(axis: int, ndim: int, what: str) -> int:
    """An axis of an example, counted from the first."""
    if not -ndim <= axis < ndim:
        raise ValueError(f"{what}: axis {axis} is out of range for values with {ndim} axes.")
    return axis % ndim


def _everyone(x: Any, axes: list[LaneAxis]) -> tuple[Data, Lanes]:
    """A value's data with some of its lane axes as one axis of the example, the first; and its other lanes."""
    x = live(lane(x))
    own = x.lanes.axes
    rest = [axis for axis in own if axis not in axes]
    here = [axis for axis in axes if axis in own]
    order = [own.index(axis) for axis in (*rest, *here)]
    data = x.data.transpose(*order, *range(len(own), x.data.ndim))
    example, lead = data.shape[len(own) :], data.shape[: len(rest)]
    data = data.reshape(*lead, *[axis.size if axis in own else 1 for axis in axes], *example)
    if len(here) < len(axes):
        data = np.broadcast_to(data, (*lead, *[axis.size for axis in axes], *example))
    return data.reshape(*lead, math.prod(axis.size for axis in axes), *example), Lanes.of(tuple(rest))


def _dealt(data: Data, lanes: Lanes, axes: list[LaneAxis]) -> LaneArray:
    """The reverse: the first axis of the example dealt out to the lanes of some axes."""
    now = [*lanes.axes, *axes]
    lead = lanes.ndim
    data = data.reshape(*data.shape[:lead], *[axis.size for axis in axes], *data.shape[lead + 1 :])
    order = sorted(range(len(now)), key=lambda n: now[n].level)
    data = np.array(data.transpose(*order, *range(len(now), data.ndim)))  # it shares no memory with what was sent
    return wrap(data, Lanes.of(tuple([now[n] for n in order])))
