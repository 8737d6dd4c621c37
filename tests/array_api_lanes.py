"""A namespace for the Array API test suite, every call of which runs on lane values inside a ``vmap``.

An `Array` holds one example. Each function, operator, method and attribute is called under ``vmap(strict=True)``
on a batch of two: the example, and the example with its elements in reverse order. Both lanes must be what NumPy
gives for them alone (the law); the first is the answer that the suite judges. How to run the suite is told in
``docs/array-api.md``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache, partial, update_wrapper
from types import SimpleNamespace
from typing import Any

import numpy as np
import optree

import lanewise.numpy as lnp
from lanewise import vmap

__name__ = "array_api_lanes"
__array_api_version__ = np.__array_api_version__
__array_namespace_info__ = lnp.__array_namespace_info__

NUMBERS = (np.ndarray, np.generic, bool, int, float, complex)


class Array:
    """One example, each operation on which runs on lanes."""

    def __init__(self, example: Any) -> None:
        self.example = example

    def __repr__(self) -> str:
        return f"Array({self.example!r})"

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        """The module here, if a lane value names ``lanewise.numpy``."""
        names = []
        vmap(lambda x: names.append(x.__array_namespace__(api_version=api_version)))(np.stack([self.example] * 2))
        assert names == [lnp]
        return __import__(__name__)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.example = call(_set, _set, self, index, _scalar(value)).example

    def __iter__(self) -> Any:
        return (self[n] for n in range(len(self)))


class Scalar:
    """A Python scalar that the mapped function is to see as a lane value."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _scalar(x: Any) -> Any:
    fits = type(x) in (bool, float, complex) or (type(x) is int and abs(x) < 2**53)  # larger ones leave the batch
    return Scalar(x) if fits else x


def _set(x: Any, index: Any, value: Any) -> Any:
    x = lnp.array(x) if x.ndim == 0 else x
    x[index] = value
    return x


# ---- one call on two lanes ----


def call(function: Callable[..., Any], plain: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function on lane values, compare with NumPy lane by lane, and give the first lane's result."""
    leaves, spec = optree.tree_flatten((args, kwargs), none_is_leaf=True)
    mapped = [n for n, leaf in enumerate(leaves) if isinstance(leaf, (Array, Scalar))]
    compare = _same if not getattr(plain, "__name__", "").startswith("empty") else _alike
    lanes = [[_example(leaf, flip) if n in mapped else leaf for n, leaf in enumerate(leaves)] for flip in (0, 1)]

    def run(f: Callable[..., Any], values: list[Any]) -> Any:
        args, kwargs = optree.tree_unflatten(spec, values)
        return f(*args, **kwargs)

    outcomes = [_outcome(run, plain, lane) for lane in lanes]
    if _unlike(*outcomes):  # shapes that depend on values, or an exception in one lane: two lanes that agree
        lanes[1], outcomes[1] = lanes[0], outcomes[0]
    seen: list[Any] = []
    # the arrays are arguments, and nothing that the mapped function could reach beside them
    shared = [None if n in mapped else leaf for n, leaf in enumerate(leaves)]
    scalars = [isinstance(leaves[n], Scalar) for n in mapped]

    def body(_: Any, *values: Any) -> Any:
        every = list(shared)
        for n, value, scalar in zip(mapped, values, scalars, strict=True):
            every[n] = value.item() if scalar else value
        found, structure = optree.tree_flatten(run(function, every), none_is_leaf=True)
        seen[:] = [None if isinstance(leaf, NUMBERS) else leaf for leaf in found], structure
        return [leaf for leaf in found if isinstance(leaf, NUMBERS)]

    batches = [np.stack([lane[n] for lane in lanes]) for n in mapped]
    error = outcomes[0].error
    try:
        arrays = vmap(body, strict=True)(np.arange(2), *batches)
    except Exception as failure:
        if type(failure) is not type(error):
            raise AssertionError(f"NumPy gives {error or outcomes[0].leaves!r}") from failure
        raise
    assert error is None, f"NumPy raises {error!r}, vmap does not"
    others, structure = seen
    for lane, outcome in enumerate(outcomes):
        numbers = iter(arrays)
        assert len(others) == len(outcome.leaves)
        for leaf, expected in zip(others, outcome.leaves, strict=True):
            if isinstance(expected, NUMBERS):
                compare(next(numbers)[lane], expected)
            else:
                assert leaf == expected or repr(leaf) == repr(expected)
    numbers = iter(arrays)
    answers = [
        _answer(next(numbers)[0], expected) if isinstance(expected, NUMBERS) else leaf
        for leaf, expected in zip(others, outcomes[0].leaves, strict=True)
    ]
    return optree.tree_unflatten(structure, answers)


def _example(leaf: Any, flip: int) -> Any:
    if isinstance(leaf, Scalar):
        return leaf.value
    return np.flip(leaf.example).copy() if flip and np.ndim(leaf.example) else leaf.example.copy()


def _outcome(run: Any, plain: Callable[..., Any], values: list[Any]) -> Any:
    try:
        leaves, spec = optree.tree_flatten(
            run(plain, [x.copy() if isinstance(x, np.ndarray) else x for x in values]), none_is_leaf=True
        )
    except Exception as error:
        return SimpleNamespace(leaves=[], spec=None, error=error)
    return SimpleNamespace(leaves=leaves, spec=spec, error=None)


def _unlike(one: Any, other: Any) -> bool:
    if one.error or other.error:
        return True
    return any(np.shape(x) != np.shape(y) for x, y in zip(one.leaves, other.leaves, strict=True))


def _alike(found: Any, expected: Any) -> None:
    if isinstance(expected, (np.ndarray, np.generic)):
        assert found.dtype == expected.dtype
    assert found.shape == np.shape(expected)


def _same(found: Any, expected: Any) -> None:
    _alike(found, expected)
    if found.dtype.kind in "fc" and found.size:
        eps = np.finfo(found.dtype).eps
        largest = np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))
        np.testing.assert_allclose(found, expected, rtol=64 * eps, atol=min(64 * eps * largest, 1e300))
    else:
        np.testing.assert_array_equal(found, expected)


def _answer(found: Any, expected: Any) -> Any:
    return Array(found) if isinstance(expected, (np.ndarray, np.generic)) else found.item()


# ---- methods ----


def _method(name: str, function: Callable[..., Any], *, scalars: bool = False, writes: bool = False) -> None:
    def method(self: Array, *args: Any, **kwargs: Any) -> Any:
        found = call(function, function, self, *[_scalar(x) if scalars else x for x in args], **kwargs)
        if not writes or not isinstance(found, Array):
            return found
        self.example = found.example
        return self

    update_wrapper(method, getattr(np.ndarray, name, function))
    setattr(Array, name, method)


for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift",
             "rshift"):  # fmt: skip
    base = getattr(operator, f"__{name}__")
    _method(f"__{name}__", base, scalars=True)
    _method(f"__r{name}__", lambda x, y, base=base: base(y, x), scalars=True)
    _method(f"__i{name}__", getattr(operator, f"__i{name}__"), scalars=True, writes=True)
for name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _method(f"__{name}__", getattr(operator, f"__{name}__"), scalars=True)
for name in ("neg", "pos", "abs", "invert"):
    _method(f"__{name}__", getattr(operator, f"__{name}__"))
for name, function in {"bool": bool, "int": int, "float": float, "complex": complex, "len": len}.items():
    _method(f"__{name}__", function)
_method("__index__", operator.index)
_method("__getitem__", operator.getitem)
_method("to_device", lambda x, *args, **kwargs: x.to_device(*args, **kwargs))
_method("__dlpack_device__", lambda x: x.__dlpack_device__())
_method("__dlpack__", lambda x, **kwargs: x.__dlpack__(**kwargs))
update_wrapper(Array.__setitem__, np.ndarray.__setitem__)
for name in ("dtype", "device", "shape", "ndim", "size", "T", "mT", "real", "imag"):
    attribute = operator.attrgetter(name)
    setattr(Array, name, property(partial(call, attribute, attribute)))


# ---- functions ----

CREATION = {"asarray", "full", "full_like", "arange", "linspace"}
"""The functions whose scalars are lane values, too."""


@cache
def lane_function(path: str) -> Any:
    """A function of ``lanewise.numpy`` that runs on lanes."""
    function, plain = operator.attrgetter(path)(lnp), operator.attrgetter(path)(np)

    def run(*args: Any, **kwargs: Any) -> Any:
        if path in CREATION:
            first = 0 if path in ("asarray", "arange", "linspace") else 1
            args = tuple(_scalar(x) if n >= first and n < 3 else x for n, x in enumerate(args))
            kwargs = {k: _scalar(x) if k in ("start", "stop", "step", "fill_value") else x for k, x in kwargs.items()}
        return call(function, plain, *args, **kwargs)

    update_wrapper(run, function)
    return run


class Extension:
    """``linalg`` or ``fft``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, name: str) -> Any:
        getattr(getattr(lnp, self.name), name)
        return lane_function(f"{self.name}.{name}")


linalg = Extension("linalg")
fft = Extension("fft")


def __getattr__(name: str) -> Any:
    value = getattr(lnp, name)
    if callable(value) and (not isinstance(value, type) or name in ("finfo", "iinfo")):
        return lane_function(name)
    return value
