"""Operations on arrays that `jax.lax` has with rules of its own."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..array import SCALAR, LaneArray, live
from ..facts import RUN, recorder
from ..ops.common import lane
from ._scans import as_array
from ._types import own, together, type_of

# ---- choices, element by element ----


def select(pred: Any, on_true: Any, on_false: Any) -> Any:
    """Choose between two arrays, element by element (`jax.lax.select`).

    Parameters
    ----------
    pred : array of bool
        A scalar, or of the shape of the cases.
    on_true, on_false : array
        The cases, of one shape and one dtype.

    Returns
    -------
    array
        Of the shape and dtype of the cases.

    Raises
    ------
    TypeError
        If the cases differ in shape or dtype, or if ``pred`` does not fit them.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax
    >>> x = np.array([1.0, -2.0])
    >>> lax.select(x > 0, x, np.zeros_like(x))
    array([1., 0.])
    """
    return _select("select", "pred", pred, (on_false, on_true), ("on_false", "on_true"))


def select_n(which: Any, *cases: Any) -> Any:
    """Choose among several arrays, element by element (`jax.lax.select_n`).

    Parameters
    ----------
    which : array of int or bool
        The number of the case: a scalar, or of the shape of the cases. A negative one counts as 0, one too high as
        the last.
    *cases : array
        Of one shape and one dtype.

    Returns
    -------
    array
        Of the shape and dtype of the cases.

    Raises
    ------
    ValueError
        If there are no cases.
    TypeError
        If the cases differ in shape or dtype, or ``which`` has another shape, or holds no integers or truth values.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax
    >>> lax.select_n(np.array([0, 2, 1]), np.zeros(3), np.ones(3), np.full(3, 2.0))
    array([0., 2., 1.])
    """
    if not cases:
        raise ValueError("lax.select_n: there are no cases to choose from.")
    return _select("select_n", "which", which, cases, [f"cases[{n}]" for n in range(len(cases))])


def _select(name: str, what: str, which: Any, cases: Sequence[Any], names: Sequence[str]) -> Any:
    which = as_array(which)
    types = [type_of(case) for case in cases]
    joint = types[0]
    for label, other in zip(names[1:], types[1:], strict=True):
        found = together(joint, other)
        if found is None:
            aspect = "dtype" if joint.shape == other.shape else "shape"
            width = max(len(names[0]), len(label))
            raise TypeError(
                f"lax.{name}: the cases differ in {aspect}:\n    {names[0]:{width}}  {types[0]}\n"
                f"    {label:{width}}  {other}\n  np.where broadcasts and converts."
            )
        joint = found
    chooser = type_of(which)
    if chooser.shape not in ((), joint.shape) or chooser.dtype.kind not in "biu":
        raise TypeError(
            f"lax.{name}: {what} must be true or false or integer, and a scalar or of the cases' shape {joint.shape}; "
            f"it is {chooser}.\n  np.where broadcasts."
        )
    found_case: Any = cases[0]
    if len(cases) == 1:
        return as_array(found_case)
    for n, case in enumerate(cases[1:], 1):
        found_case = np.where(which if chooser.dtype.kind == "b" or name == "select" else which >= n, case, found_case)
    return found_case if type_of(found_case).dtype == joint.dtype else found_case.astype(joint.dtype)


# ---- slices whose place may differ between lanes ----


def dynamic_slice(operand: Any, start_indices: Any, slice_sizes: Sequence[int]) -> Any:
    """A slice of a fixed size, from a start of each lane (`jax.lax.dynamic_slice`).

    Parameters
    ----------
    operand : array
        What to slice.
    start_indices : sequence of int
        One for each axis. A negative one counts from the end; a slice that would stick out is moved inside.
    slice_sizes : sequence of int
        One for each axis.

    Returns
    -------
    array
        Of shape ``slice_sizes``: a copy.

    Raises
    ------
    TypeError
        If a start is no integer scalar, or the window does not fit in the array.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda start: lax.dynamic_slice(np.arange(5), (start,), (2,)))(np.array([0, 2, 9]))
    array([[0, 1],
           [2, 3],
           [3, 4]])
    """
    operand, lowest, sizes = _window("dynamic_slice", operand, start_indices, slice_sizes)
    for axis in range(len(sizes)):  # one after another: a view but where a start differs
        operand = operand[(*[slice(None)] * axis, _places(lowest[axis], sizes[axis]))]
    return np.copy(operand)


def dynamic_update_slice(operand: Any, update: Any, start_indices: Any) -> Any:
    """A copy with a slice replaced, from a start of each lane (`jax.lax.dynamic_update_slice`).

    Parameters
    ----------
    operand : array
        What to copy.
    update : array
        What to put in; of the dtype of ``operand``, and no larger.
    start_indices : sequence of int
        As for `dynamic_slice`.

    Returns
    -------
    array
        Like ``operand``.

    Raises
    ------
    TypeError
        If a start is no integer scalar, or the update does not fit in the array or has another dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda start: lax.dynamic_update_slice(np.zeros(4), np.ones(2), (start,)))(np.array([0, 9]))
    array([[1., 1., 0., 0.],
           [0., 0., 1., 1.]])
    """
    theirs, ours = type_of(update), type_of(as_array(operand))
    if together(theirs, ours._replace(shape=theirs.shape)) is None:
        raise TypeError(f"lax.dynamic_update_slice: update has dtype {theirs.dtype}, but operand has {ours.dtype}.")
    operand, lowest, sizes = _window("dynamic_update_slice", operand, start_indices, theirs.shape)
    index: Any = tuple(map(_places, lowest, sizes))
    if sum(type(low) is LaneArray for low in lowest) > 1:
        index = tuple([low + steps for low, steps in zip(lowest, np.ogrid[tuple(map(slice, sizes))], strict=True)])
    found: Any = np.copy(operand)
    if not lane(found).lanes.axes:
        found = own(lane(found).data, RUN.get())
    found[index] = update
    return found


def _window(name: str, operand: Any, starts: Any, sizes: Sequence[int]) -> tuple[Any, list[Any], list[int]]:
    """An operand, and where a window of it begins and how large it is along each axis."""
    operand = as_array(operand)
    shape = type_of(operand).shape
    starts = list(starts)
    sizes = [operator.index(size) for size in sizes]
    if not len(starts) == len(sizes) == len(shape):
        raise TypeError(
            f"lax.{name}: there must be a start and a size for each of the {len(shape)} axes; there are "
            f"{len(starts)} and {len(sizes)}."
        )
    if any(not 0 <= size <= length for size, length in zip(sizes, shape, strict=True)):
        raise TypeError(f"lax.{name}: a window of shape {tuple(sizes)} does not fit in an array of shape {shape}.")
    lowest = [_clamped(start, size, length) for start, size, length in zip(starts, sizes, shape, strict=True)]
    return lane(operand) if any(type(low) is LaneArray for low in lowest) else operand, lowest, sizes


def _places(low: Any, size: int) -> Any:
    """The index of a window along one axis."""
    return low + np.arange(size) if type(low) is LaneArray else slice(low, low + size)


def _clamped(start: Any, size: int, length: int) -> Any:
    if type_of(start).shape or getattr(type_of(start).dtype, "kind", "O") not in "iu":
        raise TypeError(f"lax: a start must be an integer scalar, not {type_of(start)}.")
    if type(start) is not LaneArray:
        start = operator.index(start)
        return min(max(start + length if start < 0 else start, 0), length - size)
    if recorder() is not None:
        start = start.astype(np.int64)
        return np.clip(np.where(start < 0, start + length, start), 0, length - size)
    start = live(start)
    data = start.data.reshape(start.lanes.shape).astype(np.int64)
    return LaneArray(np.clip(np.where(data < 0, data + length, data), 0, length - size), start.lanes, SCALAR)


def dynamic_slice_in_dim(operand: Any, start_index: Any, slice_size: int, axis: int = 0) -> Any:
    """The same along one axis (`jax.lax.dynamic_slice_in_dim`).

    Parameters
    ----------
    operand : array
        What to slice.
    start_index : int
        Where to start; of each lane or of all. As for `dynamic_slice`.
    slice_size : int
        How long the slice is.
    axis : int
        Along which axis.

    Returns
    -------
    array
        The slice: a copy.

    Raises
    ------
    TypeError
        As for `dynamic_slice`.
    AxisError
        If there is no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax
    >>> lax.dynamic_slice_in_dim(np.arange(6).reshape(2, 3), 1, 2, axis=1)
    array([[1, 2],
           [4, 5]])
    """
    operand = as_array(operand)
    axis = normalize_axis_index(axis, operand.ndim)
    starts: list[Any] = [0] * operand.ndim
    sizes = list(operand.shape)
    starts[axis], sizes[axis] = start_index, slice_size
    return dynamic_slice(operand, starts, sizes)


def dynamic_index_in_dim(operand: Any, index: Any, axis: int = 0, keepdims: bool = True) -> Any:
    """One slice along one axis, by an index of each lane (`jax.lax.dynamic_index_in_dim`).

    Parameters
    ----------
    operand : array
        What to slice.
    index : int
        Which slice; one that is too high counts as the last.
    axis : int
        Along which axis.
    keepdims : bool
        Whether the axis stays, with length 1.

    Returns
    -------
    array
        The slice: a copy.

    Raises
    ------
    TypeError
        As for `dynamic_slice`.
    AxisError
        If there is no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> vmap(lambda n: lax.dynamic_index_in_dim(np.arange(5) * 10, n, keepdims=False))(np.array([3, 0, 99]))
    array([30,  0, 40])
    """
    found = dynamic_slice_in_dim(operand, index, 1, axis)
    return found if keepdims else np.squeeze(found, axis)


def dynamic_update_slice_in_dim(operand: Any, update: Any, start_index: Any, axis: int) -> Any:
    """`dynamic_update_slice` along one axis (`jax.lax.dynamic_update_slice_in_dim`).

    Parameters
    ----------
    operand, update : array
        As for `dynamic_update_slice`.
    start_index : int
        Where to start; of each lane or of all.
    axis : int
        Along which axis.

    Returns
    -------
    array
        Like ``operand``.

    Raises
    ------
    TypeError
        As for `dynamic_update_slice`.
    AxisError
        If there is no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax
    >>> lax.dynamic_update_slice_in_dim(np.zeros(4), np.ones(2), 1, axis=0)
    array([0., 1., 1., 0.])
    """
    operand = as_array(operand)
    starts: list[Any] = [0] * operand.ndim
    starts[normalize_axis_index(axis, operand.ndim)] = start_index
    return dynamic_update_slice(operand, update, starts)


def dynamic_update_index_in_dim(operand: Any, update: Any, index: Any, axis: int) -> Any:
    """A copy with one slice replaced (`jax.lax.dynamic_update_index_in_dim`).

    Parameters
    ----------
    operand : array
        What to copy.
    update : array
        The slice, with or without the axis.
    index : int
        Which slice; of each lane or of all.
    axis : int
        Along which axis.

    Returns
    -------
    array
        Like ``operand``.

    Raises
    ------
    TypeError
        As for `dynamic_update_slice`.
    AxisError
        If there is no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax
    >>> lax.dynamic_update_index_in_dim(np.zeros((2, 2)), np.ones(2), 1, axis=0)
    array([[0., 0.],
           [1., 1.]])
    """
    operand = as_array(operand)
    if len(type_of(update).shape) < operand.ndim:
        update = np.expand_dims(update, normalize_axis_index(axis, operand.ndim))
    return dynamic_update_slice_in_dim(operand, update, index, axis)


# ---- others ----


def top_k(operand: Any, k: int) -> tuple[Any, Any]:
    """The largest elements along the last axis, and where they are (`jax.lax.top_k`).

    Parameters
    ----------
    operand : array
        Numbers.
    k : int
        How many.

    Returns
    -------
    values, indices : array
        The elements from the largest on (nan counts as the largest, of equals the first comes first), and their
        indices as int32.

    Raises
    ------
    ValueError
        If the last axis has not so many elements.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax
    >>> lax.top_k(np.array([1.0, 5.0, 3.0]), 2)
    (array([5., 3.]), array([1, 2], dtype=int32))
    """
    operand = as_array(operand)
    size = operand.shape[-1] if operand.ndim else 0
    if not operand.ndim or not 0 <= operator.index(k) <= size:
        raise ValueError(f"lax.top_k: k must be 0 to {size}, the length of the last axis, not {k}.")
    order = np.argsort(operand[..., ::-1], axis=-1, kind="stable")
    order = size - 1 - order[..., ::-1][..., :k]
    return np.take_along_axis(operand, order, -1), order.astype(np.int32)


def clamp(min: Any, x: Any, max: Any) -> Any:
    """A value moved into a range (`jax.lax.clamp`).

    Parameters
    ----------
    min, x, max : array
        The lower end, the value, and the upper end.

    Returns
    -------
    array
        ``x``, where it lies between the ends; else the nearer one.

    Examples
    --------
    >>> from lanewise import lax
    >>> int(lax.clamp(0, 7, 5))
    5
    """
    return np.minimum(np.maximum(x, min), max)


def rsqrt(x: Any) -> Any:
    """One over the square root (`jax.lax.rsqrt`).

    Parameters
    ----------
    x : array
        Numbers.

    Returns
    -------
    array
        ``1 / sqrt(x)``.

    Examples
    --------
    >>> from lanewise import lax
    >>> float(lax.rsqrt(4.0))
    0.5
    """
    return 1 / np.sqrt(x)


def stop_gradient(x: Any) -> Any:
    """The value itself: there are no gradients here (`jax.lax.stop_gradient`).

    Parameters
    ----------
    x : pytree
        Anything.

    Returns
    -------
    pytree
        ``x``.

    Examples
    --------
    >>> from lanewise import lax
    >>> lax.stop_gradient(3.0)
    3.0
    """
    return x
