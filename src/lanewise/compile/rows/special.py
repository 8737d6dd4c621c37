"""Functions of SciPy: they have rows once SciPy is loaded, which the user's code does."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from ...ops.triangular import scipy_function
from ..emit import Emitter
from ..vectormath import libm
from .elementwise import ELEMENTS, Scalar, elementwise
from .linalg import solve_triangular
from .table import ROWS, Unsupported


def _libm(name: str) -> Scalar:
    def rule(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
        if dtype.kind != "f":
            raise Unsupported(f"{name} of complex numbers")
        return libm(e, name, a)

    return rule


def ndtr(e: Emitter, dtype: np.dtype[Any], a: Any) -> Any:
    """The normal distribution: by the error function near 0, by its complement further out."""
    if dtype.kind != "f":
        raise Unsupported("ndtr of complex numbers")
    half, one = e.literal(0.5, a.type), e.literal(1.0, a.type)
    x = e.op("fmul", a, e.literal(math.sqrt(0.5), a.type))
    far = e.intrinsic("fabs", x)
    near = e.op("fadd", half, e.op("fmul", half, libm(e, "erf", x)))
    tail = e.op("fmul", half, libm(e, "erfc", far))
    away = e.select(e.compare("ogt", x, e.literal(0.0, a.type)), e.op("fsub", one, tail), tail)
    return e.select(e.compare("olt", far, one), near, away)


_RULES: dict[str, Scalar] = {"erf": _libm("erf"), "erfc": _libm("erfc"), "ndtr": ndtr}


def enter_scipy() -> None:
    """Enter the rules, if SciPy is there and they are not."""
    if (function := scipy_function()) is not None:
        ROWS[function] = solve_triangular
    special = sys.modules.get("scipy.special")
    if special is None or getattr(special, "erf", None) in ROWS:
        return
    for name, rule in _RULES.items():
        ufunc = getattr(special, name, None)
        if isinstance(ufunc, np.ufunc):
            ELEMENTS[ufunc] = rule
            ROWS[ufunc] = elementwise
