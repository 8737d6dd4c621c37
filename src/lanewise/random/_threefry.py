"""Threefry-2x32 over 64-bit counters, the generator under every sampler.

Sample number ``i`` of a draw depends on the key and on ``i`` alone: it is a function of the two words
that Threefry makes of the counter ``i``. So a draw is elementwise, and it may be made in any order or
in parts.

References
----------
J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC 2011. The use of the counters is that of JAX with ``jax_threefry_partitionable=True``.
"""

from collections.abc import Callable
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Words: TypeAlias = NDArray[np.uint32]
Key: TypeAlias = NDArray[np.uint32]

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA  # the key schedule's constant, from Skein

# Counters hashed at a time: large enough to hide the cost of a NumPy call, small enough for the working
# set (about eight arrays) to stay in a second-level cache.
BLOCK = 1 << 15


def hash_words(key: Key, high: Words, low: Words) -> tuple[Words, Words]:
    """Threefry-2x32 with 20 rounds.

    Parameters
    ----------
    key
        uint32, shape (2,).
    high, low
        The two words of the counters: uint32, of one shape or broadcastable, at least 1-d.

    Returns
    -------
    tuple
        Two words per counter, uint32.
    """
    # Slices, not scalars: arithmetic on arrays wraps around silently, on NumPy scalars it warns. New
    # arrays, not in-place updates: those save 10% on plain arrays, but cost lane values far more.
    first, second = key[0:1], key[1:2]
    schedule = (first, second, first ^ second ^ _PARITY)
    x: Array = high + first
    y: Array = low + second
    for block in range(5):
        for distance in _ROTATIONS[block % 2]:
            x = x + y
            y = (y << distance | y >> 32 - distance) ^ x
        x = x + schedule[(block + 1) % 3]
        y = y + (schedule[(block + 2) % 3] + np.uint32(block + 1))
    return x, y


def hash_counters(key: Key, start: int, stop: int) -> tuple[Words, Words]:
    """The words of the counters ``start`` up to ``stop``, each of shape (stop - start,)."""
    counters = np.arange(start, stop, dtype=np.uint64)
    return hash_words(key, (counters >> 32).astype(np.uint32), counters.astype(np.uint32))


def draw(key: Key, shape: tuple[int, ...], sample: Callable[[Words, Words], Array]) -> Array:
    """One sample per element of `shape`, where `sample` maps words to samples elementwise.

    With a plain key `sample` must give plain arrays, hold no lane values. The result is at least 1-d,
    shape (1,) standing for (), so that nothing below meets a scalar.
    """
    size = prod(shape)
    # The exact type: a lane value says that it is an ndarray too, but can't be written into a plain one.
    if type(key) is not np.ndarray or size <= BLOCK:
        result = sample(*hash_counters(key, 0, size))
    else:
        first = sample(*hash_counters(key, 0, BLOCK))
        result = np.empty(size, first.dtype)
        result[:BLOCK] = first
        for start in range(BLOCK, size, BLOCK):
            stop = min(start + BLOCK, size)
            result[start:stop] = sample(*hash_counters(key, start, stop))
    return result.reshape(shape or (1,))


def split_key(key: Key, shape: tuple[int, ...]) -> Key:
    """New keys, shape ``(*shape, 2)``."""
    return np.stack(hash_counters(key, 0, prod(shape)), axis=-1).reshape(*shape, 2)


def seed_key(seed: Array) -> Key:
    """The key of an integer of shape (1,): its high and its low word, shape (2,)."""
    low = seed.astype(np.uint32)
    # A narrow seed has no high word: JAX shifts it out logically, so that a negative one gives 0 as well.
    high = (seed >> 32).astype(np.uint32) if seed.dtype.itemsize == 8 else low ^ low
    return np.concatenate([high, low])


def bits(width: int) -> Callable[[Words, Words], Array]:
    """The sampler of unsigned integers `width` bits wide."""

    def sample(first: Words, second: Words) -> Array:
        if width == 64:
            return first.astype(np.uint64) << 32 | second
        return (first ^ second).astype(f"uint{width}")  # the cast keeps the low bits

    return sample


def units(dtype: np.dtype[Any]) -> Callable[[Words, Words], Array]:
    """The sampler of floats in [0, 1), with as many random bits as `dtype` has in its mantissa.

    The values are those of JAX, which fills the mantissa of a number in [1, 2) and subtracts 1: multiples
    of the machine epsilon. To convert an integer and scale it is exact too, and needs no view of bits.
    """

    def sample64(first: Words, second: Words) -> Array:
        return first.astype(np.float64) * 2.0**-32 + (second >> 12).astype(np.float64) * 2.0**-52

    def sample32(first: Words, second: Words) -> Array:
        return ((first ^ second) >> 9).astype(np.float32) * 2.0**-23

    def sample16(first: Words, second: Words) -> Array:
        return (((first ^ second) & 0xFFFF) >> 6).astype(np.float16) * 2.0**-10

    return {8: sample64, 4: sample32, 2: sample16}[dtype.itemsize]
