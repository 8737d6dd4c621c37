"""Collectives: operations over a named lane axis, under JAX's names (`jax.lax`).

``psum(x, "i")`` inside ``vmap(f, axis_name="i")`` sums over the lanes of that axis. A collective needs all
lanes of its axis: after a split, under ``chunk_size`` or lane by lane it raises, and says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import tree as pytree
from .array import ARRAY, SCALAR, Data, LaneArray, live, wrap
from .facts import LANE, RUN, CollectiveError, Run
from .lanes import LaneAxis, Lanes
from .ops.common import lane

__all__ = [
    "all_gather", "all_to_all", "axis_index", "axis_size", "pmax", "pmean", "pmin", "ppermute", "pshuffle", "psum",
]  # fmt: skip


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

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: x - lax.pmean(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([-1.,  1.])
    """
    size = axis_size(axis_name)
    return pytree.map(lambda total: total / size, psum(x, axis_name))


def pmax(x: Any, axis_name: Any) -> Any:
    """Maximum over a named axis (`jax.lax.pmax`); see `psum`.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: lax.pmax(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([3., 3.])
    """
    return _fold(x, axis_name, lambda data, at, size: data.max(axis=at) if at is not None else data)


def pmin(x: Any, axis_name: Any) -> Any:
    """Minimum over a named axis (`jax.lax.pmin`); see `psum`.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: lax.pmin(x, "i"), axis_name="i")(np.array([1.0, 3.0]))
    array([1., 1.])
    """
    return _fold(x, axis_name, lambda data, at, size: data.min(axis=at) if at is not None else data)


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

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: lax.all_gather(x, "i"), axis_name="i")(np.arange(2))
    array([[0, 1],
           [0, 1]])
    """
    return pytree.map(lambda leaf: _gather(lane(leaf), _axes(axis_name), axis, tiled), x)


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

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: lax.all_to_all(x, "i", 0, 0), axis_name="i")(np.array([[0, 1], [2, 3]]))
    array([[0, 2],
           [1, 3]])
    """
    size = axis_size(axis_name)

    def exchange(leaf: Any) -> Any:
        ndim = lane(leaf).ndim
        split, concat = split_axis % max(ndim, 1), concat_axis % max(ndim, 1)
        length = lane(leaf).shape[split]
        if length % size if tiled else length != size:
            raise ValueError(
                f"all_to_all: axis {split_axis} of the example has size {length}, which must be "
                f"{'a multiple of ' if tiled else ''}the size {size} of axis {axis_name!r}."
            )
        everyone = all_gather(leaf, axis_name)
        if tiled:
            shape = everyone.shape
            blocks = (*shape[: split + 1], size, length // size, *shape[split + 2 :])
            mine = np.take(everyone.reshape(blocks), axis_index(axis_name), axis=split + 1)
            return np.concatenate(list(mine), axis=concat)
        return np.moveaxis(np.take(everyone, axis_index(axis_name), axis=split + 1), 0, concat)

    return pytree.map(exchange, x)


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

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: lax.ppermute(x, "i", [(0, 1), (1, 2)]), axis_name="i")(np.array([5, 6, 7]))
    array([0, 5, 6])
    """
    size = axis_size(axis_name)
    sources, targets = [s for s, _ in perm], [t for _, t in perm]
    for ends, what in ((sources, "source"), (targets, "destination")):
        if len(set(ends)) != len(ends) or any(not 0 <= end < size for end in ends):
            raise ValueError(f"ppermute: each {what} must be one of the lanes 0 to {size - 1}, at most once, not {ends}.")
    source = np.zeros(size, np.intp)
    source[targets] = sources
    sent = np.zeros(size, bool)
    sent[targets] = True
    me = axis_index(axis_name)

    def permute(leaf: Any) -> Any:
        value = lane(leaf)
        received = np.take(all_gather(leaf, axis_name), np.take(source, me), axis=0)
        found = np.where(np.take(sent, me), received, value.dtype.type(0))
        return LaneArray(found.data, found.lanes, value.kind)

    return pytree.map(permute, x)


def pshuffle(x: Any, axis_name: Any, perm: Sequence[int]) -> Any:
    """Permute the lanes of a named axis (`jax.lax.pshuffle`): lane ``i`` gets the value of lane ``perm[i]``.

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

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: x * lax.axis_index("i"), axis_name="i")(np.array([5, 6, 7]))
    array([ 0,  6, 14])
    """
    index: Any = np.int64(0)
    for name in _names(axis_name):
        for run in LANE.get():
            if run.axis.name == name and run.lane is not None:
                index = index * run.axis.size + np.int64(run.lane)
                break
        else:
            run = _run(name)
            own = live(LaneArray(np.arange(run.axis.size), run.axis.lanes, SCALAR))
            index = index * run.axis.size + own if len(_names(axis_name)) > 1 else own
    return index


def axis_size(axis_name: Any) -> int:
    """The size of a named axis (`jax.lax.axis_size`): a Python int, the same in every lane.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda x: x / lax.axis_size("i"), axis_name="i")(np.ones(4))
    array([0.25, 0.25, 0.25, 0.25])
    """
    return math.prod(_any_run(name).axis.size for name in _names(axis_name))


# ---- finding the axis ----


def _names(axis_name: Any) -> tuple[Any, ...]:
    return axis_name if isinstance(axis_name, tuple) else (axis_name,)


def _run(name: Any) -> Run:
    """The innermost run whose axis has this name, with all its lanes at work."""
    run = _any_run(name)
    if run.lane is not None:
        raise CollectiveError(f"a collective over {name!r} needs all lanes of the axis, but they run lane by lane.")
    if run.axis.replaced is not None:
        owner = run.axis.replaced.owner
        why = owner.why_split if isinstance(owner, Run) else ""
        raise CollectiveError(
            f"a collective over {name!r} needs all lanes of the axis, but they have split: {why}.\n"
            "  Call the collective before the branch, or use np.where for the choice."
        )
    if run.chunk:
        raise CollectiveError(
            f"a collective over {name!r} needs all lanes of the axis, but they run in chunks.\n"
            "  Leave chunk_size out for this function."
        )
    return run


def _any_run(name: Any) -> Run:
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
    return [_run(name).axis for name in _names(axis_name)]


def _position(x: LaneArray, axis: LaneAxis) -> int | None:
    return x.lanes.axes.index(axis) if axis in x.lanes.axes else None


# ---- the work ----


def _sum(data: Data, at: int | None, size: int) -> Data:
    dtype = np.dtype(np.int64) if data.dtype == bool else data.dtype
    if at is None:
        return data.astype(dtype) * dtype.type(size)
    return np.asarray(np.moveaxis(data, at, -1).sum(axis=-1, dtype=dtype))


def _fold(x: Any, axis_name: Any, fold: Callable[[Data, int | None, int], Data]) -> Any:
    axes = _axes(axis_name)

    def leaf(value: Any) -> Any:
        found = live(lane(value))
        for axis in axes:
            data = fold(found.data, _position(found, axis), axis.size)
            found = wrap(data, found.lanes.without(axis))
        return found

    return pytree.map(leaf, x)


def _gather(x: LaneArray, axes: list[LaneAxis], axis: int, tiled: bool) -> Any:
    x = live(x)
    ndim = x.data.ndim - x.lanes.ndim
    shape = x.data.shape[x.lanes.ndim :]
    at = axis % ndim if tiled else axis % (ndim + 1)
    for number, gathered in enumerate(reversed(axes)):
        place = _position(x, gathered)
        lead = x.lanes.ndim
        if place is None:
            data = np.repeat(np.expand_dims(x.data, lead), gathered.size, axis=lead)
            x = LaneArray(data, x.lanes, ARRAY)
        else:
            x = LaneArray(np.moveaxis(x.data, place, lead - 1), x.lanes.without(gathered), ARRAY)
        if number:
            lead = x.lanes.ndim
            x = LaneArray(x.data.reshape(x.data.shape[:lead] + (-1,) + x.data.shape[lead + 2 :]), x.lanes, ARRAY)
    stacked = np.moveaxis(x, 0, at)
    if tiled:
        return np.reshape(stacked, (*shape[:at], -1, *shape[at + 1 :]))
    return stacked


