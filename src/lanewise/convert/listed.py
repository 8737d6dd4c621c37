"""Lists of numbers that differ between lanes, for NumPy's functions: they take them as the array that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..array import PYTHON, SCALAR, TABLE
from ..ops.creation import array
from ..regions import VARYING, LaneList, Mixed, joint, unlisted
from ..regions.both import scalar_kind

LISTS = frozenset({LaneList, list, tuple})

OF_ARRAYS = frozenset({
    np.concatenate, np.stack, np.hstack, np.vstack, np.dstack, np.column_stack, np.block, np.select, np.choose,
    np.piecewise, np.meshgrid, np.broadcast_arrays, np.lexsort, np.ravel_multi_index, np.einsum, np.linalg.multi_dot,
})  # fmt: skip
"""What takes a list as it is: of several arrays."""


def listed(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a function of NumPy, to which a list is an array."""
    if not LISTS.isdisjoint(map(type, args)):
        args = tuple([_as_array(x, n == 0) if type(x) in LISTS else x for n, x in enumerate(args)])
    if kwargs and not LISTS.isdisjoint(map(type, kwargs.values())):
        kwargs = {name: _as_array(x, False) if type(x) in LISTS else x for name, x in kwargs.items()}
    return function(*args, **kwargs)


def _as_array(x: Any, first: bool) -> Any:
    """A list of numbers as an array; integers behind the first argument may be a shape, or axes."""
    items = unlisted(x)
    numbers = list(_leaves(items))
    if not any(type(number) in VARYING for number in numbers):
        return x
    dtypes = [dtype for number in numbers for dtype in _dtypes(number)]
    if any(dtype is None for dtype in dtypes) or not (first or any(dtype.kind not in "iu" for dtype in dtypes)):
        return items
    return array_of(array, items)


def _dtypes(number: Any) -> list[Any]:
    """The dtype of a number in each of its forms; None where it is no number."""
    kinds = [scalar_kind(x) for x in (number.options if type(number) is Mixed else (number,))]
    return [kind[1] if kind is not None and kind[0] in (PYTHON, SCALAR) else None for kind in kinds]


def array_of(make: Callable[..., Any], items: Any, *args: Any, **kwargs: Any) -> Any:
    """Make an array of a list in which numbers may be of several types: an array of floats holds these alike."""
    numbers = list(_leaves(items))
    mixed = [x for x in numbers if type(x) is Mixed]
    if not mixed:
        return make(items, *args, **kwargs)
    floats = any(_is_float(x) for x in numbers)  # then the integers among the others become floats
    known = {id(x): joint(x, integers=floats) for x in mixed}
    for x in mixed:
        if known[id(x)] is None:  # once for each of its types
            return TABLE["mixed"](x, lambda y, x=x: array_of(make, _with(items, {id(x): y}), *args, **kwargs))
    return make(_with(items, known), *args, **kwargs)


def _is_float(x: Any) -> bool:
    """Whether a number is a float in all lanes."""
    return all(dtype is not None and dtype.kind == "f" for dtype in _dtypes(x))


def _leaves(items: Any) -> Iterator[Any]:
    for item in items:
        if type(item) in (list, tuple):
            yield from _leaves(item)
        else:
            yield item


def _with(items: Any, new: dict[int, Any]) -> Any:
    """Nested lists with some of their items replaced."""
    return [_with(x, new) if type(x) in (list, tuple) else new.get(id(x), x) for x in items]
