"""Elementwise operations: every ufunc, its methods, and the functions that act like one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, SCALAR, TABLE, LaneArray, agree_on, live, row, wrap
from ..facts import NoLaneForm
from ..lanes import NOWHERE, spread
from ..methods import method
from .common import as_lanes, data_axes, data_axis, full, lane, npl, parameters, spread_all, weaken
from .writing import room, store, stored, write_data, wrote


def elementwise(ufunc: np.ufunc, *inputs: Any, out: Any = None, where: Any = True, **kwargs: Any) -> Any:
    """A ufunc without core dimensions: one call on operands that are spread over common lanes."""
    operands = weaken([as_lanes(x) for x in inputs])
    if where is not True:
        operands.append(as_lanes(where))
    if type(out) is tuple and len(out) == 1:
        out = out[0]
    if out is not None and out is not Ellipsis:
        return _into(ufunc, operands, out, where is not True, kwargs)
    datas, lanes = spread_all(operands)
    if where is not True:
        kwargs["where"] = datas.pop()
    result = ufunc(*datas, **kwargs)
    if out is not None:  # out=... asks for arrays, never scalars
        return LaneArray(np.asarray(result), lanes, ARRAY)
    if type(result) is tuple:
        return tuple([wrap(data, lanes) for data in result])
    return wrap(result, lanes)


def _into(ufunc: np.ufunc, operands: list[Any], out: Any, masked: bool, kwargs: dict[str, Any]) -> Any:
    """The same with ``out``: computed on the side where the target has to widen, else in place."""
    outs = out if type(out) is tuple else (out,)
    targets = [target for target in outs if target is not None]
    if any(type(target) is not LaneArray for target in targets):
        raise NoLaneForm("a plain array is the out= (or the left side) of an operation on lane values")
    datas, lanes = spread_all(operands + targets)
    if masked:
        kwargs["where"] = datas[len(operands) - 1]
    for target in targets:
        _check_out(ufunc, target, datas[: len(operands)], lanes)
    for target in targets:
        write_data(target, lanes)
    datas, _ = spread_all(operands + targets)  # the targets may have widened
    try:
        result = ufunc(*datas[: len(operands) - masked], out=_outs(outs, lanes), **kwargs)
    except (TypeError, ValueError):  # NumPy refused, and wrote nothing
        raise
    except Exception:
        raise NoLaneForm("an operation in place failed half way") from None
    for target in targets:
        wrote(target.data)
    if len(outs) == 1:
        return outs[0]
    return tuple([wrap(data, lanes) if target is None else target for target, data in zip(outs, result, strict=True)])


def _check_out(ufunc: np.ufunc, target: LaneArray, datas: list[Any], lanes: Any) -> None:
    """The example's shapes must fit as in NumPy: broadcasting never grows an output."""
    shapes = [np.shape(data)[lanes.ndim :] if np.ndim(data) >= lanes.ndim else np.shape(data) for data in datas]
    shape = np.broadcast_shapes(*shapes, target.shape)
    if shape != target.shape:
        raise ValueError(
            f"non-broadcastable output operand with shape {target.shape} doesn't match the broadcast shape {shape}"
        )


def _outs(outs: tuple[Any, ...], lanes: Any) -> tuple[Any, ...]:
    return tuple([None if target is None else spread(target.data, target.lanes, lanes, target.ndim) for target in outs])


# ---- ufunc methods ----


@row("reduce")
def reduce(
    ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """``ufunc.reduce``: the example's axes, made contiguous so that pairwise summation is kept."""
    x = lane(array)
    ndim = x.data.ndim - x.lanes.ndim
    _check_order(ufunc, x, dtype)
    if kwargs:
        x = with_where(x, kwargs)
        initial = kwargs.get("initial")
        if type(initial) is LaneArray:
            kwargs["initial"] = ufunc.identity
            return stored(from_initial(ufunc, initial, reduce(ufunc, x, axis, dtype, None, keepdims, **kwargs)), out)
    if ndim == 0 and axis in (0, -1):  # as NumPy does for a scalar
        axis = ()
    kwargs.update(room(out, x.lanes))
    data = ufunc.reduce(contiguous(ufunc, x), axis=data_axes(axis, ndim), dtype=dtype, keepdims=keepdims, **kwargs)
    return stored(wrap(data, x.lanes), out)


def _check_order(ufunc: np.ufunc, x: LaneArray, dtype: Any) -> None:
    """Refuse the folds of which NumPy's own value depends on the layout of the array.

    Their vectorised loops read several elements before they write one, so that a fold along the innermost axis
    does not feed each result to the next step.
    """
    if ufunc is np.arctan2 or (ufunc is np.power and (x.data.dtype.kind in "fc" or dtype is not None)):
        raise NoLaneForm(f"np.{ufunc.__name__}.reduce depends on the layout of its operand: it")


def from_initial(ufunc: np.ufunc, initial: LaneArray, found: LaneArray) -> Any:
    """A fold that starts from a value of each lane, given the fold without it."""
    return elementwise(ufunc, LaneArray(initial.data.astype(found.data.dtype), initial.lanes, initial.kind), found)


def with_where(x: LaneArray, arguments: dict[str, Any]) -> LaneArray:
    """Spread ``where`` among some arguments against the array, both over their common lanes."""
    where = arguments.get("where", True)
    if where is True:
        return x
    mask = lane(where)
    lanes = x.lanes.union(mask.lanes)
    ndim = max(x.data.ndim - x.lanes.ndim, mask.data.ndim - mask.lanes.ndim)
    arguments["where"] = spread(mask.data, mask.lanes, lanes, ndim)
    return LaneArray(full(x, lanes), lanes, x.kind)


_PAIRWISE = 8  # NumPy sums shorter runs one by one


def contiguous(ufunc: np.ufunc, x: LaneArray) -> Any:
    """The data, with the example's axes innermost in memory if the sum is long enough for it to matter."""
    data = x.data
    if ufunc is not np.add or data.flags.c_contiguous or data.dtype.kind not in "fc":
        return data
    return np.ascontiguousarray(data) if math.prod(data.shape[x.lanes.ndim :]) > _PAIRWISE else data


@row("accumulate")
def accumulate(ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    """``ufunc.accumulate`` along an axis of the example."""
    x = lane(array)
    at = data_axis(axis, x.data.ndim - x.lanes.ndim)
    result = ufunc.accumulate(x.data, axis=at, dtype=dtype, **room(out, x.lanes))
    return stored(LaneArray(result, x.lanes, ARRAY), out)


@row("reduceat")
def reduceat(ufunc: np.ufunc, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    """``ufunc.reduceat`` along an axis of the example, at the same places in every lane."""
    x, indices = lane(array), as_lanes(indices)
    _check_order(ufunc, x, dtype)
    if type(indices) is LaneArray:
        return stored(_reduceat_each(ufunc, x, indices, axis, dtype), out)
    at = data_axis(axis, x.data.ndim - x.lanes.ndim)
    result = ufunc.reduceat(x.data, indices, axis=at, dtype=dtype, **room(out, x.lanes))
    return stored(LaneArray(result, x.lanes, ARRAY), out)


def _reduceat_each(ufunc: np.ufunc, x: LaneArray, indices: LaneArray, axis: int, dtype: Any) -> LaneArray:
    """``ufunc.reduceat`` at places of their own: on all lanes end to end, each with one more place that ends it."""
    lanes = x.lanes.union(indices.lanes)
    ndim = x.data.ndim - x.lanes.ndim
    data = np.moveaxis(full(x, lanes), data_axis(axis, ndim), lanes.ndim)
    places = full(indices, lanes).astype(np.intp)
    size = data.shape[lanes.ndim]
    if places.size and (places.min() < 0 or places.max() >= size):
        raise IndexError(f"index out-of-bounds in {ufunc.__name__}.reduceat [0, {size})")
    flat = data.reshape(math.prod(data.shape[: lanes.ndim + 1]), *data.shape[lanes.ndim + 1 :])
    start = np.arange(0, flat.shape[0], size or 1).reshape(*lanes.shape, 1)
    # the last place of a lane reduces up to where the next lane starts, and one element more ends the last lane
    ends = np.concatenate([places + start, start + size], axis=-1).reshape(-1)
    flat = np.concatenate([flat, flat[:1]])
    count = places.shape[-1]
    if not flat.size:  # for the dtype alone
        ends, flat = np.zeros(0, np.intp), np.ones((1, *flat.shape[1:]), flat.dtype)
    found = ufunc.reduceat(flat, ends, axis=0, dtype=dtype)
    found = found.reshape(*lanes.shape, count + 1, *data.shape[lanes.ndim + 1 :])
    found = np.take(found, range(count), axis=lanes.ndim)
    return LaneArray(np.moveaxis(found, lanes.ndim, data_axis(axis, ndim)), lanes, ARRAY)


@row("outer")
def outer(ufunc: np.ufunc, a: Any, b: Any, **kwargs: Any) -> Any:
    """``ufunc.outer``: every element of one example against every element of the other."""
    a, b = lane(a), lane(b)
    ndim = b.data.ndim - b.lanes.ndim
    a = LaneArray(a.data.reshape(a.data.shape + (1,) * ndim), a.lanes, a.kind)
    return elementwise(ufunc, a, b, **kwargs)


@row("at")
def at(ufunc: np.ufunc, a: Any, indices: Any, *operands: Any) -> None:
    """``ufunc.at``: unbuffered, so that an index that occurs twice acts twice."""
    if type(a) is not LaneArray:
        raise NoLaneForm("a plain array is written by ufunc.at with lane values")
    from .indexing import writing

    steps, values = writing(a, indices, [lane(x) for x in operands], gathers=True)
    store(a, lambda memory: ufunc.at(memory, steps.items, *values))


# ---- functions that act like a ufunc ----


def broadcasting(*functions: Any, kind: int | None = None) -> None:
    """Enter functions that act elementwise on all their arguments, with broadcasting."""

    def rule(func: Any, *args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        given = parameters(func)[: len(args)]
        if "out" in given:
            place = given.index("out")
            out, args = args[place], args[:place]
        args = tuple([as_lanes(x) for x in args])
        names = [name for name, value in kwargs.items() if type(value) is LaneArray]
        operands = weaken([*args, *(kwargs[name] for name in names)])
        datas, lanes = spread_all(operands)
        kwargs.update(zip(names, datas[len(args) :], strict=True))
        result = func(*datas[: len(args)], **kwargs)
        found = wrap(result, lanes) if kind is None else LaneArray(np.asarray(result), lanes, kind)
        return stored(found, out)

    row(*functions)(rule)


broadcasting(np.round, np.around, np.isclose, np.angle, np.sinc, np.i0, np.nan_to_num)
broadcasting(np.iscomplex, np.isreal, np.isposinf, np.isneginf, np.fix)


@row(np.clip)
def clip(
    func: Any, a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """``np.clip``: by two bounds, or one."""
    low, high = a_min if min is None else min, a_max if max is None else max
    a = as_lanes(a)
    if type(a) is not LaneArray:
        a = np.asarray(a)[()]
    elif a.kind == PYTHON:  # NumPy makes an array of it, which is not weak
        a = LaneArray(a.data, a.lanes, SCALAR)
    dtype = a.dtype
    if dtype.kind in "iu":  # as NumPy does with Python integers that the dtype can't hold
        low = None if type(low) is int and low <= np.iinfo(dtype).min else low
        high = None if type(high) is int and high >= np.iinfo(dtype).max else high
    if low is None and high is None:
        return elementwise(np.positive, a, out=out, **kwargs)
    if low is None:
        return elementwise(np.minimum, a, high, out=out, **kwargs)
    if high is None:
        return elementwise(np.maximum, a, low, out=out, **kwargs)
    return elementwise(_CLIP, a, low, high, out=out, **kwargs)


_CLIP = np._core.umath.clip  # type: ignore[attr-defined]


@row(np.allclose, np.array_equal, np.array_equiv)
def agreement(func: Any, a: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
    """Whether two arrays agree in all elements: a Python bool for each lane."""
    x, y = lane(a), lane(b)
    shapes = x.data.shape[x.lanes.ndim :], y.data.shape[y.lanes.ndim :]
    if func is np.array_equal and shapes[0] != shapes[1]:
        return False
    if func is np.allclose:
        same = np.isclose(x, y, *args, **kwargs)
    else:
        try:
            np.broadcast_shapes(*shapes)
        except ValueError:
            return False
        same = np.equal(x, y)
        if kwargs.get("equal_nan", args[:1] == (True,)) and {x.data.dtype.kind, y.data.dtype.kind} <= set("fc"):
            same = same | (np.isnan(x) & np.isnan(y))
    found: LaneArray = lane(same)
    axes = tuple(range(found.lanes.ndim, found.data.ndim))
    return LaneArray(np.asarray(found.data.all(axis=axes)), found.lanes, PYTHON)


@row(np.result_type)
def result_type(func: Any, *operands: Any) -> Any:
    """``np.result_type``: of dtypes alone, Python scalars weak."""
    return np.result_type(*[_dtype_of(x) for x in operands])


@row(np.can_cast)
def can_cast(func: Any, from_: Any, to: Any, casting: Any = "safe") -> bool:
    """``np.can_cast``: of dtypes alone."""
    return np.can_cast(_dtype_of(from_), to, casting)


_WEAK: dict[str, Any] = {"b": False, "i": 0, "f": 0.0, "c": 0j}


def _dtype_of(x: Any) -> Any:
    if type(x) is LaneArray:
        return _WEAK[x.data.dtype.kind] if x.kind == PYTHON else x.data.dtype
    return lane(x).data.dtype if type(x) in (list, tuple) else x


@row(np.where)
def where(func: Any, condition: Any, *choices: Any) -> Any:
    """``np.where``: a choice for each element; with a condition alone, its nonzero places."""
    if not choices:
        return TABLE[np.nonzero](np.nonzero, condition)
    if type(condition) is LaneArray and condition.lanes.ndim:
        datas = [_alike(x, condition) for x in choices]
        if datas[0] is not None and datas[-1] is not None:
            return LaneArray(np.where(condition.data, *datas), condition.lanes, ARRAY)
    condition = as_lanes(condition)
    pair = weaken([as_lanes(x) for x in choices])
    datas, lanes = spread_all([condition, *pair])
    data = np.where(*datas)
    return LaneArray(data if lanes.axes else np.asarray(data), lanes, ARRAY)


def _alike(x: Any, model: LaneArray) -> Any:
    """The data of an operand on the same lanes and of the same rank, or a Python number; None for any other."""
    if type(x) is LaneArray:
        return x.data if x.lanes is model.lanes and x.data.ndim == model.data.ndim and x.kind != PYTHON else None
    return x if type(x) in (float, int, bool) else None


@row(np.select)
def select(func: Any, condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """``np.select``: for each element the first choice whose condition holds."""
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if len(condlist) == 0:
        raise ValueError("select with an empty condition list is not possible")
    dtype = result_type(np.result_type, *choicelist, default)
    found = default
    for n in reversed(range(len(condlist))):
        condition = lane(condlist[n])
        if condition.data.dtype != bool:
            raise TypeError(f"invalid entry {n} in condlist: should be boolean ndarray")
        found = where(np.where, condition, choicelist[n], found)
    return LaneArray(np.asarray(found.data).astype(dtype, copy=False), found.lanes, ARRAY)


@row(np.real, np.imag)
def component(func: Any, val: Any) -> Any:
    """The real or the imaginary part: a view of an array."""
    return getattr(val, func.__name__)


@row(np.real_if_close)
def real_if_close(func: Any, a: Any, tol: float = 100) -> Any:
    """The real part, in the lanes whose imaginary parts are all negligible: a dtype that is a fact."""
    x = lane(a)
    if x.data.dtype.kind != "c":
        return x
    limit = np.finfo(x.data.dtype).eps * tol if tol > 1 else tol
    axes = data_axes(None, x.data.ndim - x.lanes.ndim)
    close = LaneArray(np.asarray((np.abs(x.data.imag) < limit).all(axis=axes)), x.lanes, SCALAR)
    if close.data.size == 0:
        return x
    close = agree_on(close, "a dtype that depends on values")
    x = live(x)
    return x.real if close.data.flat[0] else x


method("clip")(lambda x, *args, **kwargs: clip(np.clip, x, *args, **kwargs))
method("round")(lambda x, decimals=0, out=None: _round(x, decimals, out))
method("conj", "conjugate")(lambda x, out=None: _conjugate(x, out))


def _round(x: LaneArray, decimals: Any, out: Any) -> Any:
    return stored(TABLE[np.round](np.round, x, decimals), out)


def _conjugate(x: LaneArray, out: Any) -> Any:
    """The array itself, where its numbers are real."""
    if x.kind == PYTHON:
        return LaneArray(np.conjugate(x.data), x.lanes, PYTHON)
    if x.data.dtype.kind == "c" or out is not None:
        return elementwise(np.conjugate, x, out=out)
    return x


# ---- ufuncs with core dimensions ----


def core_ranks(ufunc: np.ufunc) -> list[int]:
    """How many core dimensions each operand of a generalised ufunc has."""
    return [len(text.strip("() ").split(",")) if text.strip("() ") else 0 for text in _split_signature(ufunc)]


def _split_signature(ufunc: np.ufunc) -> list[str]:
    assert ufunc.signature is not None
    inputs = ufunc.signature.split("->")[0]
    return inputs.replace("),(", ")|(").split("|")


def generalised(ufunc: np.ufunc, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
    """A ufunc with core dimensions: loop dimensions broadcast behind the lanes, core dimensions stay last."""
    if kwargs.get("axes") is not None or kwargs.get("axis") is not None:
        return with_axes(generalised, ufunc, inputs, out, kwargs)
    if type(out) is tuple:
        out = out[0] if len(out) == 1 else out
    operands = [lane(x) for x in weaken([as_lanes(x) for x in inputs])]
    cores = core_ranks(ufunc)
    lanes = NOWHERE
    loops = 0
    for x, core in zip(operands, cores, strict=True):
        lanes = lanes.union(x.lanes)
        ndim = x.data.ndim - x.lanes.ndim
        if ndim < core:
            raise ValueError(
                f"{ufunc.__name__}: an operand of shape {x.data.shape[x.lanes.ndim :]} lacks core dimensions of "
                f"{ufunc.signature}"
            )
        loops = max(loops, ndim - core)
    datas = [spread(x.data, x.lanes, lanes, loops + core) for x, core in zip(operands, cores, strict=True)]
    result = ufunc(*datas, **kwargs)
    if type(result) is tuple:
        return tuple([wrap(data, lanes) for data in result])
    return stored(wrap(result, lanes), out)


def with_axes(rule: Any, ufunc: np.ufunc, inputs: tuple[Any, ...], out: Any, kwargs: dict[str, Any]) -> Any:
    """Core dimensions elsewhere than last (``axes=``, ``axis=``): moved there first, and those of the result back."""
    axis, axes = kwargs.pop("axis", None), kwargs.pop("axes", None)
    keepdims = kwargs.pop("keepdims", False)
    if axes is None:
        axes = [axis] * ufunc.nin
    elif keepdims:
        raise NoLaneForm(f"np.{ufunc.__name__} with axes= and keepdims= has no batched form")
    axes = [(entry,) if isinstance(entry, int) else tuple(entry) for entry in axes]
    moved = []
    lost = 0
    for x, core, places in zip(map(lane, inputs), core_ranks(ufunc), axes, strict=False):
        own = min(core, x.data.ndim - x.lanes.ndim) if "?" in (ufunc.signature or "") else core
        lost += core - own
        if len(places) != own:
            raise ValueError(f"np.{ufunc.__name__}: axes item {places} should have {own} elements")
        moved.append(npl.moveaxis(x, places, range(-own, 0)))
    found = rule(ufunc, *moved, **kwargs)
    core = len([name for name in (ufunc.signature or "").split("->")[1].strip("()").split(",") if name]) - lost
    if len(axes) > ufunc.nin and core:
        found = npl.moveaxis(found, range(-core, 0), axes[ufunc.nin])
    if keepdims:
        found = npl.expand_dims(found, axis)
    return stored(found, out)


def ufunc_rule(ufunc: np.ufunc) -> Any:
    """The row of a ufunc that has none of its own."""
    return elementwise if ufunc.signature is None else generalised
