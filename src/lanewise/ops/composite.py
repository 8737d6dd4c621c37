"""NumPy's own composites, run on lane values.

Most of NumPy's functions are Python code over other NumPy functions. That code is written for one example,
as the user's is; so it runs on lane values as it stands, once the names in it that insist on real arrays
(``asarray``, ``zeros``, ...) stand for the lane-aware ones.
"""

from __future__ import annotations

import builtins
import math
import sys
from functools import cache, wraps
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, SCALAR, TABLE, LaneArray, apply, lanes_of
from ..facts import NoLaneForm
from ..lanes import NOWHERE
from . import creation
from .common import full


def unknown(func: Any) -> Any:
    """The rule of a function without a row: NumPy's own code on lane values, or lane by lane."""
    if isinstance(func, np.ufunc):
        from .elementwise import ufunc_rule

        return ufunc_rule(func)
    name = getattr(func, "__name__", str(func))
    body = getattr(func, "_implementation", func)
    if not isinstance(body, FunctionType) or name in _OPAQUE or not body.__module__.startswith("numpy."):

        def refuse(func: Any, *args: Any, **kwargs: Any) -> Any:
            raise NoLaneForm(f"{getattr(func, '__module__', 'numpy')}.{name} has no batched form")

        return refuse
    return composite(func)


def composite(func: Any) -> Any:
    """The rule of a function that runs as NumPy's own code."""
    run = implementation(func)

    def rule(func: Any, *args: Any, **kwargs: Any) -> Any:
        token = creation.HOME.set(lanes_of((args, kwargs)))
        try:
            return run(*args, **kwargs)
        finally:
            creation.HOME.reset(token)

    return rule


def widened(func: Any, *args: Any, **kwargs: Any) -> Any:
    """NumPy's code, its arrays spread over all lanes at once: it writes into copies of one what depends on another."""
    lanes = lanes_of((args, kwargs))

    def wide(x: Any) -> Any:
        if type(x) is np.ndarray and x.dtype != object:
            x = LaneArray(x, NOWHERE, ARRAY)
        return LaneArray(full(x, lanes), lanes, x.kind) if type(x) is LaneArray and x.lanes is not lanes else x

    return composite(func)(func, *map(wide, args), **{name: wide(x) for name, x in kwargs.items()})


_OPAQUE = frozenset({
    "save", "savez", "savez_compressed", "savetxt", "array_repr", "array_str", "array2string", "einsum_path",
    "apply_along_axis", "apply_over_axes", "piecewise", "shares_memory", "may_share_memory",
})  # fmt: skip
"""Composites that write to files, ask types of C code, or loop over elements."""

_LANE_AWARE = (
    "array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "require", "empty", "zeros", "ones",
    "full", "empty_like", "zeros_like", "ones_like", "full_like", "fromiter",
)  # fmt: skip


class _Converter:
    """NumPy's helper of the same name: brings the arguments of a composite to arrays, and its results back."""

    def __init__(self, *values: Any) -> None:
        self.values = values
        self.types = _numpy_converter(*[_sample(x) for x in values])
        self.scalar_input = self.types.scalar_input

    def __getitem__(self, n: int) -> Any:
        return creation.asanyarray(self.values[n])

    def as_arrays(self, subok: bool = True, pyscalars: str = "convert") -> tuple[Any, ...]:
        """The values as arrays."""
        return tuple([creation.asanyarray(x) for x in self.values])

    def result_type(self, *args: Any, **kwargs: Any) -> Any:
        """Their common dtype."""
        return self.types.result_type(*args, **kwargs)

    def wrap(self, found: Any, /, to_scalar: bool | None = None) -> Any:
        """A result: a scalar, where all that came was."""
        to_scalar = self.scalar_input if to_scalar is None else to_scalar
        if type(found) is LaneArray and to_scalar and found.data.ndim == found.lanes.ndim:
            return LaneArray(found.data, found.lanes, SCALAR)
        return found


_numpy_converter: Any = getattr(np._core._multiarray_umath, "_array_converter", None)  # type: ignore[attr-defined]


def _sample(x: Any) -> Any:
    """A plain value of the same kind and dtype."""
    if type(x) is not LaneArray:
        return x
    zero = x.data.dtype.type()
    if x.kind == PYTHON:
        return zero.item()
    return zero if x.kind == SCALAR else np.zeros((1,) * (x.data.ndim - x.lanes.ndim), x.data.dtype)


class _Broadcast:
    """The shape of ``np.broadcast``, which is all that composites ask of it."""

    def __init__(self, *values: Any) -> None:
        self.shape = np.broadcast_shapes(*[np.shape(x) for x in values])
        self.ndim = self.nd = len(self.shape)
        self.size = math.prod(self.shape)


def _make_array(x: Any) -> tuple[Any, Any]:
    """Of ``numpy.linalg``: the argument as an array, and what wraps the result."""
    return creation.asarray(x), lambda found: found


STAND_INS = {"_array_converter": _Converter, "broadcast": _Broadcast, "_makearray": _make_array}


class _Module:
    """A module whose creation functions are lane-aware; all else is the module's."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        if name in _LANE_AWARE:
            return getattr(creation, name)
        value = STAND_INS[name] if name in STAND_INS else getattr(self._module, name)
        return _aware(value) if any(value is func for func in _JOIN) else value


@cache
def lane_globals(module: str) -> dict[str, Any]:
    """The globals of one of NumPy's modules, its creation functions replaced."""
    source = sys.modules[module].__dict__
    namespace = dict(source)
    namespace["__builtins__"] = {**builtins.__dict__, "__import__": _import}
    for name, value in source.items():
        if not name.startswith("__"):
            namespace[name] = _lane_aware(name, value, module, namespace)
    return namespace


def _lane_aware(name: str, value: Any, module: str, namespace: dict[str, Any]) -> Any:
    """What a global of one of NumPy's modules stands for in code that runs on lane values."""
    if name in _LANE_AWARE and callable(value):
        return getattr(creation, name)
    if name in STAND_INS:
        return STAND_INS[name]
    if isinstance(value, ModuleType):
        return _lane_module(value)
    if any(value is func for func in _JOIN) or _is_blind(value):
        return _aware(value)
    if isinstance(value, FunctionType) and value.__globals__["__name__"] == module:
        return _rebound(value, namespace)
    if type(value) is dict:  # NumPy's tables of functions
        return {key: _lane_aware("", item, module, namespace) for key, item in value.items()}
    return value


def _lane_module(module: ModuleType) -> Any:
    """A module for code that runs on lane values: creation functions are lane-aware, and the polynomials."""
    if module.__name__.startswith("numpy.polynomial."):
        return SimpleNamespace(**lane_globals(module.__name__))
    return _Module(module) if module.__name__ in ("numpy", *_CREATORS) else module


def aware(value: Any) -> Any:
    """A name of NumPy as `lanewise.numpy` gives it: functions that NumPy does not dispatch take lane values, too."""
    if isinstance(value, ModuleType) and value.__name__.startswith("numpy."):
        return Namespace(value)
    if isinstance(value, type) and value in CLASSES:
        return CLASSES[value]()
    undispatched = isinstance(value, FunctionType) and (value.__module__ or "").startswith("numpy")
    return _aware(value) if undispatched or _is_blind(value) else value


def _is_blind(value: Any) -> bool:
    """Whether NumPy dispatches on some arguments only of what may be one of its functions."""
    if type(value) is type(np.mean) and value.__module__ in ("numpy.strings", "numpy.char"):
        return True
    return any(value is func for func in BLIND)


@cache
def _aware(func: Any) -> Any:
    @wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        return apply(func, *args, **kwargs) if _has_lanes((args, kwargs)) else func(*args, **kwargs)

    return call


def _has_lanes(tree: Any) -> bool:
    if type(tree) in (tuple, list):
        return any(map(_has_lanes, tree))
    return _has_lanes(list(tree.values())) if type(tree) is dict else type(tree) is LaneArray


class Namespace:
    """A module of NumPy as `lanewise.numpy` gives it."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self.__name__ = module.__name__
        self.__doc__ = module.__doc__

    def __getattr__(self, name: str) -> Any:
        return aware(getattr(self._module, name))

    def __dir__(self) -> list[str]:
        return dir(self._module)

    def __repr__(self) -> str:
        return f"<{self.__name__}, for lane values>"


CLASSES: dict[type, Any] = {}
"""Makers of what stands for a class of NumPy."""

_JOIN = (np.concatenate, np.stack, np.hstack, np.vstack, np.column_stack, np.atleast_1d)
"""NumPy's dispatcher does not look into lists that these are given."""

BLIND = (np.take, np.repeat, np.polyint, np.polyval, np.char.compare_chararrays)
"""NumPy's dispatcher looks at their first argument only, or at none."""

_CREATORS = "numpy._core.numeric", "numpy._core.multiarray"


def _import(*args: Any) -> Any:
    """The import statement in code that runs on lane values."""
    return _lane_module(builtins.__import__(*args))


def _rebound(function: FunctionType, namespace: dict[str, Any]) -> FunctionType:
    copy = FunctionType(function.__code__, namespace, function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


@cache
def implementation(func: Any) -> Any:
    """NumPy's own code of a function, ready for lane values."""
    body = getattr(func, "_implementation", func)
    return _rebound(body, lane_globals(body.__globals__["__name__"]))


TABLE["unknown"] = unknown
