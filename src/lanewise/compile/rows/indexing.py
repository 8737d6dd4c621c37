"""Reading and writing by index. Indices are checked as NumPy checks them, and never lead outside of the array."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..cells import put
from ..lift import Form, along
from ..values import Array, filled
from .elementwise import choose
from .held import Held
from .places import places_of
from .shaping import is_static
from .table import Unsupported, as_array, cast, result, row

_BOOL = np.dtype(bool)
_INDEX = np.dtype(np.int64)
_WIDEST = 64  # elements that a computed index chooses among by comparison
SPILLS = 16  # elements of which one more goes to memory, to be read at a computed place
MOST = 16  # arrays that do, as the stack is not without end


@row(operator.getitem)
def getitem(k: Any, x: Any, index: Any) -> Any:
    """``x[index]``."""
    x = as_array(k, x)
    if not is_static(index) or type(x.source) is Held:
        source = x.source if x.source is not None and x.source.picks else _spilled(k, x)
        if source is not None and (where := places_of(k, x.shape, index)) is not None:
            return result(k, source.pick(*where))
    if is_static(index):
        return Array(_elements(x.refs[index], k.node.outputs[0].shape), x.dtype)
    index = _items(k, index)
    axes = _numbers(index)
    if len(axes) < 2:
        return result(k, _chosen(k, x.refs, index))
    refs = x.refs[tuple([slice(None) if n in axes else item for n, item in enumerate(index)])]
    for axis in reversed(axes):
        before = sum(n in axes or isinstance(item, slice) for n, item in enumerate(index[:axis]))
        refs = _chosen(k, refs, (*[slice(None)] * before, index[axis]))
    return result(k, refs)


def _spilled(k: Any, x: Array) -> Any:
    """An array in registers, written to memory once, where it is made, for all that read it at computed places."""
    if math.prod(x.shape) <= SPILLS or x.source is not None or len(k.spilled) >= MOST:
        return None
    e, refs = k.e, x.all_refs()
    region = e.place(refs)
    key = (id(region), *map(id, refs))  # what a loop carries is something else after the loop
    if key not in k.spilled:
        before, e.region = e.region, region
        k.spilled[key] = Held(k, x, max(ref.width for ref in refs)), region, refs
        e.region = before
    return k.spilled[key][0]


def _items(k: Any, index: Any) -> tuple[Any, ...]:
    """The items of an index; lists that hold computed numbers are arrays."""
    items = index if type(index) is tuple else (index,)
    return tuple([as_array(k, item) if type(item) is list and not is_static(item) else item for item in items])


def _numbers(index: tuple[Any, ...]) -> list[int]:
    """The axes of computed numbers, where an index has nothing else but numbers and slices."""
    axes = [n for n, item in enumerate(index) if type(item) is Array]
    plain = all(isinstance(item, (int, np.integer, slice)) for n, item in enumerate(index) if n not in axes)
    return axes if plain and all(index[n].ndim == 0 and index[n].dtype.kind in "iu" for n in axes) else []


def _elements(found: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(found, np.ndarray):
        return found
    out = np.empty((), object)
    out[()] = found
    return out.reshape(shape)


def _plan(k: Any, shape: tuple[int, ...], index: tuple[Any, ...]) -> tuple[int, Array]:
    """The one computed index among an index's items, and the axis that it is of; it is checked here."""
    places = [n for n, item in enumerate(index) if type(item) is Array]
    if any(item is None or item is Ellipsis for item in index) or len(places) != 1:
        raise Unsupported("an index of several computed parts")
    if any(isinstance(item, (np.ndarray, list)) for item in index):
        raise Unsupported("a mixed index")
    axis = places[0]
    item = index[axis]
    if item.dtype.kind not in "iu" or (item.ndim > 0 and any(type(other) is int for other in index)):
        raise Unsupported("a mask of its own length")
    return axis, in_range(k, cast(k.e, item, _INDEX), shape[axis])


def in_range(k: Any, index: Array, size: int) -> Array:
    """Indices counted from 0; a bad one lets the call go the ordinary way, which raises."""
    e = k.e
    limit, zero = e.literal(size, "i64"), e.literal(0, "i64")
    items = []
    for item in index.refs.ravel():
        place = e.select(e.compare("slt", item, zero), e.op("add", item, limit), item)
        k.fail(e.compare("uge", place, limit))
        items.append(place)
    return Array(filled(items, index.shape), _INDEX)


def _chosen(k: Any, refs: Any, index: tuple[Any, ...]) -> Any:
    """Elements at computed places, by comparison with every place."""
    axis, places = _plan(k, refs.shape, index)
    size = refs.shape[axis]
    if size > _WIDEST:
        raise Unsupported("a computed index into a large array")
    options = [refs[(*index[:axis], n, *index[axis + 1 :])] for n in range(size)]
    options = [x if isinstance(x, np.ndarray) else filled([x], ()) for x in options]
    rest = options[0].shape
    found = []
    for place in places.refs.ravel():
        items = list(options[0].ravel())
        for n in range(1, size):
            mask = k.e.compare("eq", place, k.e.literal(n, "i64"))
            items = [choose(k.e, mask, new, old) for new, old in zip(options[n].ravel(), items, strict=True)]
        found += items
    before = sum(isinstance(item, slice) for item in index[:axis])
    whole = filled(found, places.shape + rest)
    order = list(range(places.ndim, places.ndim + before)) + list(range(places.ndim))
    return whole.transpose([*order, *range(places.ndim + before, whole.ndim)])


@row(put)
def setitem(k: Any, x: Any, index: Any, value: Any) -> Any:
    """An array after ``x[index] = value``."""
    e, x = k.e, as_array(k, x)
    value = cast(e, as_array(k, value), x.dtype)
    if type(x.source) is Held:
        where = places_of(k, x.shape, index)
        assert where is not None
        x.source.put(*where, _fitted(value.refs, where[0].shape))
        return x
    refs = x.refs.copy()
    if is_static(index):
        target = refs[index]
        whole = isinstance(target, np.ndarray)
        refs[index] = _fitted(value.refs, target.shape) if whole else value.refs.reshape(-1)[0]
        return Array(refs, x.dtype)
    if type(index) is Array and index.dtype == _BOOL:
        return _masked(k, x, index, value)
    index = _items(k, index)
    axes = _numbers(index)
    if len(axes) > 1:
        _write_at_numbers(k, refs, index, axes, value.refs)
    else:
        _write_along_an_axis(k, refs, index, value.refs)
    return Array(refs, x.dtype)


def _write_at_numbers(k: Any, refs: Any, index: tuple[Any, ...], axes: list[int], value: Any) -> None:
    """Put a value in a place that is computed along several axes."""
    e = k.e
    places = [in_range(k, cast(e, index[axis], _INDEX), refs.shape[axis]).refs[()] for axis in axes]
    sizes = [refs.shape[axis] for axis in axes]
    if np.prod(sizes) > 4 * _WIDEST:
        raise Unsupported("writing at a computed place of a large array")
    tests = [[e.compare("eq", place, e.literal(n, "i64")) for n in range(size)]
             for place, size in zip(places, sizes, strict=True)]  # fmt: skip
    for numbers in np.ndindex(*sizes):
        here = list(index)
        for axis, number in zip(axes, numbers, strict=True):
            here[axis] = number
        mask = tests[0][numbers[0]]
        for test, number in zip(tests[1:], numbers[1:], strict=True):
            mask = e.op("and", mask, test[number])
        _write(e, refs, tuple(here), mask, value)


def _write_along_an_axis(k: Any, refs: Any, index: tuple[Any, ...], value: Any) -> None:
    """Put a value in a computed place along an axis, or several one after the other, so that the last one counts."""
    axis, rows = _plan(k, refs.shape, index)
    if refs.shape[axis] > _WIDEST or (rows.ndim and (rows.ndim > 1 or len(index) > 1)):
        raise Unsupported("writing at several computed places")
    news = [value]
    if rows.ndim:
        news = list(_fitted(value, rows.shape + refs.shape[1:]))
        news = [new if isinstance(new, np.ndarray) else filled([new], ()) for new in news]
    for place, new in zip(rows.refs.ravel(), news, strict=True):
        for n in range(refs.shape[axis]):
            mask = k.e.compare("eq", place, k.e.literal(n, "i64"))
            _write(k.e, refs, (*index[:axis], n, *index[axis + 1 :]), mask, new)


def _write(e: Any, refs: Any, where: tuple[Any, ...], mask: Any, value: Any) -> None:
    """Put a value in a place, for the lanes of a mask."""
    old = refs[where]
    shape = old.shape if isinstance(old, np.ndarray) else ()
    olds = old.ravel() if isinstance(old, np.ndarray) else [old]
    items = [choose(e, mask, a, b) for a, b in zip(_fitted(value, shape).ravel(), olds, strict=True)]
    refs[where] = filled(items, shape) if shape else items[0]


def _fitted(refs: Any, shape: tuple[int, ...]) -> Any:
    while refs.ndim > len(shape) and refs.shape[0] == 1:
        refs = refs[0]
    return np.broadcast_to(refs, shape)


def _masked(k: Any, x: Array, mask: Array, value: Array) -> Any:
    """``x[mask] = value`` with one value for all."""
    rest = x.shape[mask.ndim :]
    if mask.shape != x.shape[: mask.ndim] or value.ndim > len(rest):
        raise Unsupported("values of their own for a mask")
    wide = np.broadcast_to(mask.refs.reshape(mask.shape + (1,) * len(rest)), x.shape)
    new = np.broadcast_to(value.refs, x.shape)
    triples = zip(wide.ravel(), new.ravel(), x.refs.ravel(), strict=True)
    return Array(filled([choose(k.e, m, a, b) for m, a, b in triples], x.shape), x.dtype)


@row(along)
def along_(k: Any, form: Form) -> Any:
    """Where loops are along a dimension of an array."""
    return Array(filled([k.along(*form)], ()), _INDEX)


@row(np.take_along_axis)
def take_along_axis(k: Any, arr: Any, indices: Any, axis: int = -1) -> Any:
    """``np.take_along_axis``."""
    x, places = as_array(k, arr), cast(k.e, as_array(k, indices), _INDEX)
    if axis is None or x.shape[axis] > _WIDEST:
        raise Unsupported("take_along_axis of this kind")
    refs, where = np.moveaxis(x.refs, axis, -1), np.moveaxis(places.refs, axis, -1)
    where_ = in_range(k, Array(where, _INDEX), refs.shape[-1]).refs
    refs = np.broadcast_to(refs, where.shape[:-1] + refs.shape[-1:])
    found = np.empty(where.shape, object)
    for place in np.ndindex(where.shape):
        options = refs[place[:-1]]
        item = options[0]
        for n in range(1, options.size):
            item = choose(k.e, k.e.compare("eq", where_[place], k.e.literal(n, "i64")), options[n], item)
        found[place] = item
    return result(k, np.moveaxis(found, -1, axis))


