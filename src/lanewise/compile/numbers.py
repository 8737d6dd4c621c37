"""Python's numbers under a tracer: complex ones, decimal places, powers to a modulus, parts of floats.

What is computed by NumPy's functions here is `cmath`'s and Python's own where all is finite; the rest goes the ordinary
way.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import PYTHON, SCALAR, LaneArray
from ..convert.calls import FORMS
from .cells import Untraceable
from .trace import Recorder
from .written import as_loop

COMPLEX = np.dtype(complex)
REAL = np.dtype(float)
WHOLE = np.dtype(np.int64)


def _as(r: Recorder, x: Any, dtype: np.dtype[Any], kind: int = SCALAR) -> Any:
    """A number as one of NumPy's, or of Python's, of some dtype."""
    if type(x) is not LaneArray:
        return dtype.type(x)
    if x.data.ndim > x.lanes.ndim or not np.can_cast(x.data.dtype, dtype, "same_kind"):
        raise Untraceable("an array, or a number of another kind, is given to a function of Python's numbers")
    return r.converted(x, dtype, kind)


def _python(r: Recorder, x: Any) -> Any:
    """One of NumPy's numbers as Python's."""
    return r.converted(x, x.data.dtype, PYTHON) if type(x) is LaneArray else x.item()


def _finite(r: Recorder, *found: Any) -> None:
    """Leave to Python what is nan or infinite: it may raise."""
    for x in found:
        r.fail_where(r.truth(np.logical_not(np.isfinite(x))))


def _varies(*args: Any) -> bool:
    return any(type(x) is LaneArray for x in args)


# ---- complex numbers ----


def _of_complex(function: Any, formula: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `cmath` by a formula of NumPy's functions."""

    def call(r: Recorder, *args: Any) -> Any:
        if not _varies(*args) or len(args) != 1:
            return FORMS[function](*args)
        found = formula(_as(r, args[0], COMPLEX))
        if found.dtype != bool:
            _finite(r, found)
        return _python(r, found)

    return call


def _phase(r: Recorder, z: Any) -> Any:
    if not _varies(z):
        return cmath.phase(z)
    z = _as(r, z, COMPLEX)
    found = np.arctan2(z.imag, z.real)
    _finite(r, found)
    small = np.logical_and(np.abs(found) < np.finfo(float).tiny, z.imag != 0)
    r.fail_where(r.truth(small))  # which is an error of `cmath`
    return _python(r, found)


def _polar(r: Recorder, z: Any) -> Any:
    if not _varies(z):
        return cmath.polar(z)
    size = np.absolute(_as(r, z, COMPLEX))
    _finite(r, size)
    return _python(r, size), _phase(r, z)


def _rect(r: Recorder, size: Any, angle: Any) -> Any:
    if not _varies(size, angle):
        return cmath.rect(size, angle)
    size, angle = [_as(r, x, REAL) for x in (size, angle)]
    parts = [size * np.cos(angle), size * np.sin(angle)]
    _finite(r, *parts)
    return _complex(r, *[_python(r, x) for x in parts])


def _logarithm(r: Recorder, z: Any, *base: Any) -> Any:
    """``cmath.log``, to a base as well."""
    found = [_LOGARITHM(r, x) if _varies(x) else cmath.log(x) for x in (z, *base)]
    return found[0] if len(found) == 1 else found[0] / found[1]


_FORMULAS: dict[Any, Callable[..., Any]] = {
    cmath.exp: np.exp, cmath.sqrt: np.sqrt, cmath.log10: np.log10, cmath.sin: np.sin,
    cmath.cos: np.cos, cmath.tan: np.tan, cmath.sinh: np.sinh, cmath.cosh: np.cosh, cmath.tanh: np.tanh,
    cmath.asin: np.arcsin, cmath.acos: np.arccos, cmath.atan: np.arctan, cmath.asinh: np.arcsinh,
    cmath.acosh: np.arccosh, cmath.atanh: np.arctanh, cmath.isnan: np.isnan, cmath.isinf: np.isinf,
    cmath.isfinite: np.isfinite,
}  # fmt: skip
_LOGARITHM = _of_complex(cmath.log, np.log)


def _complex(r: Recorder, *args: Any, **named: Any) -> Any:
    """``complex()``, of a complex number as well."""
    if len(args) == 1 and not named and type(args[0]) is LaneArray and args[0].data.dtype.kind == "c":
        return _as(r, args[0], COMPLEX, PYTHON)
    return r.recorded(complex, FORMS[complex])(*args, *named.values())


# ---- real numbers ----


def _round(r: Recorder, number: Any, ndigits: Any = None) -> Any:
    """``round()``: NumPy's numbers have their own way, Python's floats are rounded as they are written."""
    if type(number) is not LaneArray or type(ndigits) is LaneArray or number.kind not in (SCALAR, PYTHON):
        return FORMS[round](number, ndigits)
    if number.kind == SCALAR or ndigits is None:
        return np.round(number, ndigits) if ndigits is not None else r.recorded(round, FORMS[round])(number)
    if number.data.dtype.kind != "f":
        if ndigits < 0:
            raise Untraceable("integers are rounded to tens")
        return r.form(int, FORMS[int])(number)
    if not 0 <= ndigits <= 22:
        raise Untraceable("round() to so many digits")
    return r.recorded(round, FORMS[round])(number, ndigits)


def _frexp(r: Recorder, x: Any) -> Any:
    if not _varies(x):
        return math.frexp(x)
    found, exponent = np.frexp(_as(r, x, REAL))
    return _python(r, found), r.converted(exponent, WHOLE, PYTHON)


def _ldexp(r: Recorder, x: Any, n: Any) -> Any:
    if not _varies(x, n) or (type(n) is LaneArray and n.kind != PYTHON):
        return FORMS[math.ldexp](x, n)
    x = _as(r, x, REAL)
    found = np.ldexp(x, np.clip(_as(r, n, WHOLE), -5000, 5000))
    r.fail_where(r.truth(np.logical_and(np.isinf(found), np.isfinite(x))))
    return _python(r, found)


@as_loop
def _power(base: Any, exponent: Any, modulus: Any) -> Any:
    if exponent < 0:
        raise ValueError
    found, base = 1 % modulus, base % modulus
    while exponent:
        if exponent & 1:
            found = found * base % modulus
        exponent >>= 1
        if exponent:
            base = base * base % modulus
    return found


def _pow(r: Recorder, base: Any, exp: Any, mod: Any = None) -> Any:
    if mod is None or not _varies(base, exp, mod):
        return FORMS[pow](base, exp, mod)
    if any(type(x) is not int and not (type(x) is LaneArray and x.kind == PYTHON) for x in (base, exp, mod)):
        raise Untraceable("pow() of what is no Python integer to a modulus")
    return _power(r, base, exp, mod)


NUMBERS: dict[Any, Any] = {
    **{function: _of_complex(function, formula) for function, formula in _FORMULAS.items()},
    cmath.phase: _phase, cmath.polar: _polar, cmath.rect: _rect, cmath.log: _logarithm, complex: _complex,
    round: _round, math.frexp: _frexp, math.ldexp: _ldexp, pow: _pow,
}  # fmt: skip
"""How these functions are traced: ``rule(recorder, *args)``."""
