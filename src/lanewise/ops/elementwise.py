"""Elementwise operations: every ufunc, its methods, and the functions that act like one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, SCALAR, TABLE, LaneArray, live, method, row, wrap
from ..facts import NoLaneForm
from ..lanes import NOWHERE, spread
from .common import as_lanes, data_axes, data_axis, full, lane, spread_all, weaken
from .writing import write_data


def elementwise(ufunc: np.ufunc, *inputs: Any, out: Any = None, where: Any = True, **kwargs: Any) -> Any:
    """A ufunc without core dimensions: one call on operands that are spread over common lanes."""
    operands = weaken([as_lanes(x) for x in inputs])
    if where is not True:
        operands.append(as_lanes(where))
    if out is not None:
        return _into(ufunc, operands, out, where is not True, kwargs)
    datas, lanes = spread_all(operands)
    if where is not True:
        kwargs["where"] = datas.pop()
    result = ufunc(*datas, **kwargs)
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
    ufunc(*datas[: len(operands) - masked], out=_outs(outs, lanes), **kwargs)
    return outs[0] if len(outs) == 1 else tuple(outs)


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
    ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False, **kwargs: Any
) -> Any:
    """``ufunc.reduce``: the example's axes, made contiguous so that pairwise summation is kept."""
    x = lane(array)
    if out is not None and out != (None,):
        result = reduce(ufunc, x, axis, dtype, None, keepdims, **kwargs)
        return _store(result, out)
    ndim = x.data.ndim - x.lanes.ndim
    where = kwargs.get("where", True)
    if where is not True:
        where = lane(where)
        lanes = x.lanes.union(where.lanes)
        x = LaneArray(full(x, lanes), lanes, x.kind)
        kwargs["where"] = spread(where.data, where.lanes, lanes, max(ndim, where.data.ndim - where.lanes.ndim))
    if type(kwargs.get("initial")) is LaneArray:
        raise NoLaneForm("initial= differs between lanes")
    if ndim == 0 and axis in (0, -1):  # as NumPy does for a scalar
        axis = ()
    return wrap(
        ufunc.reduce(contiguous(ufunc, x), axis=data_axes(axis, ndim), dtype=dtype, keepdims=keepdims, **kwargs),
        x.lanes,
    )


_PAIRWISE = 8  # NumPy sums shorter runs one by one


def contiguous(ufunc: np.ufunc, x: LaneArray) -> Any:
    """The data, with the example's axes innermost in memory if the sum is long enough for it to matter."""
    data = x.data
    if (
        ufunc is not np.add
        or data.flags.c_contiguous
        or data.dtype.kind not in "fc"
        or data[(0,) * x.lanes.ndim].size <= _PAIRWISE
        if data.size
        else True
    ):
        return data
    return np.ascontiguousarray(data)


def _store(result: LaneArray, out: Any) -> Any:
    target = out[0] if type(out) is tuple else out
    if type(target) is not LaneArray:
        raise NoLaneForm("a plain array is the out= of an operation on lane values")
    if target.shape != result.shape:
        raise ValueError(f"output parameter has shape {target.shape}, the result {result.shape}")
    target[...] = result
    return target


@row("accumulate")
def accumulate(ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    """``ufunc.accumulate`` along an axis of the example."""
    x = lane(array)
    result = ufunc.accumulate(x.data, axis=data_axis(axis, x.data.ndim - x.lanes.ndim), dtype=dtype)
    found = LaneArray(result, x.lanes, ARRAY)
    return found if out is None or out == (None,) else _store(found, out)


@row("reduceat")
def reduceat(ufunc: np.ufunc, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    """``ufunc.reduceat`` along an axis of the example, at the same places in every lane."""
    if type(as_lanes(indices)) is LaneArray:
        raise NoLaneForm("reduceat at places that differ between lanes has no batched form")
    x = lane(array)
    result = ufunc.reduceat(x.data, indices, axis=data_axis(axis, x.data.ndim - x.lanes.ndim), dtype=dtype)
    found = LaneArray(result, x.lanes, ARRAY)
    return found if out is None or out == (None,) else _store(found, out)


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
    from .indexing import full_index

    index, lanes, _ = full_index(a, indices)
    lanes = lanes.union(NOWHERE)
    for x in operands:
        lanes = lanes.union(lane(x).lanes)
    write_data(a, lanes)
    index, lanes, ndim = full_index(a, indices)
    values = [spread(lane(x).data, lane(x).lanes, lanes, ndim) for x in operands]
    ufunc.at(a.data, index, *values)


# ---- functions that act like a ufunc ----


def broadcasting(*functions: Any, kind: int | None = None) -> None:
    """Enter functions that act elementwise on all their arguments, with broadcasting."""

    def rule(func: Any, *args: Any, **kwargs: Any) -> Any:
        out = kwargs.pop("out", None)
        args = tuple([as_lanes(x) for x in args])
        names = [name for name, value in kwargs.items() if type(value) is LaneArray]
        operands = weaken([*args, *(kwargs[name] for name in names)])
        datas, lanes = spread_all(operands)
        kwargs.update(zip(names, datas[len(args) :], strict=True))
        result = func(*datas[: len(args)], **kwargs)
        found = wrap(result, lanes) if kind is None else LaneArray(np.asarray(result), lanes, kind)
        return found if out is None else _store(found, out)

    row(*functions)(rule)


broadcasting(np.clip, np.round, np.around, np.isclose, np.angle, np.sinc, np.i0, np.nan_to_num)
broadcasting(np.iscomplex, np.isreal, np.isposinf, np.isneginf, np.fix)

@row(np.where)
def where(func: Any, condition: Any, *choices: Any) -> Any:
    """``np.where``: a choice for each element; with a condition alone, its nonzero places."""
    if not choices:
        return TABLE[np.nonzero](np.nonzero, condition)
    condition = as_lanes(condition)
    pair = weaken([as_lanes(x) for x in choices])
    datas, lanes = spread_all([condition, *pair])
    return LaneArray(np.asarray(np.where(*datas)), lanes, ARRAY)


@row(np.real, np.imag)
def component(func: Any, val: Any) -> Any:
    """The real or the imaginary part: a view of an array."""
    return getattr(val, func.__name__)


@row(np.real_if_close)
def real_if_close(func: Any, a: Any, tol: float = 100) -> Any:
    """The real part, in the lanes whose imaginary parts are all negligible: a dtype that is a fact."""
    from ..array import agree_on

    x = lane(a)
    if x.data.dtype.kind != "c":
        return x
    limit = np.finfo(x.data.dtype).eps * tol if tol > 1 else tol
    axes = data_axes(None, x.data.ndim - x.lanes.ndim)
    close = LaneArray(np.asarray((np.abs(x.data.imag) < limit).all(axis=axes)), x.lanes, SCALAR)
    close = agree_on(close, "a dtype that depends on values")
    x = live(x)
    return x.real if close.data.flat[0] else x


method("clip")(lambda x, *args, **kwargs: TABLE[np.clip](np.clip, x, *_bounds(args), **_named(kwargs)))
method("round")(lambda x, decimals=0, out=None: _round(x, decimals, out))
method("conj", "conjugate")(lambda x: elementwise(np.conjugate, x) if x.kind != PYTHON else _conjugate(x))


def _bounds(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return args if len(args) > 1 else (*args, *(None,) * (2 - len(args)))


def _named(kwargs: dict[str, Any]) -> dict[str, Any]:
    names = {"min": "a_min", "max": "a_max"}
    return {names.get(name, name): value for name, value in kwargs.items()}


def _round(x: LaneArray, decimals: Any, out: Any) -> Any:
    found = TABLE[np.round](np.round, x, decimals)
    return found if out is None else _store(found, out)


def _conjugate(x: LaneArray) -> LaneArray:
    return LaneArray(np.conjugate(x.data), x.lanes, PYTHON)


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
    if "axes" in kwargs or "axis" in kwargs:
        return _with_axes(ufunc, inputs, out, kwargs)
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
    found = wrap(result, lanes)
    return found if out is None or out == (None,) else _store(found, out)


def _with_axes(ufunc: np.ufunc, inputs: tuple[Any, ...], out: Any, kwargs: dict[str, Any]) -> Any:
    """Core dimensions elsewhere than last: for one ``axis``, move it there first."""
    axis = kwargs.pop("axis", None)
    if axis is None or kwargs.pop("keepdims", False) or any(rank > 1 for rank in core_ranks(ufunc)):
        raise NoLaneForm(f"{ufunc.__name__} with axes= has no batched form")
    moved = [np.moveaxis(lane(x), axis, -1) if core else x for x, core in zip(inputs, core_ranks(ufunc), strict=True)]
    return generalised(ufunc, *moved, out=out, **kwargs)


def ufunc_rule(ufunc: np.ufunc) -> Any:
    """The row of a ufunc that has none of its own."""
    return elementwise if ufunc.signature is None else generalised

