"""Reading and writing by index: every kind, of every array, each batched or not."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import facts
from ..array import ARRAY, SCALAR, LaneArray, live, row
from ..lanes import NOWHERE, Lanes, spread
from .common import as_lanes, bind, data_axis, full, lane, lanes_first
from .writing import write_data

_ALL = slice(None)


@dataclass
class Plan:
    """An index, ready to apply to the data of an array.

    With ``gathers``, the lane axes are indexed explicitly and the data found is laid out as lanes, then
    the dimensions of the advanced indices, then the rest. Otherwise the lane axes are sliced whole, and
    lie at ``lanes_at`` in the data found.
    """

    items: tuple[Any, ...]
    lanes: Lanes
    advanced: int  # the number of dimensions that the advanced indices give
    place: int  # and where they belong among the example's axes
    lanes_at: int = 0
    gathers: bool = False
    scalar: bool = False


def plan(x: LaneArray, index: Any, *, gathers: bool = False) -> Plan:
    """Work out an index of an example as an index of the data."""
    items = _items(index, x.data.ndim - x.lanes.ndim)
    scalar = not any(item is Ellipsis for item in (index if type(index) is tuple else (index,)))
    lanes = x.lanes
    advanced = [n for n, item in enumerate(items) if isinstance(item, (np.ndarray, LaneArray, bool, np.bool))]
    if not advanced and not gathers:
        return Plan((_ALL,) * lanes.ndim + items, lanes, 0, 0, scalar=scalar)
    # in the company of arrays, integers are arrays too
    advanced = [n for n, item in enumerate(items) if item is not None and not isinstance(item, slice)]
    together = advanced == list(range(advanced[0], advanced[-1] + 1)) if advanced else True
    place = advanced[0] if together and advanced else 0
    arrays = [items[n] for n in advanced]
    for item in arrays:
        if type(item) is LaneArray:
            lanes = lanes.union(item.lanes)
    ndim = max((_rank(item) for item in arrays), default=0)
    if lanes is x.lanes and not any(type(item) is LaneArray for item in arrays) and not gathers:
        at = 0 if together else ndim
        return Plan((_ALL,) * lanes.ndim + items, lanes, ndim, place, lanes_at=at, scalar=scalar)
    full_items = list(items)
    for n in advanced:
        item = items[n]
        if type(item) is LaneArray:
            full_items[n] = spread(item.data, item.lanes, lanes, ndim)
    own = [
        np.arange(axis.size).reshape([axis.size if a is axis else 1 for a in lanes.axes] + [1] * ndim)
        for axis in x.lanes.axes
    ]
    return Plan((*own, *full_items), lanes, ndim, place, gathers=True, scalar=scalar)


def _rank(item: Any) -> int:
    if type(item) is LaneArray:
        return item.data.ndim - item.lanes.ndim
    return 1 if isinstance(item, (bool, np.bool)) else np.ndim(item)


def _items(index: Any, ndim: int) -> tuple[Any, ...]:
    """The index as a tuple, its masks as integer arrays, its ellipsis as slices."""
    items: list[Any] = []
    for item in index if type(index) is tuple else (index,):
        items.extend(_item(item))
    used = sum(1 for item in items if item is not None and item is not Ellipsis and not isinstance(item, bool))
    if used > ndim:
        raise IndexError(
            f"too many indices for array: array is {ndim}-dimensional, but {used} were indexed"
        )
    for n, item in enumerate(items):
        if item is Ellipsis:
            items[n : n + 1] = [_ALL] * (ndim - used)
            break
    if any(item is Ellipsis for item in items):
        raise IndexError("an index can only have a single ellipsis ('...')")
    return tuple(items)


def _item(item: Any) -> tuple[Any, ...]:
    kind = type(item)
    if kind is int or item is None or item is Ellipsis:
        return (item,)
    if kind is slice:
        return (slice(*[None if part is None else operator.index(part) for part in (item.start, item.stop, item.step)]),)
    if kind is bool or kind is np.bool:
        return (bool(item),)
    if isinstance(item, np.integer) and kind is not LaneArray:
        return (int(item),)
    array = as_lanes(item)
    if type(array) is not LaneArray:
        array = np.asarray(array)
        if array.size == 0 and kind is list:
            array = array.astype(np.intp)
    dtype = array.data.dtype if type(array) is LaneArray else array.dtype
    if dtype == bool:
        return tuple(places(array)) if type(array) is LaneArray else tuple(_nonzero(array))
    if dtype.kind not in "iu":
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays are "
            "valid indices"
        )
    if type(array) is not LaneArray and array.ndim == 0:
        return (int(array),)
    return (array,)


def _nonzero(mask: Any) -> tuple[Any, ...]:
    return mask.nonzero() if mask.ndim else (bool(mask),)


def places(mask: LaneArray) -> list[LaneArray]:
    """The places of the true elements in each lane, once the lanes agree on how many there are."""
    mask = live(mask)
    ndim = mask.data.ndim - mask.lanes.ndim
    if ndim == 0:
        mask = LaneArray(mask.data[..., None], mask.lanes, ARRAY)
    counts = np.count_nonzero(mask.data, axis=tuple(range(-max(ndim, 1), 0)))
    facts.agree(mask.lanes, np.asarray(counts), "the number of true elements in a mask")
    mask = live(mask)
    found = mask.data.nonzero()[mask.lanes.ndim :]
    shape = (*mask.lanes.shape, -1) if mask.data.size else (*mask.lanes.shape, 0)
    return [LaneArray(place.reshape(shape), mask.lanes, ARRAY) for place in found]


@row(operator.getitem)
def getitem(func: Any, x: LaneArray, index: Any) -> Any:
    """``x[index]``."""
    if type(index) is str or (type(index) is list and index and type(index[0]) is str):
        return LaneArray(x.data[index], x.lanes, x.kind)
    if type(x) is not LaneArray:
        x = lane(x)
    if x.kind == SCALAR and not (index is Ellipsis or index in ((), None)):
        return x.data.dtype.type(0)[index]  # a NumPy scalar's own complaint
    if _is_mask_of(x, index):
        return _take_mask(x, index)
    steps = plan(x, index)
    x = live(x)
    steps = plan(x, index) if steps.lanes.stale else steps
    return take(x, steps)


def _is_mask_of(x: LaneArray, index: Any) -> bool:
    return (
        type(index) is LaneArray
        and index.data.dtype == bool
        and index.lanes is x.lanes
        and index.data.shape == x.data.shape
        and index.data.ndim > x.lanes.ndim
    )


def _take_mask(x: LaneArray, mask: LaneArray) -> LaneArray:
    """``x[mask]`` with a mask of the array's own shape: the common case, in one gather."""
    counts = np.count_nonzero(mask.data, axis=tuple(range(x.lanes.ndim, x.data.ndim)))
    facts.agree(x.lanes, np.asarray(counts), "the number of true elements in a mask")
    x, mask = live(x), live(mask)
    count = np.count_nonzero(mask.data[(0,) * x.lanes.ndim])
    return LaneArray(x.data[mask.data].reshape(*x.lanes.shape, count), x.lanes, ARRAY)


def take(x: LaneArray, steps: Plan) -> LaneArray:
    """Read by a plan."""
    data = x.data[steps.items]
    lanes = steps.lanes
    if steps.gathers:
        data = _shift(data, lanes.ndim, steps.advanced, steps.place)
    elif steps.lanes_at:
        data = lanes_first(data, lanes, steps.lanes_at)
    if type(data) is not np.ndarray:
        data = np.asarray(data)
    return LaneArray(data, lanes, SCALAR if steps.scalar and data.ndim == lanes.ndim else ARRAY)


def _shift(data: Any, start: int, count: int, place: int) -> Any:
    """Move ``count`` axes at ``start`` to ``place`` among the axes behind them."""
    if not place or not count:
        return data
    order = list(range(data.ndim))
    block = order[start : start + count]
    del order[start : start + count]
    order[start + place : start + place] = block
    return data.transpose(order)


@row(operator.setitem)
def setitem(func: Any, x: LaneArray, index: Any, value: Any) -> None:
    """``x[index] = value``."""
    if type(index) is str:
        setitem(func, LaneArray(x.data[index], x.lanes, ARRAY), Ellipsis, value)
        return
    if x.kind != ARRAY:
        raise TypeError(f"{x.__class__.__name__!r} object does not support item assignment")
    value = as_lanes(value)
    if x.data.dtype == object:
        raise facts.NoLaneForm("an array of objects is written")
    lanes = plan(x, index).lanes
    if type(value) is LaneArray:
        lanes = lanes.union(value.lanes)
    write_data(x, lanes)
    steps = plan(x, index)
    if not steps.gathers and steps.lanes is not lanes:
        steps = plan(x, index, gathers=True)
    if type(value) is not LaneArray:
        value = LaneArray(np.asarray(value), NOWHERE, ARRAY)
    ndim = len(_result_shape(x, steps)) - lanes.ndim
    data = _fitted(value, lanes, ndim)
    if steps.gathers:
        data = _unshift(data, lanes.ndim, steps.advanced, steps.place)
    elif steps.lanes_at:
        order = list(range(data.ndim))
        block = order[: lanes.ndim]
        del order[: lanes.ndim]
        order[steps.lanes_at : steps.lanes_at] = block
        data = data.transpose(order)
    x.data[steps.items] = data


def _result_shape(x: LaneArray, steps: Plan) -> tuple[int, ...]:
    probe = np.broadcast_to(np.empty((), "u1"), x.data.shape)
    return np.shape(probe[steps.items])


def _fitted(value: LaneArray, lanes: Lanes, ndim: int) -> Any:
    """The data of a value to be assigned to ``ndim`` example axes; extra leading axes of size 1 go."""
    shape = value.data.shape[value.lanes.ndim :]
    data = value.data
    while len(shape) > ndim and shape[0] == 1:
        data = data.reshape(value.lanes.shape + shape[1:])
        shape = shape[1:]
    if len(shape) > ndim:
        raise ValueError(f"could not broadcast input array from shape {shape} into an array of {ndim} dimensions")
    return spread(data, value.lanes, lanes, ndim)


def _unshift(data: Any, start: int, count: int, place: int) -> Any:
    order = list(range(data.ndim))
    block = order[start + place : start + place + count]
    del order[start + place : start + place + count]
    order[start:start] = block
    return data.transpose(order)


def full_index(x: LaneArray, index: Any) -> tuple[Any, Lanes, int]:
    """An index of the data that names the lanes explicitly, for functions that need a single index."""
    steps = plan(x, index, gathers=True)
    if steps.place:
        raise facts.NoLaneForm("an index whose arrays come after slices has no batched form here")
    return steps.items, steps.lanes, len(_result_shape(x, steps)) - steps.lanes.ndim


# ---- functions that read by index ----


@row(np.take)
def take_function(func: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.take``: reading along one axis."""
    call = bind(func, args, kwargs)
    x, indices, axis = as_lanes(call["a"]), as_lanes(call["indices"]), call.get("axis")
    out, mode = call.get("out"), call.get("mode", "raise")
    if axis is None:
        x, axis = np.ravel(x), 0
    if type(x) is not LaneArray:
        axis = axis % x.ndim if x.ndim else 0
        data = np.take(x, indices.data, axis=axis, mode=mode)
        found = LaneArray(lanes_first(np.asarray(data), indices.lanes, axis), indices.lanes, ARRAY)
    elif type(indices) is not LaneArray:
        at = data_axis(axis, x.data.ndim - x.lanes.ndim)
        found = LaneArray(np.asarray(np.take(x.data, indices, axis=at, mode=mode)), x.lanes, ARRAY)
    else:
        at = data_axis(axis, x.data.ndim - x.lanes.ndim) + x.data.ndim - x.lanes.ndim
        size = x.data.shape[x.lanes.ndim + at]
        if mode == "clip":
            indices = np.clip(indices, 0, size - 1)
        elif mode == "wrap":
            indices = np.remainder(indices, size)
        found = getitem(operator.getitem, x, (*(_ALL,) * at, indices))
    if found.data.ndim == found.lanes.ndim:
        found.kind = SCALAR
    if out is not None:
        out[...] = found
        return out
    return found


@row(np.take_along_axis)
def take_along_axis(func: Any, arr: Any, indices: Any, axis: Any = -1) -> Any:
    """``np.take_along_axis``: one index for each place."""
    x, indices = lane(arr), lane(indices)
    if axis is None:
        x, axis = np.ravel(x), 0
        if indices.data.ndim - indices.lanes.ndim != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
    ndim = x.data.ndim - x.lanes.ndim
    if indices.data.ndim - indices.lanes.ndim != ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    lanes = x.lanes.union(indices.lanes)
    index = np.broadcast_to(spread(indices.data, indices.lanes, lanes, ndim), lanes.shape + indices.shape)
    return LaneArray(np.take_along_axis(full(x, lanes), index, axis=data_axis(axis, ndim)), lanes, ARRAY)


@row(np.nonzero)
def nonzero(func: Any, a: Any) -> Any:
    """``np.nonzero``: the places of the elements that are not zero, in lanes that have equally many."""
    x = lane(a)
    if x.data.ndim == x.lanes.ndim:
        raise ValueError("Calling nonzero on 0d arrays is not allowed. Use np.atleast_1d(scalar).nonzero() instead.")
    mask = x if x.data.dtype == bool else LaneArray(x.data != 0, x.lanes, ARRAY)
    return tuple(places(mask))


@row(np.choose)
def choose(func: Any, a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """``np.choose``: elementwise among arrays."""
    from .elementwise import elementwise

    options = [choices[n] for n in range(len(choices))]
    picked = np.clip(a, 0, len(options) - 1) if mode == "clip" else np.remainder(a, len(options)) if mode == "wrap" else a
    if mode == "raise":
        check = lane(picked)
        if check.data.size and (check.data.min() < 0 or check.data.max() >= len(options)):
            raise ValueError("invalid entry in choice array")
    found = options[0]
    for n, option in enumerate(options[1:], 1):
        found = np.where(elementwise(np.equal, picked, n), option, found)
    if out is not None:
        out[...] = found
        return out
    return found
