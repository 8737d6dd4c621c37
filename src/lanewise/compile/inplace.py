"""Functions that write arrays, as they are recorded: ``out=``, ``where=``, item assignment, and NumPy's writers."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..array import ARRAY, PYTHON, LaneArray, map_lanes
from ..convert.calls import FORMS
from ..ops.common import npl
from .cells import Untraceable
from .ir import leaves
from .tape import unpacked

if TYPE_CHECKING:
    from .trace import Recorder

MOST = 64  # places that ``ufunc.at`` writes, one after another

_TAKE_OUT: frozenset[Any] = frozenset({
    np.sum, np.prod, np.max, np.amax, np.min, np.amin, np.mean, np.any, np.all, np.cumsum, np.cumprod, np.clip,
    np.round, np.around, np.take, np.concatenate, np.stack, np.argmax, np.argmin,
    "sum", "prod", "max", "min", "mean", "any", "all", "cumsum", "cumprod", "clip", "round", "take", "argmax", "argmin",
})  # fmt: skip
"""Functions other than ufuncs whose result may go to any array of its shape and dtype."""


def record_out(r: Recorder, rule: Any, function: Any, lead: Any, operands: Any, kwargs: dict[str, Any]) -> Any:
    """Record a function with ``out``: the arrays' cells hold the results from now on."""
    kwargs = dict(kwargs)
    out, where = kwargs.pop("out"), True
    targets = out if type(out) is tuple else (out,)
    if any(x is not None and type(x) is not LaneArray for x in targets):
        raise Untraceable("an operation in place of an unusual kind")
    is_ufunc = isinstance(function, np.ufunc)
    if is_ufunc:
        where = kwargs.pop("where", True)
    elif function not in _TAKE_OUT and not (type(function) is tuple and function[1] in ("reduce", "accumulate")):
        raise Untraceable("an operation in place of an unusual kind")
    cells, kwargs = map_lanes(r.cell_of, unpacked(r, (operands, kwargs)))
    result = r.call(rule, function, lead, cells, kwargs)
    results = result if type(result) is tuple else (result,)
    if len(results) != len(targets) or (where is not True and any(x is None for x in targets)):
        raise Untraceable("an operation in place of an unusual kind")
    casting = "same_kind" if is_ufunc else "no"
    stored = [new if x is None else _stored(r, x, new, where, casting) for x, new in zip(targets, results, strict=True)]
    return stored[0] if len(stored) == 1 else tuple(stored)


def _stored(r: Recorder, target: LaneArray, new: Any, where: Any, casting: Any) -> LaneArray:
    """An array that holds a result now, where a mask is true."""
    value = r.cell_of(target).value
    if type(new) is not LaneArray or new.data.shape[new.lanes.ndim :] != value.shape:
        raise Untraceable("an operation in place that broadcasts")
    if not np.can_cast(new.data.dtype, value.dtype, casting):
        raise Untraceable("an operation in place whose result does not fit")
    r.store(r.cell_of(target), Ellipsis, _where(target, new, where))
    return target


def _where(target: Any, new: Any, mask: Any) -> Any:
    """What an array is to hold where a mask is true, and what it holds elsewhere."""
    if mask is True:
        return new
    mask = mask if type(mask) is LaneArray else npl.asarray(mask)
    if mask.dtype != bool:
        raise Untraceable("a mask of numbers")
    found = npl.where(mask, new, target)
    if found.shape != target.shape:
        raise Untraceable("an operation in place that broadcasts")
    return found


# ---- writers ----


def setitem(r: Recorder, x: LaneArray, index: Any, value: Any) -> None:
    """``x[index] = value``."""
    if type(value) in (list, tuple):
        value = FORMS[np.array](r.cast_items(value, x.data.dtype) if x.data.dtype.kind in "biuf" else value)
    r.store(r.cell_of(x), index, unpacked(r, value))


def fill(r: Recorder, x: LaneArray, value: Any) -> None:
    """``x.fill(value)``."""
    r.store(r.cell_of(x), Ellipsis, value)


def copyto(r: Recorder, dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """``np.copyto``."""
    if type(dst) is not LaneArray or casting != "same_kind":
        raise Untraceable("np.copyto of an unusual kind")
    if where is not True:
        see_fit(dst, src)
        if any(_share(r, dst, x) for x in (src, where)):
            raise Untraceable("an array is copied to itself under a mask, one element after another")
    r.store(r.cell_of(dst), Ellipsis, _where(dst, src, where))


def putmask(r: Recorder, a: Any, mask: Any, values: Any) -> None:
    """``np.putmask`` with one value, or one for each element."""
    if type(a) is not LaneArray or np.shape(values) not in ((), a.shape) or np.shape(mask) != a.shape:
        raise Untraceable("np.putmask of an unusual kind")
    see_fit(a, values)
    r.store(r.cell_of(a), Ellipsis, _where(a, values, mask))


def _share(r: Recorder, a: LaneArray, b: Any) -> bool:
    """Whether two values may share memory."""
    return type(b) is LaneArray and b.kind == ARRAY and not r.cell_of(a).roots().isdisjoint(r.cell_of(b).roots())


def see_fit(target: LaneArray, new: Any, casting: Any = None) -> None:
    """See that numbers are of the dtype of an array, or of one that it takes without a thought.

    Parameters
    ----------
    casting : str, optional
        The rule by which NumPy's numbers may be of another dtype; Python's are never.
    """
    dtype = new.dtype if type(new) is LaneArray and new.kind != PYTHON else new
    if casting is not None and isinstance(getattr(new, "dtype", None), np.dtype) and dtype is not new:
        fits = np.can_cast(dtype, target.data.dtype, casting)
    else:
        dtype = new.data.dtype.type(0).item() if type(dtype) is LaneArray else dtype
        fits = np.result_type(dtype, target.data.dtype) == target.data.dtype
    if not fits:
        raise Untraceable("a write under a mask of what may not fit")


def fill_diagonal(r: Recorder, a: Any, val: Any, wrap: bool = False) -> None:
    """``np.fill_diagonal`` of a matrix, with one value."""
    if type(a) is not LaneArray or a.ndim != 2 or np.shape(val) or wrap:
        raise Untraceable("np.fill_diagonal of an unusual kind")
    numbers = np.arange(min(a.shape))
    setitem(r, a, (numbers, numbers), val)


def sort(r: Recorder, a: LaneArray, axis: int = -1) -> None:
    """``a.sort()``."""
    r.store(r.cell_of(a), Ellipsis, npl.sort(a, axis=axis))


def at(ufunc: np.ufunc, r: Recorder, a: Any, indices: Any, *operands: Any) -> None:
    """``ufunc.at``: one place after another, so that one that occurs twice is written twice."""
    shape: tuple[int, ...] = () if type(indices) is tuple else np.shape(indices)
    if type(a) is not LaneArray or any(_share(r, a, x) for x in leaves((indices, operands))):
        raise Untraceable(f"np.{ufunc.__name__}.at of an unusual kind")
    few = len(shape) == 1 and shape[0] <= MOST and len(operands) <= 1 and a.ndim == 1
    if not few or any(np.ndim(x) > 1 or (np.ndim(x) == 1 and np.shape(x) != shape) for x in operands):
        whole((ufunc, "at"), r, a, indices, *operands)
        return
    for n in range(shape[0]):
        place = indices[n]
        a[place] = ufunc(a[place], *[x[n] if np.ndim(x) else x for x in operands])


def whole(writer: Any, r: Recorder, x: Any, *args: Any, **kwargs: Any) -> None:
    """A function that writes an array in its own way: it is called on the whole batch."""
    if type(x) is not LaneArray or any(_share(r, x, y) for y in leaves((args, kwargs))):
        raise Untraceable("an array is written in an unusual way")
    r.store_by(r.cell_of(x), writer, *unpacked(r, (args, kwargs)))


def _refuse(r: Recorder, *args: Any, **kwargs: Any) -> Any:
    raise Untraceable("an array is written in an unusual way")


WRITERS: dict[Any, Callable[..., Any]] = {
    operator.setitem: setitem, "fill": fill, np.copyto: copyto, np.putmask: putmask, np.fill_diagonal: fill_diagonal,
    "sort": sort,
    **{writer: functools.partial(whole, writer) for writer in (
        np.put, np.place, np.put_along_axis, "partition", "put",
    )},
    **dict.fromkeys(["resize", "byteswap", "setfield"], _refuse),
}  # fmt: skip


def writer_of(function: Any) -> Callable[..., Any] | None:
    """How a function that writes its first argument is recorded; None for others."""
    if type(function) is tuple:
        return functools.partial(at, function[0]) if function[1] == "at" else None
    return WRITERS.get(function)
