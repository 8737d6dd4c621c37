"""The methods of arrays, on lane values: rules that have the names of `numpy.ndarray`'s methods."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import MethodType
from typing import Any

from .array import PYTHON, LaneArray, Rule, apply, settle


def method(*names: str) -> Callable[[Rule], Rule]:
    """Make a rule these methods of a lane value: ``rule(x, *args, **kwargs)``."""

    def enter(rule: Rule) -> Rule:
        for name in names:
            _add_method(name, rule, settled=True)
        return rule

    return enter


def method_is(name: str, function: Any) -> None:
    """Make a NumPy function a method of the same name."""
    _add_method(name, partial(apply, function), settled=False)


def _add_method(name: str, rule: Rule, *, settled: bool) -> None:
    def call(self: LaneArray, *args: Any, **kwargs: Any) -> Any:
        if settled:
            return settle(rule, None, (self, *args), kwargs, name)
        return rule(self, *args, **kwargs)

    call.__name__ = name
    call.__doc__ = f"As `numpy.ndarray.{name}`, for every lane."
    setattr(LaneArray, name, Method(name, call))


class Method:
    """A method of arrays, which a lane value that stands for a Python scalar does not have."""

    __slots__ = ("call", "name")

    def __init__(self, name: str, call: Rule) -> None:
        self.name = name
        self.call = call

    def __get__(self, x: LaneArray | None, owner: type | None = None) -> Any:
        """Bind the method to a lane value."""
        if x is None:
            return self.call
        if x.kind == PYTHON and not hasattr(x.__class__, self.name):
            raise AttributeError(f"{x.__class__.__name__!r} object has no attribute {self.name!r}")
        return MethodType(self.call, x)
