"""Samplers of integers, truth values, and elements of arrays."""

from math import ceil, log, prod
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.typing import ArrayLike, DTypeLike, NDArray

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
from ._continuous import draw_gumbel, draw_units
from ._threefry import bits as bit_sampler
from ._threefry import draw, split_key


def bits(key: Key, shape: ShapeLike = (), dtype: DTypeLike | None = None) -> NDArray[Any]:
    """Draw unsigned integers with all bits random.

    JAX's ``jax.random.bits``.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    shape
        The shape of the result.
    dtype
        uint8, uint16, uint32 or uint64 (the default).

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
    >>> random.bits(random.key(0), (3,), "uint8")
    array([167, 146,  40], dtype=uint8)
    """
    shape, dtype = check("bits", key, shape, dtype, "u", np.uint64)
    return finish(draw(key, shape, bit_sampler(8 * dtype.itemsize)), shape)


def randint(
    key: Key, shape: ShapeLike, minval: ArrayLike, maxval: ArrayLike, dtype: DTypeLike | None = None
) -> Array:
    """Draw integers from ``minval`` up to but not including ``maxval``.

    JAX's ``jax.random.randint``. The remainder of a random integer of twice the width is taken, so that
    the probabilities differ by a factor of about ``1 + (maxval - minval) / 2**64`` for 32 bits.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    shape
        The shape of the result.
    minval, maxval
        Integers that broadcast to `shape`; what `dtype` can't hold is clipped to its bounds (`maxval` to
        one more than the largest). Where ``maxval <= minval``, the result is `minval`.
    dtype
        An integer dtype of 8 to 64 bits, by default int64.

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
    >>> random.randint(random.key(0), (5,), 1, 7)
    array([4, 6, 6, 6, 4])
    """
    shape, dtype = check("randint", key, shape, dtype, "iu", np.int64)
    minval, maxval = _bound("minval", minval), _bound("maxval", maxval)
    check_parameters("randint", shape, minval=minval.shape, maxval=maxval.shape)
    return finish(draw_integers(key, shape, minval, maxval, dtype), shape)


def _bound(name: str, bound: ArrayLike) -> Array:
    array = as_array(bound)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"randint: {name} has dtype {array.dtype}, expected integers")
    return array if array.dtype.kind in "iu" else array.astype(np.int64)


def draw_integers(key: Key, shape: Shape, minval: Array, maxval: Array, dtype: np.dtype[Any]) -> Array:
    """`randint` of checked arguments; shape (1,) for ()."""
    minval, maxval = at_rank(minval, len(shape)), at_rank(maxval, len(shape))
    info = np.iinfo(dtype)
    beyond = maxval > info.max  # where the largest integer is to be drawn as well
    if info.bits < 32:  # drawn in 32 bits, for their smaller bias
        minval, maxval = _clip(minval, dtype).astype(np.int32), _clip(maxval, dtype).astype(np.int32) + beyond
        offsets = _draw_offsets(key, shape, (maxval - minval).astype(np.uint32), maxval > minval)
        return (minval + offsets.astype(np.int32)).astype(dtype)
    minval, maxval = _clip(minval, dtype), _clip(maxval, dtype)
    unsigned = np.dtype(f"uint{info.bits}")
    span = (maxval - minval).astype(unsigned) + beyond.astype(unsigned)  # 0 for all integers of the dtype
    samples: Array = minval + _draw_offsets(key, shape, span, maxval > minval).astype(dtype)
    return samples


def _clip(bound: Array, dtype: np.dtype[Any]) -> Array:
    own, info = np.iinfo(bound.dtype), np.iinfo(dtype)
    return np.clip(bound, max(own.min, info.min), min(own.max, info.max)).astype(dtype)


def _draw_offsets(key: Key, shape: Shape, span: Array, nonempty: Array) -> Array:
    """Integers in ``range(span)``, a span of 0 standing for ``2**bits``; 0 where not `nonempty`.

    The remainder of the double-width ``high * 2**bits + low``, by the rules for remainders of sums and
    products, in single width.
    """
    width = 8 * span.dtype.itemsize
    full = span == 0
    span = np.where(nonempty & ~full, span, 1)
    keys = split_key(key, (2,))
    high, low = (draw(keys[i], shape, bit_sampler(width)) for i in range(2))
    factor = span.dtype.type(1 << width // 2) % span
    factor = factor * factor % span
    offsets = (high % span * factor + low % span) % span
    return np.where(nonempty & full, low, offsets)


def bernoulli(
    key: Key, p: ArrayLike = 0.5, shape: ShapeLike | None = None, mode: str = "low"
) -> NDArray[np.bool_]:
    """Draw truth values that are true with probability ``p``.

    JAX's ``jax.random.bernoulli``.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    p
        The probabilities: floats that broadcast to `shape`.
    shape
        The shape of the result, by default that of `p`.
    mode
        ``"low"``, or ``"high"`` to draw twice as many bits, for probabilities near the machine epsilon of
        the dtype of `p`.

    Returns
    -------
    numpy.ndarray
        bool, of the given shape; a NumPy scalar for shape ().

    Raises
    ------
    TypeError, ValueError
        If `key` is not one key, or another argument is not as described.

    Examples
    --------
    >>> from lanewise import random
    >>> random.bernoulli(random.key(0), 0.3, (4,))
    array([False,  True, False, False])
    """
    check_key("bernoulli", key)
    if mode not in ("low", "high"):
        raise ValueError(f"bernoulli: mode is {mode!r}, expected 'low' or 'high'")
    p = as_array(p)
    if p.dtype.kind != "f":
        raise TypeError(f"bernoulli: p has dtype {p.dtype}, expected floats")
    dtype = check_dtype("bernoulli", p.dtype, "f", np.float64)
    shape = p.shape if shape is None else check_shape("bernoulli", shape)
    check_parameters("bernoulli", shape, p=p.shape)
    p = at_rank(p, len(shape))
    if mode == "low":
        return finish(draw_units(key, shape, dtype) < p, shape)
    both = draw_units(key, (2, *(shape or (1,))), dtype)
    return finish(both[1] * 2.0 ** -np.finfo(dtype).nmant < p - both[0], shape)


def rademacher(key: Key, shape: ShapeLike = (), dtype: DTypeLike | None = None) -> Array:
    """Draw -1 or 1 with equal probability.

    JAX's ``jax.random.rademacher``.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    shape
        The shape of the result.
    dtype
        An integer, float or complex dtype, by default int64.

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
    >>> random.rademacher(random.key(0), (4,))
    array([ 1,  1, -1, -1])
    """
    shape, dtype = check("rademacher", key, shape, dtype, "iufc", np.int64)
    heads = draw_units(key, shape, np.dtype(np.float64)) < 0.5
    return finish(heads.astype(dtype) * 2 - 1, shape)


def permutation(key: Key, x: ArrayLike, axis: int = 0, independent: bool = False) -> Array:
    """Shuffle an array along an axis, or ``range(x)``.

    JAX's ``jax.random.permutation``.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    x
        An array to shuffle, or an integer ``n`` for ``np.arange(n)``.
    axis
        The axis to shuffle along.
    independent
        Whether each vector along the axis is shuffled on its own; otherwise all go the same way.

    Returns
    -------
    numpy.ndarray
        Of the shape and dtype of `x`; int64, shape (n,), if that is an integer ``n``.

    Raises
    ------
    TypeError, ValueError
        If `key` is not one key, `x` is a scalar but no integer, or there is no such axis.

    Examples
    --------
    >>> from lanewise import random
    >>> random.permutation(random.key(0), 5)
    array([0, 1, 4, 3, 2])
    """
    check_key("permutation", key)
    x = as_array(x)
    axis = normalize_axis_index(axis, x.ndim or 1)
    if x.ndim == 0:
        return draw_order(key, (_population("permutation", "x", x),), 0)
    if independent and x.ndim > 1:
        return np.take_along_axis(x, draw_order(key, x.shape, axis), axis)
    return _take(x, draw_order(key, (x.shape[axis],), 0), axis, (x.shape[axis],))


def _population(function: str, name: str, n: Array) -> int:
    if n.dtype.kind not in "iu":
        raise TypeError(f"{function}: {name} has dtype {n.dtype}, expected an integer or an array")
    return max(index(n[()]), 0)


def _take(a: Array, indices: Array, axis: int, shape: Shape) -> Array:
    """``np.take`` with `indices` in `shape`; a NumPy scalar rather than a 0-d array."""
    if type(indices) is np.ndarray:
        taken = np.take(a, indices, axis)
    else:  # NumPy does not ask the indices of np.take for an implementation, only the array
        along = (1,) * axis + (indices.size,) + (1,) * (a.ndim - axis - 1)
        taken = np.take_along_axis(a, indices.reshape(along), axis)
    result: Array = taken.reshape(a.shape[:axis] + shape + a.shape[axis + 1 :])[()]
    return result


def draw_order(key: Key, shape: Shape, axis: int) -> NDArray[np.int64]:
    """Random permutations of ``range(shape[axis])`` along an axis, as indices.

    The elements are sorted by random integers of 32 bits, in as many rounds as make it unlikely that two
    elements tie in all of them. To sort with the positions in the low bits is to sort in a stable way.
    """
    positions = np.arange(shape[axis], dtype=np.uint64).reshape(-1, *[1] * (len(shape) - 1 - axis))
    result = None
    for _ in range(ceil(3 * log(max(1, prod(shape))) / log(2**32 - 1))):
        keys = split_key(key, (2,))
        key = keys[0]
        ranks = draw(keys[1], shape, bit_sampler(32)).astype(np.uint64)
        order = (np.sort(ranks << 32 | positions, axis=axis) & 0xFFFFFFFF).astype(np.int64)
        result = order if result is None else np.take_along_axis(result, order, axis)
    return np.zeros(shape, np.int64) if result is None else result


def choice(
    key: Key,
    a: ArrayLike,
    shape: ShapeLike = (),
    replace: bool = True,
    p: ArrayLike | None = None,
    axis: int = 0,
    mode: str | None = None,
) -> Array:
    """Draw elements of an array, or of ``range(a)``.

    JAX's ``jax.random.choice``.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    a
        An array to draw from, or an integer ``n`` for ``np.arange(n)``.
    shape
        The shape of the draw.
    replace
        Whether an element may be drawn more than once.
    p
        The probability of each element, shape ``(a.shape[axis],)``; by default they are equal. They need
        not add up to 1.
    axis
        The axis of `a` along which elements lie.
    mode
        How many bits to draw for `p` without replacement: see `gumbel`.

    Returns
    -------
    numpy.ndarray
        `a` with its axis replaced by the axes of `shape`; int64 if `a` is an integer. (As in JAX, an empty
        draw has shape `shape`.)

    Raises
    ------
    TypeError, ValueError
        If `key` is not one key, there is nothing to draw or less than is to be drawn without replacement,
        or another argument is not as described.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import random
    >>> random.choice(random.key(0), np.array(["ash", "elm", "oak"]), (4,), p=[0.1, 0.2, 0.7])
    array(['oak', 'oak', 'ash', 'oak'], dtype='<U3')
    """
    check_key("choice", key)
    a = as_array(a)
    shape = check_shape("choice", shape)
    axis = normalize_axis_index(axis, a.ndim or 1)
    n = a.shape[axis] if a.ndim else _population("choice", "a", a)
    draws = prod(shape)
    if draws == 0:
        return np.zeros(shape, a.dtype)
    if n == 0:
        raise ValueError(f"choice: a has nothing to draw {draws} from: {a.shape=}, {axis=}")
    if not replace and draws > n:
        raise ValueError(f"choice: can't draw {draws} of the {n} elements of a without replacement")
    if p is not None:
        p = as_array(p)
        if p.shape != (n,):
            raise ValueError(f"choice: p has shape {p.shape}, expected ({n},) as a has {n} elements")
        p = p if p.dtype.kind == "f" else p.astype(np.float64)
    chosen = _draw_indices(key, n, shape, replace, p, mode)
    return _take(a, chosen, axis, shape) if a.ndim else finish(chosen, shape)


def _draw_indices(
    key: Key, n: int, shape: Shape, replace: bool, p: Array | None, mode: str | None
) -> NDArray[np.int64]:
    draws = prod(shape)
    if p is None and replace:
        return draw_integers(key, shape, np.array(0), np.array(n), np.dtype(np.int64))
    if p is None:
        return draw_order(key, (n,), 0)[:draws].reshape(shape or (1,))
    if replace:
        cumulated = np.cumsum(p)
        level = cumulated[-1:].reshape((1,) * (len(shape) or 1)) * (1 - draw_units(key, shape, p.dtype))
        chosen: NDArray[np.int64] = np.searchsorted(cumulated, level).astype(np.int64)
        return chosen
    # Gumbel top-k: the k largest of log p + noise are a draw without replacement.
    noise = draw_gumbel(key, (n,), p.dtype, check_mode("choice", mode))
    impossible = p == 0
    score = np.where(impossible, -np.inf, np.log(np.where(impossible, 1, p))) + noise
    return np.argsort(-score, kind="stable")[:draws].reshape(shape or (1,)).astype(np.int64)


def categorical(
    key: Key,
    logits: ArrayLike,
    axis: int = -1,
    shape: ShapeLike | None = None,
    replace: bool = True,
    mode: str | None = None,
) -> Array:
    """Draw from categorical distributions, by the Gumbel-max trick.

    JAX's ``jax.random.categorical``.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    logits
        Logarithms of the probabilities, up to a constant: floats, at least 1-d.
    axis
        The axis of `logits` along which the categories lie.
    shape
        The shape of the result: by default ``batch``, the shape of `logits` without its `axis`; in general
        ``(*draws, *batch)``, or what ``batch`` broadcasts to.
    replace
        Whether the draws from one distribution may be the same category.
    mode
        How many bits to draw: see `gumbel`.

    Returns
    -------
    numpy.ndarray
        int64 (int32, as JAX has it, without replacement), of the given shape; a NumPy scalar for shape ().

    Raises
    ------
    TypeError, ValueError
        If `key` is not one key, there are more draws than categories without replacement, or another
        argument is not as described.

    References
    ----------
    Without replacement: W. Kool, H. van Hoof and M. Welling, "Stochastic beams and where to find them: the
    Gumbel-top-k trick for sampling sequences without replacement", ICML 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import random
    >>> random.categorical(random.key(0), np.log([0.1, 0.2, 0.7]), shape=(5,))
    array([2, 2, 2, 1, 1])
    """
    check_key("categorical", key)
    logits = as_array(logits)
    mode = check_mode("categorical", mode)
    if logits.dtype.kind != "f" or logits.ndim == 0:
        raise ValueError(
            f"categorical: logits has dtype {logits.dtype} and shape {logits.shape}, expected floats of at "
            "least one dimension"
        )
    axis = normalize_axis_index(axis, logits.ndim)
    batch = logits.shape[:axis] + logits.shape[axis + 1 :]
    shape = batch if shape is None else check_shape("categorical", shape)
    check_parameters("categorical", shape, **{"logits less its axis": batch})
    draws, batch = shape[: len(shape) - len(batch)], shape[len(shape) - len(batch) :]
    if replace:
        noisy = (*draws, *batch[:axis], logits.shape[axis], *batch[axis:])
        noise = draw_gumbel(key, noisy, logits.dtype, mode)
        best: Array = np.argmax(noise + logits, axis=axis - logits.ndim)
        return best
    return _draw_distinct(key, logits, axis, draws, batch, mode)


def _draw_distinct(key: Key, logits: Array, axis: int, draws: Shape, batch: Shape, mode: str) -> Array:
    count, categories = prod(draws), logits.shape[axis]
    if count > categories:
        raise ValueError(f"categorical: can't draw {count} of {categories} categories without replacement")
    if batch != logits.shape[:axis] + logits.shape[axis + 1 :]:
        raise ValueError(
            f"categorical: without replacement, shape must end with that of logits less axis {axis}; "
            f"found shape {draws + batch} and logits of shape {logits.shape}"
        )
    score = logits + draw_gumbel(key, logits.shape, logits.dtype, mode)
    best = np.argsort(-np.moveaxis(score, axis, 0), axis=0, kind="stable")[:count]
    result = best.reshape(draws + batch or (1,)).astype(np.int32)
    return finish(result, draws + batch)
