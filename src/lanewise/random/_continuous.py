"""Samplers of real and complex numbers."""

from collections.abc import Callable
from math import pi, sqrt
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ._arguments import (
    Array,
    Key,
    Shape,
    ShapeLike,
    as_array,
    at_rank,
    check,
    check_dtype,
    check_key,
    check_mode,
    check_parameters,
    check_shape,
    finish,
)
from ._erf import erf, normal_quantile
from ._threefry import bits, draw, split_key, units


def draw_units(
    key: Key, shape: Shape, dtype: np.dtype[Any], transform: Callable[[Array], Array] | None = None
) -> Array:
    """Floats in [0, 1), transformed elementwise; shape (1,) for ()."""
    sample = units(dtype)
    if transform is None:
        return draw(key, shape, sample)
    return draw(key, shape, lambda first, second: transform(sample(first, second)))


def _above(lowest: float, u: Array) -> Array:
    """`u` in [0, 1) moved to [`lowest`, 1) as JAX does, for a tiny `lowest` that guards a logarithm."""
    return np.maximum(u * (1.0 - lowest) + lowest, lowest)


def _symmetric(u: Array) -> Array:
    """`u` in [0, 1) moved to the open (-1, 1)."""
    return u * 2.0 + (-1.0 + float(np.finfo(u.dtype).epsneg))


def uniform(
    key: Key,
    shape: ShapeLike = (),
    dtype: DTypeLike | None = None,
    minval: ArrayLike = 0.0,
    maxval: ArrayLike = 1.0,
) -> Array:
    """Draw floats that are uniform from ``minval`` up to but not including ``maxval``.

    JAX's ``jax.random.uniform``.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    shape
        The shape of the result.
    dtype
        float16, float32 or float64 (the default).
    minval, maxval
        Numbers that broadcast to `shape`.

    Returns
    -------
    numpy.ndarray
        Of the given shape and dtype; a NumPy scalar for shape ().

    Raises
    ------
    TypeError, ValueError
        If `key` is not one key, or another argument is not as described.

    Examples
    --------
    >>> from lanewise import random
    >>> random.uniform(random.key(0), (3,)).round(4)
    array([0.4185, 0.2163, 0.9653])
    """
    shape, dtype = check("uniform", key, shape, dtype, "f", np.float64)
    if type(minval) in (int, float) and type(maxval) in (int, float) and (minval, maxval) == (0, 1):
        return finish(draw_units(key, shape, dtype), shape)
    low, high = as_array(minval, dtype), as_array(maxval, dtype)
    check_parameters("uniform", shape, minval=low.shape, maxval=high.shape)
    return finish(_draw_between(key, shape, at_rank(low, len(shape)), at_rank(high, len(shape))), shape)


def _draw_between(
    key: Key, shape: Shape, low: Array, high: Array, transform: Callable[[Array], Array] | None = None
) -> Array:
    """Uniform numbers between bounds of the same rank, transformed elementwise."""

    def scale(u: Array) -> Array:
        scaled: Array = np.maximum(low, u * (high - low) + low)
        return scaled if transform is None else transform(scaled)

    if all(type(bound) is np.ndarray and bound.size == 1 for bound in (low, high)):
        # one pair for all samples: block by block
        low, high = low.reshape(1), high.reshape(1)
        return draw_units(key, shape, low.dtype, scale)
    return scale(draw_units(key, shape, low.dtype))


def normal(key: Key, shape: ShapeLike = (), dtype: DTypeLike | None = None) -> Array:
    """Draw standard normal numbers.

    JAX's ``jax.random.normal``. The results are the normal quantiles of uniform numbers, exact to
    rounding; JAX's own differ from them by up to 1e-10 (float64) beyond 4 standard deviations.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    shape
        The shape of the result.
    dtype
        float16, float32, float64 (the default), complex64 or complex128. Complex numbers have variance 1,
        half of it in each part.

    Returns
    -------
    numpy.ndarray
        Of the given shape and dtype; a NumPy scalar for shape ().

    Raises
    ------
    TypeError, ValueError
        If `key` is not one key, or `shape` or `dtype` is not as described.

    Examples
    --------
    >>> from lanewise import random
    >>> random.normal(random.key(0), (3,)).round(4)
    array([-0.2058, -0.7848,  1.8161])
    """
    shape, dtype = check("normal", key, shape, dtype, "fc", np.float64)
    if dtype.kind == "f":
        return finish(draw_normal(key, shape, dtype), shape)
    keys = split_key(key, (2,))
    part = np.dtype(f"f{dtype.itemsize // 2}")
    real, imaginary = (draw_normal(keys[i], shape, part) for i in range(2))
    return finish((real + 1j * imaginary) / part.type(sqrt(2)), shape)


def draw_normal(key: Key, shape: Shape, dtype: np.dtype[Any]) -> Array:
    """`normal` of checked arguments and a float dtype; shape (1,) for ()."""

    def transform(u: Array) -> Array:
        u = _symmetric(u)
        if dtype.itemsize == 2:  # in float32: float16 can't hold the coefficients
            return normal_quantile(u.astype(np.float32)).astype(dtype)
        return normal_quantile(u)

    return draw_units(key, shape, dtype, transform)


def truncated_normal(
    key: Key,
    lower: ArrayLike,
    upper: ArrayLike,
    shape: ShapeLike | None = None,
    dtype: DTypeLike | None = None,
) -> Array:
    """Draw standard normal numbers that lie between bounds.

    JAX's ``jax.random.truncated_normal``, with its limits: the bounds are mapped to probabilities, which
    leaves few digits when both lie far out in the same tail.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    lower, upper
        The bounds, which broadcast to `shape`.
    shape
        The shape of the result, by default what `lower` and `upper` broadcast to.
    dtype
        float16, float32 or float64 (the default).

    Returns
    -------
    numpy.ndarray
        Of the given shape and dtype, in the open interval; a NumPy scalar for shape ().

    Raises
    ------
    TypeError, ValueError
        If `key` is not one key, or another argument is not as described.

    Examples
    --------
    >>> from lanewise import random
    >>> random.truncated_normal(random.key(0), 0, 1, (3,)).round(4)
    array([0.3661, 0.1861, 0.9522])
    """
    check_key("truncated_normal", key)
    dtype = check_dtype("truncated_normal", dtype, "f", np.float64)
    low, high = as_array(lower, dtype), as_array(upper, dtype)
    if shape is None:
        shape = np.broadcast_shapes(low.shape, high.shape)
    shape = check_shape("truncated_normal", shape)
    check_parameters("truncated_normal", shape, lower=low.shape, upper=high.shape)
    low, high = at_rank(low, len(shape)), at_rank(high, len(shape))
    precise = np.dtype(np.float32) if dtype.itemsize == 2 else dtype

    def level(bound: Array) -> Array:
        return erf(bound.astype(precise) / precise.type(sqrt(2))).astype(dtype)

    def quantile(u: Array) -> Array:
        return normal_quantile(u.astype(precise)).astype(dtype)

    samples = _draw_between(key, shape, level(low), level(high), quantile)
    infinity = dtype.type(np.inf)
    return finish(np.clip(samples, np.nextafter(low, infinity), np.nextafter(high, -infinity)), shape)


def gumbel(key: Key, shape: ShapeLike = (), dtype: DTypeLike | None = None, mode: str | None = None) -> Array:
    """Draw numbers of the standard Gumbel distribution.

    JAX's ``jax.random.gumbel``.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    shape
        The shape of the result.
    dtype
        float16, float32 or float64 (the default).
    mode
        ``"low"`` (the default); ``"high"`` draws twice as many bits, for events of a probability near the
        machine epsilon; ``"highest"`` makes the most of them in float32.

    Returns
    -------
    numpy.ndarray
        Of the given shape and dtype; a NumPy scalar for shape ().

    Raises
    ------
    TypeError, ValueError
        If `key` is not one key, or another argument is not as described.

    Examples
    --------
    >>> from lanewise import random
    >>> random.gumbel(random.key(0), (3,)).round(4)
    array([ 0.1379, -0.426 ,  3.344 ])
    """
    shape, dtype = check("gumbel", key, shape, dtype, "f", np.float64)
    return finish(draw_gumbel(key, shape, dtype, check_mode("gumbel", mode)), shape)


def draw_gumbel(key: Key, shape: Shape, dtype: np.dtype[Any], mode: str) -> Array:
    """`gumbel` of checked arguments; shape (1,) for ()."""
    info = np.finfo(dtype)
    tiny = float(info.tiny)
    if mode == "low":
        return draw_units(key, shape, dtype, lambda u: -np.log(-np.log(_above(tiny, u))))
    both = (2, *(shape or (1,)))
    if mode == "highest" and dtype == np.float32:
        words = draw(key, both, bits(32)).astype(np.uint64)
        fixed = words[0] << 32 | words[1]
        lower = fixed < 1 << 63
        x = np.where(lower, fixed, ~fixed + 1).astype(np.float64) * 2.0**-64
        x = np.maximum(x, 2.0**-65)  # never 0, as the logarithm is next
        result: Array = -np.log(-np.where(lower, np.log1p(-x), np.log(x))).astype(dtype)
        return result
    u = draw_units(key, both, dtype)
    result = -np.log(-np.log1p(-np.where(u[0] >= 0.5, u[0], u[0] + float(info.eps) * u[1] + tiny)))
    return result


# ---- one transform of uniform numbers ----


class Sampler(Protocol):
    """What samplers without parameters look like."""

    def __call__(self, key: Key, shape: ShapeLike = (), dtype: DTypeLike | None = None) -> Array:
        """Draw."""


def _sampler(name: str, what: str, transform: Callable[[Array], Array], example: str) -> Sampler:
    def sampler(key: Key, shape: ShapeLike = (), dtype: DTypeLike | None = None) -> Array:
        shape, dtype = check(name, key, shape, dtype, "f", np.float64)
        return finish(draw_units(key, shape, dtype, transform), shape)

    sampler.__name__ = sampler.__qualname__ = name
    sampler.__doc__ = f"""Draw {what}.

    JAX's ``jax.random.{name}``.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    shape
        The shape of the result.
    dtype
        float16, float32 or float64 (the default).

    Returns
    -------
    numpy.ndarray
        Of the given shape and dtype; a NumPy scalar for shape ().

    Raises
    ------
    TypeError, ValueError
        If `key` is not one key, or `shape` or `dtype` is not as described.

    Examples
    --------
    >>> from lanewise import random
    >>> random.{name}(random.key(0), (3,)).round(4)
    array({example})
    """
    return sampler


def _laplace(u: Array) -> Array:
    u = _symmetric(u)
    return np.sign(u) * np.log1p(-np.abs(u))


def _logistic(u: Array) -> Array:
    u = _above(float(np.finfo(u.dtype).tiny), u)
    return np.log(u) - np.log1p(-u)


def _cauchy(u: Array) -> Array:
    return np.tan((_above(float(np.finfo(u.dtype).eps), u) - 0.5) * pi)


exponential = _sampler(
    "exponential", "exponentially distributed numbers, of mean 1", lambda u: -np.log1p(-u), "[0.5421, 0.2437, 3.3616]"
)
laplace = _sampler(
    "laplace", "numbers of the Laplace distribution of mean 0 and scale 1", _laplace, "[ 0.178 ,  0.838 , -2.6685]"
)
logistic = _sampler(
    "logistic", "numbers of the logistic distribution of mean 0 and scale 1", _logistic, "[-0.3291, -1.2874,  3.3263]"
)
cauchy = _sampler(
    "cauchy", "numbers of the Cauchy distribution of location 0 and scale 1", _cauchy, "[-0.2619, -1.2378,  9.1425]"
)
