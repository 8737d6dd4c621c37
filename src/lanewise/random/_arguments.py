"""Checks and conversions of the samplers' arguments.

Any argument that is no shape, dtype, axis or flag may be a lane value: an object that looks like one
example's array, and that a conversion with `numpy.asarray` would lose.
"""

from collections.abc import Iterable, Sequence
from operator import index
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array: TypeAlias = NDArray[Any]
Key: TypeAlias = NDArray[np.uint32]
Shape: TypeAlias = tuple[int, ...]
ShapeLike: TypeAlias = SupportsIndex | Sequence[SupportsIndex]


def check_key(function: str, key: Key, *, batched: bool = False) -> None:
    """Raise unless `key` is one raw key (or, if `batched`, an array of them)."""
    shape, dtype = getattr(key, "shape", None), getattr(key, "dtype", None)
    if shape is None or dtype is None:
        raise TypeError(
            f"{function}: key is {type(key).__name__} {key!r}, expected a uint32 array of shape (2,). "
            "Make one with lanewise.random.key(seed)."
        )
    if dtype != np.uint32 or shape[-1:] != (2,):
        raise TypeError(
            f"{function}: key has dtype {dtype} and shape {shape}, expected uint32 and (2,). "
            "Make keys with lanewise.random.key, split or fold_in."
        )
    if shape != (2,) and not batched:
        raise ValueError(
            f"{function}: key has shape {shape}, an array of keys; expected one key, of shape (2,). "
            f"Map over the keys: vmap(lambda key: {function}(key, ...))(keys)."
        )


def check_shape(function: str, shape: ShapeLike, name: str = "shape") -> Shape:
    """`shape` as a tuple; an integer stands for one dimension."""
    dimensions: Iterable[SupportsIndex] = shape if isinstance(shape, Iterable) else (shape,)
    try:
        result = tuple(index(n) for n in dimensions)
    except TypeError:
        result = (-1,)
    if any(n < 0 for n in result):
        raise TypeError(
            f"{function}: {name} is {shape!r}, expected a non-negative integer or a sequence of them"
        )
    return result


def check_parameters(function: str, shape: Shape, **parameters: Shape) -> None:
    """Raise unless the parameters, given by their shapes, broadcast to `shape`."""
    try:
        broadcast = np.broadcast_shapes(shape, *parameters.values())
    except ValueError:
        broadcast = None
    if broadcast != shape:
        found = " and ".join(f"{name} has shape {found}" for name, found in parameters.items())
        raise ValueError(f"{function}: {found}, expected what broadcasts to shape {shape}")


def check_dtype(function: str, dtype: DTypeLike | None, kinds: str, default: type) -> np.dtype[Any]:
    """`dtype` as a dtype of one of the `kinds` (NumPy's letters), of a width that JAX has too."""
    result = np.dtype(default if dtype is None else dtype)
    names = {"f": "float16, float32 or float64", "c": "complex64 or complex128", "i": "int8 to int64"}
    names["u"] = "uint8 to uint64"
    widest = 16 if result.kind == "c" else 8
    if result.kind not in kinds or result.itemsize > widest or not result.isnative:
        expected = " or ".join(names[kind] for kind in kinds)
        raise ValueError(f"{function}: dtype is {result}, expected {expected}")
    return result


def check(
    function: str, key: Key, shape: ShapeLike, dtype: DTypeLike | None, kinds: str, default: type
) -> tuple[Shape, np.dtype[Any]]:
    """The shape and the dtype of a sampler, checked as the key is: see `check_shape` and `check_dtype`."""
    check_key(function, key)
    return check_shape(function, shape), check_dtype(function, dtype, kinds, default)


def check_mode(function: str, mode: str | None) -> str:
    """`mode` of the Gumbel sampler, by default ``"low"``."""
    if mode not in (None, "low", "high", "highest"):
        raise ValueError(f"{function}: mode is {mode!r}, expected 'low', 'high' or 'highest'")
    return mode or "low"


def check_impl(function: str, impl: str | None) -> None:
    """Raise unless `impl` names the one generator."""
    if impl not in (None, "threefry2x32"):
        raise ValueError(f"{function}: impl is {impl!r}, expected 'threefry2x32', the only one here, or None")


def as_array(value: ArrayLike, dtype: DTypeLike | None = None) -> Array:
    """`value` as something with a shape and a dtype; a lane value stays one."""
    array: Any = value
    if not hasattr(array, "astype"):
        array = np.copy(array)  # not asarray, which knows nothing of lane values
    result: Array = array if dtype is None else array.astype(dtype, copy=False)
    return result


def at_rank(array: Array, ndim: int) -> Array:
    """`array` with leading axes of size 1, so that it has at least `ndim`, and at least 1."""
    return array.reshape((1,) * (max(ndim, 1) - array.ndim) + array.shape)


def finish(samples: Array, shape: Shape) -> Array:
    """The samples as the caller gets them: a NumPy scalar instead of shape (1,) where `shape` is ()."""
    result: Array = samples if shape else samples[0]
    return result
