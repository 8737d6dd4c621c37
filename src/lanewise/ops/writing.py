"""Writes: what must hold before an array is written in place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, SCALAR, TABLE, Data, LaneArray, live
from ..facts import RUN, NoLaneForm, note_write, owner_of, parted
from ..lanes import NOWHERE, Lanes
from ..views import check_free, move
from .common import as_lanes, full, lane


def write(target: Any, lanes: Lanes, act: Callable[[Any], Any]) -> Any:
    """Write into an array.

    Parameters
    ----------
    target : LaneArray
        The array.
    lanes : Lanes
        What the values to be written vary over.
    act : callable
        Writes into the array's data, which varies over ``target.lanes`` by then. If it raises a TypeError, a
        ValueError or an IndexError, it has written nothing.
    """
    write_data(target, lanes)
    return store(target, act)


def store(target: LaneArray, act: Callable[[Any], Any]) -> Any:
    """The same for an array that is ready (`write_data`)."""
    try:
        result = act(target.data)
    except (TypeError, ValueError, IndexError, OverflowError):
        raise
    except Exception:
        raise NoLaneForm("a write failed half way") from None
    wrote(target.data)
    return result


def wrote(data: Data) -> None:
    """Pass what has been written on to views that are copies."""
    run = RUN.get()
    if run is not None and run.views is not None and run.views.rows:
        run.views.follow(run, data)


def write_data(target: Any, lanes: Lanes) -> None:
    """Make an array ready to take values that vary over ``lanes``.

    Raises
    ------
    ValueError
        If the array is read-only, as in NumPy.
    """
    if type(target) is not LaneArray:
        raise NoLaneForm("a plain array is written with lane values")
    if parted():
        TABLE["prepare"](target)
    run = note_write(target.lanes, target.data)
    if not target.data.flags.writeable:
        if run is not None and not run.writable:
            run.need_writable()
        raise ValueError("assignment destination is read-only")
    wide = target.lanes.union(lanes)
    if wide is not target.lanes:
        widen(target, wide)


def source(value: Any, dtype: np.dtype[Any]) -> LaneArray:
    """A value to be assigned to elements of a dtype, with NumPy's complaints about scalars that it can't hold."""
    kind = type(value)
    x: Any = value
    if kind is LaneArray:
        if value.kind != ARRAY:
            _check_held(live(value), dtype)
        return x  # type: ignore[no-any-return]
    if kind in (bool, int, float, complex) or isinstance(value, np.generic):
        found = np.empty((), dtype)
        found[()] = value
        return LaneArray(found, NOWHERE, ARRAY)
    if kind in (list, tuple, range):
        x = as_lanes(value)
        if type(x) is LaneArray:
            return x if dtype.kind not in "biuf" else as_lanes(cast_items(value, dtype))
        return LaneArray(np.asarray(value, dtype), NOWHERE, ARRAY)
    return lane(value)


def cast_items(items: Any, dtype: np.dtype[Any]) -> Any:
    """What is in a list as numbers of another dtype, with NumPy's complaints about scalars that it can't hold."""
    if type(items) in (list, tuple, range):
        return [cast_items(item, dtype) for item in items]
    found = source(items, dtype)
    kind = SCALAR if found.data.ndim == found.lanes.ndim else ARRAY
    return LaneArray(found.data.astype(dtype, copy=False), found.lanes, kind)


def _check_held(x: LaneArray, dtype: np.dtype[Any]) -> None:
    """Complain of scalars that a dtype may not hold; which of them NumPy takes all the same is asked lane by lane."""
    data = x.data
    kind = data.dtype.kind
    if kind == "c" and dtype.kind not in "cO" and x.kind == PYTHON:
        raise TypeError("float() argument must be a string or a real number, not 'complex'")
    if kind in "US" and dtype.kind not in "USO":
        raise ValueError("could not convert string to a number")
    if dtype.kind not in "iu" or kind not in "iuf" or np.can_cast(data.dtype, dtype) or not data.size:
        return
    if kind == "f" and not np.isfinite(data).all():
        raise ValueError("cannot convert float NaN to integer")
    limits = np.iinfo(dtype)
    if not limits.min <= int(data.min()) <= int(data.max()) <= limits.max:
        raise OverflowError(f"Python integer out of bounds for {dtype}")


def room(out: Any, lanes: Lanes) -> dict[str, Any]:
    """An ``out=`` for NumPy's own call: memory like the target's for each lane, as its dtype may matter on the way."""
    target = out[0] if type(out) is tuple else out
    if target is None:
        return {}
    if type(target) is not LaneArray:
        raise NoLaneForm("a plain array is the out= of an operation on lane values")
    return {"out": np.empty(lanes.shape + target.data.shape[target.lanes.ndim :], target.data.dtype)}


BACK: Any = object()
"""The casting of functions in C that make the target one of the result's dtype, and cast it back at the end."""


def stored(result: Any, out: Any, casting: Any = "same_kind") -> Any:
    """A result, put into ``out`` if there is one."""
    target = out[0] if type(out) is tuple else out
    if target is None:
        return result
    if type(target) is not LaneArray:
        raise NoLaneForm("a plain array is the out= of an operation on lane values")
    if target.shape != result.shape:
        raise ValueError(f"output parameter has shape {target.shape}, the result {result.shape}")
    pair = result.data.dtype, target.data.dtype
    if not (np.can_cast(*pair[::-1]) if casting is BACK else np.can_cast(*pair, casting)):
        raise TypeError(f"cannot cast the output from {result.data.dtype!r} to {target.data.dtype!r}")
    target[...] = result
    return target


def overlap(x: LaneArray, target: LaneArray) -> bool:
    """Whether a value may share memory with the array that it is written to."""
    return bool(np.may_share_memory(owner_of(x.data), owner_of(target.data)))


def shares(x: LaneArray, view: Callable[[Data], Data]) -> bool:
    """Whether in the loop an operation on one example gives a view of it, where for the batch it gives a copy.

    That is up to the layout. One example of an argument lies in memory as in the loop; one of a fresh array may
    be spread out, where the loop's is compact. No harm is done by a copy as long as nothing is written. If
    something is, the group runs again on arguments whose lanes lie one after another.
    """
    if not x.data.size:
        return False
    example = x.data[(0,) * x.lanes.ndim + (...,)]
    shared = bool(np.may_share_memory(example, view(example)))
    if not shared:
        compact = example.copy("K")
        if not np.may_share_memory(compact, view(compact)):
            return False
    run = RUN.get()
    if run is not None:
        if run.started is None or not run.started.pure:
            run.lost_view = True
        elif shared or _interleaved(x):
            raise NoLaneForm("a view of an array has no batched form, in a function that writes")
    return shared


def _interleaved(x: LaneArray) -> bool:
    """Whether one example's elements lie among those of others."""
    steps = np.abs(x.data.strides)
    lanes, example = steps[: x.lanes.ndim], steps[x.lanes.ndim :]
    return bool(example.size and lanes.size and example.max() > lanes.min())


def widen(target: LaneArray, lanes: Lanes) -> None:
    """Let an array made inside the function vary over more lanes, from here on."""
    if target.data.base is not None or sys.getrefcount(target.data) > 2:
        move(target, lanes)  # it has views, or is one
        return
    check_free(target)
    target.data = np.array(full(target, lanes))
    target.lanes = lanes
