"""Reading and writing by index: every kind, of every array, each batched or not."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import facts
from ..array import ARRAY, PYTHON, SCALAR, LaneArray, as_wide_as_it_is, lanes_of, live, map_lanes, row, wrap
from ..lanes import Lanes, spread
from ..views import add_row
from .common import as_lanes, bind, data_axis, elements, full, lane, lanes_first, npl, spread_all
from .writing import BACK, stored, write_data

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
    items = _items(index, x.data.shape[x.lanes.ndim :])
    scalar = not any(item is Ellipsis for item in _tuple(index))
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
    if not x.lanes.axes and together:  # NumPy leaves what the indices give where they stand
        return Plan(tuple(full_items), lanes, ndim, place, lanes_at=place, scalar=scalar)
    own = [
        np.arange(axis.size).reshape([axis.size if a is axis else 1 for a in lanes.axes] + [1] * ndim)
        for axis in x.lanes.axes
    ]
    return Plan((*own, *full_items), lanes, ndim, place, gathers=True, scalar=scalar)


def _rank(item: Any) -> int:
    if type(item) is LaneArray:
        return item.data.ndim - item.lanes.ndim
    return 1 if isinstance(item, (bool, np.bool)) else np.ndim(item)


def _items(index: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The index as a tuple, its masks as integer arrays, its ellipsis as slices."""
    found = [_item(item) for item in _tuple(index)]
    used = sum(_axes_used(item) for item in found)
    if used > len(shape):
        raise IndexError(f"too many indices for array: array is {len(shape)}-dimensional, but {used} were indexed")
    items: list[Any] = []
    at = 0
    dots = False
    for item in found:
        if item is Ellipsis:
            if dots:
                raise IndexError("an index can only have a single ellipsis ('...')")
            dots = True
            items.extend([_ALL] * (len(shape) - used))
            at += len(shape) - used
            continue
        if _is_mask(item):
            check_mask(item, shape, at)
            items.extend(places(item) if type(item) is LaneArray else item.nonzero())
        else:
            items.append(item)
        at += _axes_used(item)
    return tuple(items)


def _item(item: Any) -> Any:
    """One item of an index: an integer, a slice of integers, an array or a mask, or what it is."""
    kind = type(item)
    if kind is int or item is None or item is Ellipsis:
        return item
    if kind is slice:
        return slice(*[None if part is None else operator.index(part) for part in (item.start, item.stop, item.step)])
    if kind is bool or kind is np.bool:
        return bool(item)
    if isinstance(item, np.integer) and kind is not LaneArray:
        return int(item)
    array = as_lanes(item)
    if type(array) is LaneArray:
        if array.kind == PYTHON:
            array = LaneArray(array.data, array.lanes, SCALAR)
    else:
        array = np.asarray(array)
        if array.size == 0 and kind is list:
            return array.astype(np.intp)
        if array.ndim == 0 and array.dtype.kind in "biu":
            return array[()].item()
    if array.dtype.kind not in "biu":
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays are "
            "valid indices"
        )
    return array


def _is_mask(item: Any) -> bool:
    kind = type(item)
    return (kind is LaneArray or kind is np.ndarray) and item.dtype == bool


def _axes_used(item: Any) -> int:
    """How many axes of the array an item of an index stands for."""
    if item is None or item is Ellipsis or type(item) is bool:
        return 0
    return item.ndim if _is_mask(item) else 1


def check_mask(mask: Any, shape: tuple[int, ...], at: int) -> None:
    """A mask must have the shape of the axes that it stands for."""
    for n, (size, wanted) in enumerate(zip(mask.shape, shape[at:], strict=False)):
        if size != wanted:
            raise IndexError(
                f"boolean index did not match indexed array along axis {at + n}; size of axis is {wanted} but size of "
                f"corresponding boolean axis is {size}"
            )


def _agree_on_count(mask: LaneArray) -> None:
    if mask.lanes.axes:
        counts = np.count_nonzero(mask.data, axis=tuple(range(mask.lanes.ndim, mask.data.ndim)))
        facts.agree(mask.lanes, np.asarray(counts), "the number of true elements in a mask")


def places(mask: LaneArray) -> list[Any]:
    """The places of the true elements in each lane, once the lanes agree on how many there are."""
    mask = live(mask)
    ndim = mask.data.ndim - mask.lanes.ndim
    if ndim == 0:
        return [bool(mask)]
    _agree_on_count(mask)
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
    if x.kind == SCALAR:
        if index is Ellipsis or (type(index) is tuple and not index):
            return LaneArray(x.data, x.lanes, ARRAY if index is Ellipsis else SCALAR)
        if not all(item is None or item is Ellipsis or _is_truth(item) for item in _tuple(index)):
            return x.data.dtype.type(0)[index]  # a NumPy scalar's own complaint
    if _is_mask_of(x, index):
        return _take_mask(x, index)
    x, index, _ = agreed(x, index, [])
    steps = plan(x, index)
    if not any(type(item) is LaneArray for item in _tuple(index)) or not all(map(_is_basic, _tuple(index))):
        return take(x, steps)
    data = x.data[steps.items]
    if type(data) is np.ndarray and data.base is not None:
        data = data.copy()
    found = take(x, steps, data)
    if found.kind == ARRAY:  # a view in the loop
        add_row(data, x.data, x.lanes, steps.items, steps.lanes)
        found.data.flags.writeable = data.flags.writeable
    return found


def _is_basic(item: Any) -> bool:
    """Whether an item of an index is basic in the loop, so that a view is read."""
    if type(item) is LaneArray:
        return item.kind != ARRAY and item.data.dtype.kind in "iu"
    return item is None or item is Ellipsis or (isinstance(item, (int, np.integer, slice)) and type(item) is not bool)


def _is_truth(item: Any) -> bool:
    """Whether an item of an index is a single truth value, which makes an axis of one element or of none."""
    if type(item) is LaneArray:
        return item.data.dtype == bool and item.data.ndim == item.lanes.ndim
    return type(item) in (bool, np.bool)


def _tuple(index: Any) -> tuple[Any, ...]:
    return index if type(index) is tuple else (index,)


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
    _agree_on_count(mask)
    x, mask = live(x), live(mask)
    count = np.count_nonzero(mask.data[(0,) * x.lanes.ndim])
    return LaneArray(x.data[mask.data].reshape(*x.lanes.shape, count), x.lanes, ARRAY)


def take(x: LaneArray, steps: Plan, data: Any = None) -> LaneArray:
    """Read by a plan, or arrange the data that were read by it."""
    data = x.data[steps.items] if data is None else data
    lanes = steps.lanes
    if steps.gathers:
        data = _shift(data, lanes.ndim, steps.advanced, steps.place)
    elif steps.lanes_at:
        data = lanes_first(data, lanes, steps.lanes_at)
    if type(data) is not np.ndarray:
        data = np.asarray(data)
    if steps.scalar and data.ndim == lanes.ndim:  # a scalar does not follow the array that it was read from
        found = LaneArray(data.copy() if data.base is not None and data.flags.writeable else data, lanes, SCALAR)
        return as_wide_as_it_is(found) if data.dtype.char in "SU" else found
    return LaneArray(data, lanes, ARRAY)


def _shift(data: Any, start: int, count: int, place: int) -> Any:
    """Move ``count`` axes at ``start`` to ``place`` among the axes behind them."""
    if not place or not count:
        return data
    order = list(range(data.ndim))
    block = order[start : start + count]
    del order[start : start + count]
    order[start + place : start + place] = block
    return data.transpose(order)


def writing(x: LaneArray, index: Any, values: list[LaneArray], *, gathers: bool = False) -> tuple[Plan, list[Any]]:
    """Make an array ready to be written at an index: a plan for its data, and the values as the plan wants them."""
    x_now, index, values = agreed(x, index, values)
    lanes = plan(x_now, index).lanes
    for value in values:
        lanes = lanes.union(value.lanes)
    write_data(x, lanes)
    steps = plan(x, index, gathers=gathers)
    if not steps.gathers and steps.lanes is not lanes:
        steps = plan(x, index, gathers=True)
    ndim = len(_result_shape(x, steps)) - lanes.ndim
    return steps, [_arranged(fitted(value, lanes, ndim), steps) for value in values]


def _arranged(data: Any, steps: Plan) -> Any:
    """The data of a value, its axes in the order in which NumPy reads by the plan."""
    if steps.gathers:
        return _unshift(data, steps.lanes.ndim, steps.advanced, steps.place)
    if steps.lanes_at:
        count = steps.lanes.ndim
        order = [*range(count, count + steps.lanes_at), *range(count), *range(count + steps.lanes_at, data.ndim)]
        return data.transpose(order)
    return data


def agreed(x: LaneArray, index: Any, values: list[LaneArray]) -> Any:
    """Array, index and values, once the lanes agree on how much each mask in the index marks, and on slices."""
    if any(type(item) is slice and lanes_of(item).axes for item in _tuple(index)):
        index = tuple([_item(item) if type(item) is slice else item for item in _tuple(index)])
        x = live(x)
        index, values = map_lanes(live, (index, values))
    masks = [item for item in _tuple(index) if type(item) is LaneArray and item.data.dtype == bool]
    for mask in masks:
        _agree_on_count(live(mask))
    return (live(x), *map_lanes(live, (index, values))) if masks else (x, index, values)


def _result_shape(x: LaneArray, steps: Plan) -> tuple[int, ...]:
    probe = np.broadcast_to(np.empty((), "u1"), x.data.shape)
    return np.shape(probe[steps.items])


def fitted(value: LaneArray, lanes: Lanes, ndim: int) -> Any:
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


# ---- functions that read by index ----


@row(np.take)
def take_function(func: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.take``: reading along one axis."""
    call = bind(func, args, kwargs)
    x, indices, axis = as_lanes(call["a"]), as_lanes(call["indices"]), call.get("axis")
    out, mode = call.get("out"), call.get("mode", "raise")
    if axis is None:
        x, axis = elements(x) if type(x) is LaneArray else np.ravel(x), 0
    if type(x) is not LaneArray and type(indices) is LaneArray:
        axis = axis % x.ndim if x.ndim else 0
        data = np.take(x, indices.data, axis=axis, mode=mode)
        found = LaneArray(lanes_first(np.asarray(data), indices.lanes, axis), indices.lanes, ARRAY)
    elif type(indices) is not LaneArray:
        x = lane(x)
        at = data_axis(axis, x.data.ndim - x.lanes.ndim)
        found = LaneArray(np.asarray(np.take(x.data, indices, axis=at, mode=mode)), x.lanes, ARRAY)
    else:
        at = data_axis(axis, x.data.ndim - x.lanes.ndim) + x.data.ndim - x.lanes.ndim
        size = x.data.shape[x.lanes.ndim + at]
        if mode == "clip":
            indices = np.clip(indices, 0, size - 1)
        elif mode == "wrap":
            indices = np.remainder(indices, size)
        found = take(x, plan(x, (*(_ALL,) * at, indices)))
    if found.data.ndim == found.lanes.ndim:
        found = wrap(found.data, found.lanes)
    return stored(found, out, BACK)


@row(np.take_along_axis)
def take_along_axis(func: Any, arr: Any, indices: Any, axis: Any = -1) -> Any:
    """``np.take_along_axis``: one index for each place."""
    x, indices = lane(arr), lane(indices)
    if axis is None:
        x, axis = npl.ravel(x), 0
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


@row(np.argwhere)
def argwhere(func: Any, a: Any) -> Any:
    """``np.argwhere``."""
    x = lane(a)
    if x.data.ndim == x.lanes.ndim:
        return argwhere(func, npl.reshape(x, (1,)))[:, :0]
    return np.stack(nonzero(np.nonzero, x), axis=-1)


@row(np.unravel_index)
def unravel_index(func: Any, indices: Any, shape: Any, order: str = "C") -> Any:
    """``np.unravel_index``: the same of every lane."""
    x = lane(indices)
    return tuple([wrap(part, x.lanes) for part in npl.unravel_index(x.data, shape, order)])


@row(np.ravel_multi_index)
def ravel_multi_index(func: Any, multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Any:
    """``np.ravel_multi_index``."""
    datas, lanes = spread_all([lane(x) for x in multi_index])
    return wrap(npl.ravel_multi_index(tuple(np.broadcast_arrays(*datas)), dims, mode, order), lanes)


@row(np.choose)
def choose(func: Any, a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """``np.choose``: elementwise among arrays."""
    from .elementwise import elementwise

    options = [choices[n] for n in range(len(choices))]
    picked = a
    if mode == "clip":
        picked = np.clip(a, 0, len(options) - 1)
    elif mode == "wrap":
        picked = np.remainder(a, len(options))
    else:
        check = lane(picked)
        if check.data.size and (check.data.min() < 0 or check.data.max() >= len(options)):
            raise ValueError("invalid entry in choice array")
    found = options[0]
    for n, option in enumerate(options[1:], 1):
        found = np.where(elementwise(np.equal, picked, n), option, found)
    return stored(found, out, BACK)
