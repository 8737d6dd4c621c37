"""Builtins and functions of `math` as the code that they stand for, which is rewritten as the user's is.

What that code raises sends the call the ordinary way, where the function itself raises.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import LaneArray
from ..convert import lane_form
from ..convert.calls import OWN
from ..regions import Mixed
from .ir import leaves
from .lists import plainly
from .trace import Recorder

WRITTEN: dict[Any, Callable[..., Any]] = {}
"""Functions of `math`, as they are traced: ``rule(recorder, *args, **kwargs)``."""


def as_loop(written: Callable[..., Any]) -> Callable[..., Any]:
    """A function under a tracer, by code that does the same."""
    OWN.add(written.__code__)
    return lambda r, *args, **kwargs: lane_form(written)(*args, **kwargs)


def _stands_for(function: Any) -> Callable[[Any], Any]:
    """Enter the code of a function of `math`; of plain numbers it is the function itself."""

    def enter(written: Any) -> Any:
        rule = as_loop(written)

        def call(r: Recorder, *args: Any, **kwargs: Any) -> Any:
            if any(type(x) in (LaneArray, Mixed) for x in leaves(plainly((args, kwargs)))):
                return rule(r, *args, **kwargs)
            return function(*args, **kwargs)

        WRITTEN[function] = call
        return written

    return enter


def _whole(x: Any) -> Any:
    if not isinstance(x, (int, np.integer)):
        raise TypeError
    return int(x)


OWN.add(_whole.__code__)


@_stands_for(math.gcd)
def _gcd(*numbers: Any) -> Any:
    found = 0
    for number in numbers:
        rest = abs(_whole(number))
        while rest:
            found, rest = rest, found % rest
    return found


@_stands_for(math.lcm)
def _lcm(*numbers: Any) -> Any:
    found = 1
    for number in numbers:
        other = abs(_whole(number))
        found = 0 if other == 0 or found == 0 else found // math.gcd(found, other) * other
    return found


@_stands_for(math.isqrt)
def _isqrt(n: Any) -> Any:
    n = _whole(n)
    if n < 0:
        raise ValueError
    found = int(math.sqrt(n))  # to one, for large numbers
    if found * found > n:
        return found - 1
    return found + 1 if (found + 1) * (found + 1) <= n else found


@_stands_for(math.factorial)
def _factorial(n: Any) -> Any:
    n = _whole(n)
    if n < 0:
        raise ValueError
    found = 1
    for k in range(2, n + 1):
        found *= k
    return found


@_stands_for(math.perm)
def _perm(n: Any, k: Any = None) -> Any:
    n = _whole(n)
    k = n if k is None else _whole(k)
    if n < 0 or k < 0:
        raise ValueError
    found = 1 if k <= n else 0
    for i in range(k if k <= n else 0):
        found *= n - i
    return found


@_stands_for(math.comb)
def _comb(n: Any, k: Any) -> Any:
    n, k = _whole(n), _whole(k)
    if n < 0 or k < 0:
        raise ValueError
    found = 1 if k <= n else 0
    for i in range(min(k, n - k) if k <= n else 0):
        found = found * (n - i) // (i + 1)
    return found


@_stands_for(math.isclose)
def _isclose(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    if rel_tol < 0 or abs_tol < 0:
        raise ValueError
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    return abs(float(a) - float(b)) <= max(rel_tol * abs(b), rel_tol * abs(a), abs_tol)


@_stands_for(math.modf)
def _modf(x: Any) -> Any:
    x = float(x)
    if math.isinf(x):
        return math.copysign(0.0, x), x
    whole = float(np.trunc(x))
    return math.copysign(x - whole, x), whole


@_stands_for(math.remainder)
def _remainder(x: Any, y: Any) -> Any:
    x, y = float(x), float(y)
    if math.isnan(x) or math.isnan(y):
        return x + y
    if math.isinf(x) or y == 0.0:
        raise ValueError
    if math.isinf(y):
        return x
    size, step = abs(x), abs(y)
    low = math.fmod(size, step)
    high = step - low
    if low < high:
        found = low
    elif low > high:
        found = -high
    else:  # in the middle: to the even multiple
        found = low - 2.0 * math.fmod(0.5 * (size - low), step)
    return math.copysign(1.0, x) * found


@_stands_for(math.ulp)
def _ulp(x: Any) -> Any:
    x = abs(float(x))
    if math.isnan(x) or math.isinf(x):
        return x
    above = math.nextafter(x, math.inf)
    return x - math.nextafter(x, -math.inf) if math.isinf(above) else above - x


@_stands_for(math.dist)
def _dist(p: Any, q: Any) -> Any:
    if len(p) != len(q):
        raise ValueError
    found = 0.0
    for n in range(len(p)):
        found = math.hypot(found, p[n] - q[n])
    return found


@as_loop
def log_to_base(x: Any, base: Any) -> Any:
    """``math.log`` of two numbers."""
    return math.log(x) / math.log(base)


@as_loop
def hypot(*parts: Any) -> Any:
    """``math.hypot`` of any number of parts."""
    found = 0.0
    for part in parts:
        found = math.hypot(found, part)
    return found
