"""What Python's numbers can be asked, some of NumPy's scalars too: ``n.bit_length()``, ``x.is_integer()`` and kin."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

import numpy as np

from ..array import PYTHON, LaneArray, live
from ..facts import recorder

Rule = Callable[[Any], Any]


class Asked:
    """A method, or with ``called`` false an attribute, of lane values whose class has one of that name."""

    __slots__ = ("called", "name", "rule")

    def __init__(self, rule: Rule, called: bool) -> None:
        self.rule, self.name, self.called = rule, rule.__name__, called

    def __get__(self, x: LaneArray | None, owner: type | None = None) -> Any:
        """Bind the method to a lane value, or give the attribute."""
        if x is None:
            return self.rule
        if not hasattr(x.__class__, self.name):
            raise AttributeError(f"{x.__class__.__name__!r} object has no attribute {self.name!r}")
        return MethodType(self.rule, x) if self.called else self.rule(x)


def _asked(called: bool) -> Callable[[Rule], Rule]:
    """Enter a rule under its own name."""

    def enter(rule: Rule) -> Rule:
        setattr(LaneArray, rule.__name__, Asked(rule, called))
        return rule

    return enter


def _python(x: Any, dtype: Any) -> LaneArray:
    """A number as Python's."""
    if (tracer := recorder()) is not None:
        return tracer.converted(x, np.dtype(dtype), PYTHON)  # type: ignore[no-any-return]
    x = live(x)
    return LaneArray(x.data.astype(dtype), x.lanes, PYTHON)


@_asked(True)
def is_integer(x: Any) -> Any:
    """Whether a number is whole."""
    if x.data.dtype.kind in "biu":
        return True
    return _python(np.logical_and(np.isfinite(x), np.trunc(x) == x), bool)


@_asked(True)
def bit_count(x: Any) -> Any:
    """How many bits the number's size has that are 1."""
    return _python(np.bitwise_count(x), np.int64)


@_asked(True)
def bit_length(x: Any) -> Any:
    """How many bits the number's size needs."""
    bits = abs(x)
    for shift in (1, 2, 4, 8, 16, 32):
        bits = bits | bits >> shift
    return bit_count(bits)


@_asked(False)
def numerator(x: Any) -> Any:
    """The number itself."""
    return +x


@_asked(False)
def denominator(x: Any) -> Any:
    """1, as of every whole number."""
    return 1
