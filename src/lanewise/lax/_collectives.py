"""Collectives: operations over a named lane axis.

``psum(x, "i")`` inside ``vmap(f, axis_name="i")`` sums over the lanes of that axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import tree as pytree
from ..array import SCALAR, LaneArray, live
from ..collectives import MAX, MIN, SUM, axes_of, dealt, everyone, fold, gather, names_in, normal, once, run_of


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
    return fold(x, axis_name, SUM)


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
    return fold(x, axis_name, MAX)


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
    return fold(x, axis_name, MIN)


@once
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
    axes = axes_of(axis_name)
    return pytree.map(lambda leaf: gather(leaf, axes, axis, tiled), x)


@once
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
    axes = axes_of(axis_name)
    size = axis_size(axis_name)

    def exchange(leaf: Any) -> Any:
        shape = np.shape(leaf)
        split, concat = (normal(axis, len(shape), "all_to_all") for axis in (split_axis, concat_axis))
        if shape[split] % max(size, 1) if tiled else shape[split] != size:
            raise ValueError(
                f"all_to_all: axis {split_axis} of the example has size {shape[split]}, which must be "
                f"{'a multiple of ' if tiled else ''}the size {size} of axis {axis_name!r}."
            )
        data, lanes = everyone(leaf, axes)
        lead = lanes.ndim
        at = lead + 1 + split
        data = data.reshape(*data.shape[:at], size, shape[split] // max(size, 1), *data.shape[at + 1 :])
        data = np.moveaxis(data, at, lead)  # the lane that receives, the lane that sends, the example
        place = lead + 1 + concat
        if not tiled:
            return dealt(np.moveaxis(data.squeeze(at + 1), lead + 1, place), lanes, axes)
        data = np.moveaxis(data, lead + 1, place)
        merged = data.shape[place] * data.shape[place + 1]
        return dealt(data.reshape(*data.shape[:place], merged, *data.shape[place + 2 :]), lanes, axes)

    return pytree.map(exchange, x)


@once
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
    axes = axes_of(axis_name)
    size = axis_size(axis_name)
    sources, targets = [int(s) for s, _ in perm], [int(t) for _, t in perm]
    for ends, what in ((sources, "source"), (targets, "destination")):
        if len(set(ends)) != len(ends) or any(not 0 <= end < size for end in ends):
            raise ValueError(
                f"ppermute: each {what} must be one of the lanes 0 to {size - 1}, at most once, not {ends}."
            )

    def permute(leaf: Any) -> Any:
        data, lanes = everyone(leaf, axes)
        before: tuple[Any, ...] = (slice(None),) * lanes.ndim
        received = np.zeros_like(data)
        received[(*before, targets)] = data[(*before, sources)]
        return dealt(received, lanes, axes)

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
