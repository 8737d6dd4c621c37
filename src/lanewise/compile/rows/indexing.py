"""Reading and writing by index. Indices are checked as NumPy checks them, and never lead outside of the array."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..cells import put
from ..values import Array, filled
from .elementwise import choose
from .shaping import is_static
from .table import Unsupported, as_array, cast, result, row

_BOOL = np.dtype(bool)
_INDEX = np.dtype(np.int64)
_WIDEST = 64  # elements that a computed index chooses among by comparison


@row(operator.getitem)
def getitem(k: Any, x: Any, index: Any) -> Any:
    """``x[index]``."""
    x = as_array(k, x)
    if is_static(index):
        return Array(_elements(x.refs[index], k.node.outputs[0].shape), x.dtype)
    return result(k, _chosen(k, x.refs, index if type(index) is tuple else (index,)))


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
    refs = x.refs.copy()
    if is_static(index):
        target = refs[index]
        if not isinstance(target, np.ndarray):
            refs[index] = value.refs.reshape(-1)[0]
        else:
            refs[index] = _fitted(value.refs, target.shape)
        return Array(refs, x.dtype)
    if type(index) is Array and index.dtype == _BOOL:
        return _masked(k, x, index, value)
    index = index if type(index) is tuple else (index,)
    axis, places = _plan(k, refs.shape, index)
    if refs.shape[axis] > _WIDEST or places.ndim:
        raise Unsupported("writing at several computed places")
    for n in range(refs.shape[axis]):
        where = (*index[:axis], n, *index[axis + 1 :])
        mask = e.compare("eq", places.refs[()], e.literal(n, "i64"))
        old = refs[where]
        shape = old.shape if isinstance(old, np.ndarray) else ()
        new = _fitted(value.refs, shape)
        olds = old.ravel() if isinstance(old, np.ndarray) else [old]
        items = [choose(e, mask, a, b) for a, b in zip(new.ravel(), olds, strict=True)]
        refs[where] = filled(items, shape) if shape else items[0]
    return Array(refs, x.dtype)


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


