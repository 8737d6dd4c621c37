"""The table: for each NumPy function, the code that it becomes.

A rule is called as ``rule(kernel, *args, **kwargs)`` with the node's arguments, values in registers (`Array`) in
place of the program's; plain arguments are as they were. ``kernel.node`` is the node.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..cells import put, put_view
from ..emit import Emitter, Ref, type_of
from ..emit import Unsupported as Unsupported
from ..values import Array, Pair, constant, literal, objects

Rule = Callable[..., Any]

ROWS: dict[Any, Rule] = {}

IN_PLACE = frozenset({operator.getitem, put, put_view, np.where, "kind", "while", "scan"})
"""Functions whose rules take arrays in memory that are written there (`held`); others get what these hold by then."""


def row(*functions: Any) -> Callable[[Rule], Rule]:
    """Enter a rule in the table for these functions."""

    def enter(rule: Rule) -> Rule:
        for function in functions:
            ROWS[function] = rule
        return rule

    return enter


def as_array(k: Any, x: Any) -> Array:
    """An argument in registers."""
    if type(x) is Array:
        return x
    if isinstance(x, (list, tuple)) and any(type(item) in (Array, list, tuple) for item in x):
        return stacked(k, [as_array(k, item) for item in x])
    if np.size(x) > 1024:
        raise Unsupported("a large constant")
    return constant(k.e, x)


def stacked(k: Any, items: list[Array]) -> Array:
    """Arrays of one shape along a new first axis."""
    strong = [item.dtype for item in items]
    dtype = np.result_type(*strong)
    return Array(np.stack([cast(k.e, item, dtype).refs for item in items]), dtype)


# ---- casts ----


def cast(e: Emitter, x: Array, dtype: np.dtype[Any]) -> Array:
    """An array as another dtype."""
    if x.dtype == dtype:
        return x
    refs = np.empty(x.shape, object)
    flat, source = refs.reshape(-1), x.refs.reshape(-1)
    for n in range(flat.size):
        flat[n] = cast_one(e, source[n], x.dtype, dtype)
    return Array(flat.reshape(x.shape), dtype, x.kind)


def cast_one(e: Emitter, x: Any, source: np.dtype[Any], target: np.dtype[Any]) -> Any:
    """One element as another dtype, as C casts it."""
    if source == target:
        return x
    if target.kind == "c":
        real = np.dtype(f"f{target.itemsize // 2}")
        if type(x) is Pair:
            part = np.dtype(f"f{source.itemsize // 2}")
            return Pair(cast_one(e, x.re, part, real), cast_one(e, x.im, part, real))
        return Pair(cast_one(e, x, source, real), e.number(0.0, real))
    if type(x) is Pair:
        part = np.dtype(f"f{source.itemsize // 2}")
        if target.kind == "b":
            return e.op("or", cast_one(e, x.re, part, target), cast_one(e, x.im, part, target))
        return cast_one(e, x.re, part, target)
    if x.constant is not None:
        with np.errstate(all="ignore"):
            return literal(e, np.asarray(x.constant).astype(source).astype(target)[()], target)
    return _cast_real(e, x, source, target)


def _cast_real(e: Emitter, x: Ref, source: np.dtype[Any], target: np.dtype[Any]) -> Ref:
    old, new = type_of(source), type_of(target)
    if target.kind == "b":
        return e.compare("une" if source.kind == "f" else "ne", x, e.literal(0, old))
    if source.kind == "b":
        return e.convert("uitofp" if target.kind == "f" else "zext", x, new)
    if source.kind == "f":
        if target.kind == "f":
            x = _to_odd(e, x) if (old, new) == ("double", "half") else x
            return e.convert("fpext" if target.itemsize > source.itemsize else "fptrunc", x, new)
        return _to_integer(e, x, old, target)
    if target.kind == "f":
        return e.convert("sitofp" if source.kind == "i" else "uitofp", x, new)
    if target.itemsize == source.itemsize:
        return x
    if target.itemsize < source.itemsize:
        return e.convert("trunc", x, new)
    return e.convert("sext" if source.kind == "i" else "zext", x, new)


def _to_odd(e: Emitter, x: Ref) -> Ref:
    """A double as a float that rounds to the same half; most processors have no other way to it.

    A float that is not exact gets the neighbour whose last bit is odd, so that it lies between the same halves.
    """
    near = e.convert("fptrunc", x, "float")
    back = e.convert("fpext", near, "double")
    away = e.compare("ogt", e.intrinsic("fabs", back), e.intrinsic("fabs", x))
    bits = e.op("sub", e.convert("bitcast", near, "i32"), e.convert("zext", away, "i32"))
    odd = e.op("or", bits, e.convert("zext", e.compare("one", back, x), "i32"))
    return e.convert("bitcast", odd, "float")


def _to_integer(e: Emitter, x: Ref, old: str, target: np.dtype[Any]) -> Ref:
    """A float as an integer, as x86 converts it: what does not fit becomes the lowest number."""
    if old == "half":
        x, old = e.convert("fpext", x, "float"), "float"
    if target.itemsize < 4 or target == np.uint32:
        wide = np.dtype(np.int64 if target == np.uint32 else np.int32)
        return e.convert("trunc", _to_integer(e, x, old, wide), type_of(target))
    if target.kind == "u":
        half = e.literal(2.0**63, old)
        large = e.compare("oge", x, half)
        low = _to_integer(e, x, old, np.dtype(np.int64))
        high = _to_integer(e, e.op("fsub", x, half), old, np.dtype(np.int64))
        return e.select(large, e.op("xor", high, e.literal(-(2**63), "i64")), low)
    new = type_of(target)
    bits = 8 * target.itemsize
    top = 2.0 ** (bits - 1)
    fits = e.op("and", e.compare("oge", x, e.literal(-top, old)), e.compare("olt", x, e.literal(top, old)))
    safe = e.select(fits, x, e.literal(0.0, old))
    return e.select(fits, e.convert("fptosi", safe, new), e.literal(-(2 ** (bits - 1)), new))


def result(k: Any, refs: Any) -> Array:
    """Elements as the result of the node at work."""
    value = k.node.outputs[0]
    return Array(objects(refs), value.dtype, value.kind)
