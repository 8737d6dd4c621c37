"""Keys: made from seeds, split, and changed by data."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arguments import Key, ShapeLike, as_array, check_impl, check_key, check_shape
from ._threefry import hash_words, seed_key, split_key


def key(seed: ArrayLike, *, impl: str | None = None) -> Key:
    """Make a key from an integer seed.

    JAX's ``jax.random.key``; the result is what JAX calls a legacy key: there is no dtype of keys here,
    ``key`` and ``PRNGKey`` are one function.

    Parameters
    ----------
    seed
        An integer of up to 64 bits, of shape (); may be negative.
    impl
        Only ``"threefry2x32"``, which is the default.

    Returns
    -------
    numpy.ndarray
        uint32, shape (2,).

    Raises
    ------
    TypeError
        If `seed` is no integer, or not of shape ().
    OverflowError
        If a Python integer does not fit int64.

    Examples
    --------
    >>> from lanewise import random
    >>> random.key(42)
    array([ 0, 42], dtype=uint32)
    """
    return _key("key", seed, impl)


def PRNGKey(seed: ArrayLike, *, impl: str | None = None) -> Key:
    """Make a key from an integer seed; the same as `key`.

    JAX's ``jax.random.PRNGKey``.

    Parameters
    ----------
    seed
        An integer of up to 64 bits, of shape (); may be negative.
    impl
        Only ``"threefry2x32"``, which is the default.

    Returns
    -------
    numpy.ndarray
        uint32, shape (2,).

    Raises
    ------
    TypeError
        If `seed` is no integer, or not of shape ().
    OverflowError
        If a Python integer does not fit int64.

    Examples
    --------
    >>> from lanewise import random
    >>> random.PRNGKey(-1)
    array([4294967295, 4294967295], dtype=uint32)
    """
    return _key("PRNGKey", seed, impl)


def _key(function: str, seed: ArrayLike, impl: str | None) -> Key:
    check_impl(function, impl)
    if isinstance(seed, int) and type(seed) in (int, bool):  # a lane value passes for an int
        if not -(2**63) <= seed < 2**63:
            raise OverflowError(f"{function}: seed is {seed}, expected an integer that fits int64")
        seed = np.int64(seed)
    array = as_array(seed)
    if array.dtype.kind not in "iu" or array.shape:
        raise TypeError(
            f"{function}: seed has dtype {array.dtype} and shape {array.shape}, expected an integer of shape "
            f"(). Map over seeds: vmap({function})(seeds)."
        )
    return seed_key(array.reshape(1))


def key_data(keys: Key) -> NDArray[np.uint32]:
    """Return the words of a key: here, the key itself.

    JAX's ``jax.random.key_data``; keys are their own data here.

    Parameters
    ----------
    keys
        Keys, uint32, shape (..., 2).

    Returns
    -------
    numpy.ndarray
        uint32, shape (..., 2).

    Raises
    ------
    TypeError
        If `keys` are no keys.

    Examples
    --------
    >>> from lanewise import random
    >>> random.key_data(random.key(7))
    array([0, 7], dtype=uint32)
    """
    check_key("key_data", keys, batched=True)
    return keys


def wrap_key_data(key_bits_array: NDArray[np.uint32], *, impl: str | None = None) -> Key:
    """Make keys of their words: here, the words themselves.

    JAX's ``jax.random.wrap_key_data``; keys are their own data here.

    Parameters
    ----------
    key_bits_array
        uint32, shape (..., 2).
    impl
        Only ``"threefry2x32"``, which is the default.

    Returns
    -------
    numpy.ndarray
        Keys, uint32, shape (..., 2).

    Raises
    ------
    TypeError
        If `key_bits_array` has another dtype or shape.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import random
    >>> random.wrap_key_data(np.array([0, 7], np.uint32))
    array([0, 7], dtype=uint32)
    """
    check_impl("wrap_key_data", impl)
    check_key("wrap_key_data", key_bits_array, batched=True)
    return key_bits_array


def split(key: Key, num: ShapeLike = 2) -> Key:
    """Make new keys, independent of one another and of `key`.

    JAX's ``jax.random.split``. After a split, use the new keys only.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    num
        How many keys, or the shape of an array of keys.

    Returns
    -------
    numpy.ndarray
        Keys, uint32, shape ``(num, 2)`` or ``(*num, 2)``.

    Raises
    ------
    TypeError, ValueError
        If `key` is not one key, or `num` is no shape.

    Examples
    --------
    >>> from lanewise import random
    >>> random.split(random.key(0))
    array([[1797259609, 2579123966],
           [ 928981903, 3453687069]], dtype=uint32)
    """
    check_key("split", key)
    return split_key(key, check_shape("split", num, "num"))


def fold_in(key: Key, data: ArrayLike) -> Key:
    """Make a new key from a key and an integer, such as the number of a step or of a worker.

    JAX's ``jax.random.fold_in``.

    Parameters
    ----------
    key
        A key, uint32, shape (2,).
    data
        An integer of shape (), of which the low 32 bits count; a Python integer must lie in
        ``range(2**32)``.

    Returns
    -------
    numpy.ndarray
        A key, uint32, shape (2,).

    Raises
    ------
    TypeError, ValueError
        If `key` is not one key, or `data` not of shape ().
    OverflowError
        If a Python integer does not fit uint32.

    Examples
    --------
    >>> from lanewise import random
    >>> random.fold_in(random.key(0), 1)
    array([ 928981903, 3453687069], dtype=uint32)
    """
    check_key("fold_in", key)
    if type(data) is int and not 0 <= data < 2**32:
        raise OverflowError(f"fold_in: data is {data}, expected an integer in range(2**32)")
    array = as_array(data)
    if array.shape or array.dtype.kind not in "biuf":
        raise TypeError(
            f"fold_in: data has dtype {array.dtype} and shape {array.shape}, expected an integer of "
            "shape (). Map over data: vmap(lambda data: fold_in(key, data))(data)."
        )
    low = array.reshape(1).astype(np.uint32)
    return np.concatenate(hash_words(key, low ^ low, low))
