"""Elementary functions: written out, glibc's vector math where there is one, scalar ``libm`` elsewhere."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

from .elementary import written_out
from .emit import Emitter, Ref

_LETTERS = (("e", 512, "avx512f"), ("d", 256, "avx2"), ("b", 128, "sse2"))
HARMLESS = {"double": 0.5, "float": 0.5}


@cache
def library() -> Any:
    """The vector math of glibc, or None; ``LANEWISE_VECTOR_MATH=0`` does without."""
    if os.environ.get("LANEWISE_VECTOR_MATH") == "0":
        return None
    try:
        return ctypes.CDLL("libmvec.so.1", mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return None


@cache
def vector_symbol(name: str, type: str, lanes: int, features: frozenset[str]) -> str | None:
    """The vector form of a function for so many lanes, if this machine has it."""
    bits = 64 if type == "double" else 32
    found = library()
    operands = 2 if name in ("pow", "atan2", "hypot") else 1
    for letter, size, feature in _LETTERS:
        if size == bits * lanes and (feature in features or feature == "sse2") and found is not None:
            symbol = f"_ZGV{letter}N{lanes}{'v' * operands}_{name}{'' if type == 'double' else 'f'}"
            if hasattr(found, symbol):
                return symbol
    return None


def harmless(e: Emitter, refs: list[Ref]) -> list[Ref]:
    """Operands with a harmless number for lanes that are done: one bad one sends the whole vector down a slow path."""
    if e.mask is None or not e.is_masked(refs):
        return refs
    number = e.literal(HARMLESS[refs[0].type], refs[0].type)
    return e.level(*[e.select(e.mask, ref, number) for ref in refs])


def libm(e: Emitter, name: str, *operands: Ref) -> Ref:
    """A function of the C library on scalars or vectors."""
    refs = e.level(*operands)
    type, width = refs[0].type, refs[0].width
    if type == "half":
        single = libm(e, name, *[e.convert("fpext", ref, "float") for ref in refs])
        return e.convert("fptrunc", single, "half")
    if width == 1:
        return e.call(name + ("f" if type == "float" else ""), *refs)
    found = written_out(e, name, refs[0], lambda x: _by_library(e, name, [x])) if len(refs) == 1 else None
    return found if found is not None else _by_library(e, name, harmless(e, refs))


def _by_library(e: Emitter, name: str, refs: list[Ref]) -> Ref:
    """A function of vectors by the vector math of glibc, or lane by lane."""
    type, width = refs[0].type, refs[0].width
    for lanes in (16, 8, 4, 2):
        symbol = vector_symbol(name, type, lanes, e.features) if width % lanes == 0 else None
        if symbol is not None:
            pieces = zip(*[e.split(ref, lanes) for ref in refs], strict=True)
            return e.concat([e.call(symbol, *piece) for piece in pieces])
    return e.gather_lanes([libm(e, name, *[e.lane(ref, n) for ref in refs]) for n in range(width)])
