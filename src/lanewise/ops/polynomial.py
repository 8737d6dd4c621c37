"""Polynomials: NumPy's own code on lane values, its classes, and the rows that this code needs to run.

A length that depends on values (leading zeros are trimmed) is a fact, as it is in NumPy's code.
"""

from __future__ import annotations

import warnings
from abc import ABCMeta
from functools import cache, partial
from types import FunctionType
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial, polyutils
from numpy.polynomial._polybase import ABCPolyBase

from ..array import row
from .common import as_lanes, lane, npl
from .composite import BLIND, CLASSES, STAND_INS, aware, implementation, lane_globals, widened


@row(np.polymul)
def polymul(func: Any, a1: Any, a2: Any) -> Any:
    """``np.polymul``: of polynomials of the old kind, one of those."""
    of_old_kind = isinstance(a1, np.poly1d) or isinstance(a2, np.poly1d)
    first, second = [npl.poly1d(x if isinstance(x, np.poly1d) else as_lanes(x)).coeffs for x in (a1, a2)]
    product = npl.convolve(first, second)
    return npl.poly1d(product) if of_old_kind else product


@row(np.polyint)
def polyint(func: Any, p: Any, m: int = 1, k: Any = None) -> Any:
    """``np.polyint``, whose constants may be a list of lane values."""
    p, k = as_lanes(p), lane(k) if type(k) in (list, tuple) else k
    return implementation(func)(p, m, k)


@row(np.roots)
def roots(func: Any, p: Any) -> Any:
    """``np.roots``: the eigenvalues of the companion matrix; how many zeros there are at the ends is a fact."""
    c = npl.atleast_1d(lane(p))
    if c.ndim != 1:
        raise ValueError("Input must be a rank-1 array.")
    c = npl.trim_zeros(c, "f")
    size = len(c)
    c = npl.trim_zeros(c, "b")
    if c.data.dtype.kind not in "fc":
        c = c.astype(float)
    if not len(c):
        return np.array([])
    found: Any = np.array([])
    if len(c) > 1:
        first = npl.reshape(-c[1:] / c[0], (1, -1))
        found = npl.linalg.eigvals(npl.concatenate([first, np.eye(len(c) - 1, dtype=c.dtype)[:-1]]))
    return npl.concatenate([found, np.zeros(size - len(c), found.dtype)])


row(np.polydiv, np.polyfit)(widened)
for _module in (chebyshev, hermite, hermite_e, laguerre, legendre, polynomial):
    for _name in _module.__all__:
        if isinstance(getattr(_module, _name), FunctionType):
            row(getattr(_module, _name))(widened)


# ---- the classes ----


class LaneClass(ABCMeta):
    """The class of the lane-aware classes: instances of NumPy's are instances of them, too."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.__mro__[1])


@cache
def lane_class(original: type) -> type:
    """A polynomial class whose coefficients may be lane values: a subclass that runs the same code on them."""
    body: dict[str, Any] = {}
    for cls in reversed(original.__mro__[:-1]):
        if cls.__module__.startswith("numpy.polynomial."):
            namespace = lane_globals(cls.__module__)
            body.update({name: _rebound(value, namespace) for name, value in vars(cls).items() if _is_code(value)})
    return LaneClass(original.__name__, (original,), {**body, "__module__": original.__module__})


def lane_instance(p: Any) -> Any:
    """A polynomial of NumPy's as one of the lane-aware class, so that it can be evaluated at lane values."""
    cls: Any = type(p)
    found: Any = object.__new__(lane_class(cls))
    found.__dict__.update(p.__dict__)
    return found


def undispatched() -> dict[Any, Any]:
    """NumPy's functions that it does not dispatch on every argument, and its polynomials: each with its form."""
    modules = (chebyshev, hermite, hermite_e, laguerre, legendre, polynomial, polyutils, np.strings, np.char)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of np.char's own class, by its name alone
        named = [getattr(module, name) for module in modules for name in module.__all__]
    found = {value: aware(value) for value in [*named, *BLIND] if callable(value) and not isinstance(value, np.ufunc)}
    for cls in CLASSES:
        for name in ("fit", "fromroots"):
            found[getattr(cls, name)] = getattr(aware(cls), name)
    return {value: form for value, form in found.items() if form is not value}


def _is_code(value: Any) -> bool:
    return isinstance(value, (FunctionType, staticmethod, classmethod)) and not getattr(
        value, "__isabstractmethod__", False
    )


def _rebound(value: Any, namespace: dict[str, Any]) -> Any:
    """A method that finds the lane-aware globals of its module; the static ones are functions of that module."""
    if isinstance(value, staticmethod):
        return staticmethod(aware(value.__func__))
    if isinstance(value, classmethod):
        return classmethod(_rebound(value.__func__, namespace))
    copy = FunctionType(value.__code__, namespace, value.__name__, value.__defaults__, value.__closure__)
    copy.__kwdefaults__ = value.__kwdefaults__
    copy.__doc__ = value.__doc__
    return copy


def _mapdomain(x: Any, old: Any, new: Any) -> Any:
    """``polyutils.mapdomain``, also of a polynomial."""
    if not isinstance(x, ABCPolyBase):
        return implementation(polyutils.mapdomain)(x, old, new)
    offset, scale = implementation(polyutils.mapparms)(old, new)
    return offset + scale * x


STAND_INS["mapdomain"] = _mapdomain

for _class in (polynomial.Polynomial, chebyshev.Chebyshev, legendre.Legendre, hermite.Hermite, hermite_e.HermiteE,
               laguerre.Laguerre):  # fmt: skip
    CLASSES[_class] = partial(lane_class, _class)
