"""What the rows share: operands spread over common lanes, example axes told apart from lane axes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from .. import facts
from ..array import ARRAY, PYTHON, SCALAR, Data, LaneArray, bits, lanes_of, live, one_lane, wrap
from ..facts import NoLaneForm
from ..lanes import NOWHERE, Lanes, spread

npl: Any = np
"""NumPy, for calls on lane values: its stubs know them not."""


def as_lanes(x: Any) -> Any:
    """An operand as the rows take it: a lane value, or a plain array.

    Lists and object arrays that hold lane values (what ``np.array([x, y])`` gives) are put together.
    """
    kind = type(x)
    if kind is LaneArray or kind in (float, int, bool, complex):
        return x
    if kind is np.ndarray:
        if x.dtype == object and any(type(item) is LaneArray for item in x.flat):
            return assemble(x)
        return x
    if kind in (list, tuple):
        if lanes_of(x).axes or _holds_lanes(x):
            return assemble(_object_array(x))
        return np.asarray(x)
    if isinstance(x, np.ndarray) and kind is not np.memmap:
        raise NoLaneForm(f"an array of type {kind.__name__} meets a lane value")
    return np.asarray(x)


def _holds_lanes(x: Any) -> bool:
    if type(x) in (list, tuple):
        return any(_holds_lanes(item) for item in x)
    return type(x) is LaneArray


def _object_array(items: Any) -> Any:
    """Nested lists of lane values as an object array of lane scalars, in the shape that NumPy would find."""
    parts = [_object_array(item) if type(item) in (list, tuple) else item for item in items]
    blocks = [_elements(part) for part in parts]
    shapes = {block.shape for block in blocks}
    if len(shapes) > 1:
        raise ValueError(
            "setting an array element with a sequence. The requested array has an inhomogeneous shape after 1 "
            f"dimensions. The detected shapes are {sorted(shapes)}."
        )
    out = np.empty((len(blocks), *shapes.pop()), object) if blocks else np.empty((0,), object)
    for n, block in enumerate(blocks):
        out[n] = block if block.ndim else block[()]
    return out


def _elements(x: Any) -> Any:
    if type(x) is LaneArray and x.data.ndim > x.lanes.ndim:
        out = np.empty(x.shape, object)
        for place in np.ndindex(x.shape):
            out[place] = x[place]
        return out
    if type(x) is LaneArray:
        out = np.empty((), object)
        out[()] = x
        return out
    return np.asarray(x, object)


def assemble(objects: Any) -> Any:
    """Put an object array of lane scalars (and plain ones) together into one lane array."""
    items = [live(item) if type(item) is LaneArray else item for item in objects.flat]
    return stack_values(items, objects.shape)


def stack_values(items: list[Any], shape: tuple[int, ...]) -> LaneArray:
    """Stack scalars, some of them lane values, into an array of the given example shape."""
    lanes = lanes_of(items)
    dtype = promoted(items)
    if dtype.hasobject:
        raise NoLaneForm("an array of objects is made of lane values")
    out = np.empty((*lanes.shape, len(items)), dtype)
    for n, item in enumerate(items):
        if type(item) is LaneArray:
            out[..., n] = spread(item.data.reshape(item.lanes.shape), item.lanes, lanes, 0)
        else:
            out[..., n] = item
    return LaneArray(out.reshape(lanes.shape + shape), lanes, ARRAY)


def promoted(items: Iterable[Any]) -> np.dtype[Any]:
    """The dtype that ``np.array`` gives a list of these scalars: Python scalars by their default dtype."""
    found = {item.data.dtype if type(item) is LaneArray else np.asarray(item).dtype for item in items}
    return np.result_type(*found) if found else np.dtype(float)


def rank(x: Any) -> int:
    """The number of example axes of an operand."""
    if type(x) is LaneArray:
        return x.data.ndim - x.lanes.ndim
    return getattr(x, "ndim", 0)


def spread_all(operands: list[Any]) -> tuple[list[Any], Lanes]:
    """Operands that broadcast against each other, as their data on common lanes and example rank."""
    lanes = NOWHERE
    ndim = 0
    for x in operands:
        if type(x) is LaneArray:
            lanes = lanes.union(x.lanes)
            own = x.data.ndim - x.lanes.ndim
        else:
            own = getattr(x, "ndim", 0)
        if own > ndim:
            ndim = own
    full_rank = lanes.ndim + ndim
    datas = []
    for x in operands:
        if type(x) is not LaneArray:
            datas.append(x)
        elif x.lanes is lanes and x.data.ndim == full_rank:
            datas.append(x.data)
        else:
            datas.append(spread(x.data, x.lanes, lanes, ndim))
    return datas, lanes


def full(x: Any, lanes: Lanes) -> Data:
    """An operand's data broadcast to every lane of ``lanes`` (a view)."""
    if type(x) is not LaneArray:
        x = LaneArray(np.asarray(x), NOWHERE, ARRAY)
    if x.lanes is lanes:
        return x.data  # type: ignore[no-any-return]
    shape = x.data.shape[x.lanes.ndim :]
    return np.broadcast_to(spread(x.data, x.lanes, lanes, len(shape)), lanes.shape + shape)


def weaken(operands: list[Any]) -> list[Any]:
    """Give lane values that stand for Python scalars the dtype that NEP 50 gives a Python scalar here."""
    for x in operands:
        if type(x) is LaneArray and x.kind == PYTHON:
            break
    else:
        return operands
    strong = [x.dtype for x in operands if hasattr(x, "dtype") and not (type(x) is LaneArray and x.kind == PYTHON)]
    return [_weak(x, strong) for x in operands]


_ZERO = {"b": False, "i": 0, "u": 0, "f": 0.0, "c": 0j}


def _weak(x: Any, strong: list[Any]) -> Any:
    if type(x) is not LaneArray or x.kind != PYTHON:
        return x
    if not strong:
        return LaneArray(x.data, x.lanes, SCALAR)
    dtype = np.result_type(*strong, _ZERO[x.data.dtype.kind])
    if x.data.dtype.kind == "i" and dtype.kind in "iu" and x.data.size:
        limits = np.iinfo(dtype)
        if int(x.data.min()) < limits.min or int(x.data.max()) > limits.max:
            raise NoLaneForm(f"a Python integer that {dtype} can't hold")
    return LaneArray(x.data.astype(dtype), x.lanes, SCALAR)


# ---- axes ----


def data_axis(axis: Any, ndim: int) -> int:
    """An example axis as an axis of the data: counted from the end, so that lane axes don't matter."""
    return normalize_axis_index(axis, ndim) - ndim


def data_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Example axes (None: all of them) as axes of the data."""
    if axis is None:
        return tuple(range(-ndim, 0))
    return tuple([n - ndim for n in normalize_axis_tuple(axis, ndim)])


data_axes_of = cache(data_axes)  # for one axis or None; a tuple may hold what only seems equal to integers


def flat(x: LaneArray) -> Data:
    """The data with the example's axes made one."""
    return x.data.reshape((*x.lanes.shape, math.prod(x.data.shape[x.lanes.ndim :])))


def elements(x: LaneArray) -> Any:
    """The elements of a value in C order, to be read only."""
    return LaneArray(flat(x), x.lanes, ARRAY)


def lanes_first(data: Data, lanes: Lanes, at: int) -> Data:
    """Move the lane axes of some data from position ``at`` to the front."""
    moved = tuple(range(at, at + lanes.ndim))
    rest = [n for n in range(data.ndim) if n not in moved]
    return data.transpose(*moved, *rest)


@cache
def parameters(function: Any) -> tuple[str, ...]:
    """The names of a function's positional parameters."""
    return tuple(inspect.signature(function).parameters)


def bind(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name."""
    if not args:
        return kwargs
    names = parameters(function)
    if len(args) > len(names):
        inspect.signature(function).bind(*args, **kwargs)  # raises the usual TypeError
    bound = dict(zip(names, args, strict=False))
    for name in kwargs:
        if name in bound:
            raise TypeError(f"{function.__name__}() got multiple values for argument {name!r}")
    bound.update(kwargs)
    return bound


def lane(x: Any) -> LaneArray:
    """An operand as a lane value; a plain one varies over no lanes."""
    x = as_lanes(x)
    return x if type(x) is LaneArray else LaneArray(np.asarray(x), NOWHERE, ARRAY)


def decided(x: Any, what: str) -> Any:
    """The plain value of an argument that shapes depend on, once the lanes agree on it."""
    if type(x) is not LaneArray and not (type(x) in (list, tuple) and _holds_lanes(x)):
        return x
    x = live(as_lanes(x))
    if x.lanes.axes:
        rows = bits(x.data).reshape(-1, math.prod(x.data.shape[x.lanes.ndim :]))
        codes = np.unique(rows, axis=0, return_inverse=True)[1] if rows.size else np.zeros(len(rows), np.intp)
        facts.agree(x.lanes, codes.reshape(x.lanes.shape), what)
    return one_lane(live(x))


def plain_only(function: Any, **arguments: Any) -> None:
    """Refuse lane values where the batched form takes plain ones."""
    for name, value in arguments.items():
        if type(value) is LaneArray or (isinstance(value, (list, tuple)) and _holds_lanes(value)):
            raise NoLaneForm(f"{function.__name__} with {name} that differs between lanes has no batched form")


__all__ = ["ARRAY", "PYTHON", "SCALAR", "NoLaneForm", "wrap"]
