"""Ufuncs: NumPy says which dtype the loop has, and the table what it does to one element."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ...array import PYTHON
from ..emit import Emitter, Ref, is_supported
from ..values import Array, Pair, filled
from .table import ROWS, Unsupported, as_array, cast

Scalar = Callable[..., Any]

ELEMENTS: dict[np.ufunc, Scalar] = {}
"""What a ufunc does to one element: ``rule(e, dtype, *operands)``, all of the loop's first input dtype."""

_PYTHON_TYPES = {"b": np.dtype(bool), "i": int, "u": int, "f": float, "c": complex}


def element(*ufuncs: np.ufunc) -> Callable[[Scalar], Scalar]:
    """Enter a rule for these ufuncs."""

    def enter(rule: Scalar) -> Scalar:
        for ufunc in ufuncs:
            ELEMENTS[ufunc] = rule
            ROWS[ufunc] = elementwise
        return rule

    return enter


_COMPARISONS = frozenset({np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal})


@cache
def loop_of(ufunc: np.ufunc, kinds: tuple[Any, ...], dtype: Any) -> tuple[np.dtype[Any], ...]:
    """The dtypes of a ufunc's loop; a Python scalar is given by its type."""
    given = (*kinds, *(None,) * ufunc.nout)
    if dtype is None:
        return ufunc.resolve_dtypes(given)
    return ufunc.resolve_dtypes(given, signature=(None,) * ufunc.nin + (np.dtype(dtype),) * ufunc.nout)


def _kind(x: Array) -> Any:
    return _PYTHON_TYPES[x.dtype.kind] if x.kind == PYTHON else x.dtype


def elementwise(k: Any, *inputs: Any, dtype: Any = None, where: Any = True, **kwargs: Any) -> Any:
    """A ufunc without core dimensions."""
    if where is not True or set(kwargs) - {"casting", "order", "subok"}:
        raise Unsupported("a ufunc with where=")
    ufunc, operands = k.node.function, [as_array(k, x) for x in inputs]
    plain = [x for x in operands if x.kind == PYTHON and x.dtype.kind in "iu"]
    others = [x.dtype for x in operands if x.kind != PYTHON]
    if dtype is None and plain and others and all(kind.kind in "iu" for kind in others):
        kind = np.result_type(*others)
        if ufunc in _COMPARISONS and len(plain) == 1:
            return exact_comparison(k, ufunc, operands, kind)
        for x in plain:
            outside(k, x, kind)
    return apply_ufunc(k.e, ufunc, operands, dtype, [v.dtype for v in k.node.outputs])


def outside(k: Any, x: Array, dtype: np.dtype[Any]) -> None:
    """Leave a Python integer to NumPy that an integer dtype does not hold: it raises."""
    e, low, high = k.e, int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    for ref in x.refs.ravel():
        if ref.constant is None and dtype.itemsize < 8:
            below, above = e.compare("slt", ref, e.literal(low, "i64")), e.compare("sgt", ref, e.literal(high, "i64"))
            k.fail(e.op("or", below, above))
        elif ref.constant is None and dtype.kind == "u":
            k.fail(e.compare("slt", ref, e.literal(0, "i64")))


def exact_comparison(k: Any, ufunc: np.ufunc, operands: list[Array], dtype: np.dtype[Any]) -> Array:
    """Integers of a dtype and a Python integer, compared as the numbers that they are."""
    e, place = k.e, 0 if operands[0].kind == PYTHON else 1
    number, shape = operands[place], k.node.outputs[0].shape
    value = number.refs.ravel()[0].constant
    if value is not None and not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
        sides = [0, value] if place else [value, 0]  # any other number of the dtype gives the same
        refs = filled([e.literal(bool(ufunc(*[np.array(x, object) for x in sides])), "i1")] * math.prod(shape), shape)
        return Array(refs, np.dtype(bool))
    if value is None and dtype != np.uint64:
        operands = [cast(e, x, np.dtype(np.int64)) for x in operands]
        found: Array = apply_loop(e, ufunc, operands, (np.dtype(np.int64), np.dtype(np.int64), np.dtype(bool)))
        return found
    outside(k, number, dtype)
    found = apply_ufunc(e, ufunc, operands)
    return found


def apply_ufunc(e: Emitter, ufunc: np.ufunc, operands: list[Array], dtype: Any = None, outs: Any = None) -> Any:
    """A ufunc on arrays in registers."""
    loop = loop_of(ufunc, tuple([_kind(x) for x in operands]), dtype)
    if not all(is_supported(kind) for kind in loop) or len(set(loop[: ufunc.nin])) > 1:
        raise Unsupported(f"{ufunc.__name__} of {loop}")
    return apply_loop(e, ufunc, operands, loop, outs)


def apply_loop(e: Emitter, ufunc: np.ufunc, operands: list[Array], loop: Any, outs: Any = None) -> Any:
    """The same, with the dtypes of the loop."""
    rule = ELEMENTS[ufunc]
    datas = np.broadcast_arrays(*[cast(e, x, kind).refs for x, kind in zip(operands, loop, strict=False)])
    shape = datas[0].shape
    found = [rule(e, loop[0], *items) for items in zip(*[data.ravel() for data in datas], strict=True)]
    if ufunc.nout == 1:
        arrays = [Array(filled(found, shape), loop[-1])]
    else:
        arrays = [Array(filled([item[n] for item in found], shape), loop[ufunc.nin + n]) for n in range(ufunc.nout)]
    if outs is not None:
        arrays = [cast(e, array, dtype) for array, dtype in zip(arrays, outs, strict=True)]
    return arrays[0] if ufunc.nout == 1 else tuple(arrays)


def one(e: Emitter, ufunc: np.ufunc, dtype: np.dtype[Any], *items: Any) -> Any:
    """A ufunc on single elements of one dtype."""
    return ELEMENTS[ufunc](e, dtype, *items)


def choose(e: Emitter, mask: Ref, yes: Any, no: Any) -> Any:
    """``select`` for an element, complex or not."""
    if type(yes) is Pair:
        return Pair(e.select(mask, yes.re, no.re), e.select(mask, yes.im, no.im))
    return e.select(mask, yes, no)
