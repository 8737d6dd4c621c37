"""Random numbers without state: JAX's ``jax.random`` on NumPy.

Every function takes a key and has the names, the order of arguments and the results of ``jax.random``:
the same bits for the same key, samples equal to rounding. The generator is Threefry-2x32, used as JAX does
with ``jax_threefry_partitionable=True``; the default dtypes are those of JAX's x64 mode, float64 and
int64. Keys are plain uint32 arrays of shape (2,), also those of `key`: there is no dtype of keys. A draw
of shape () is a NumPy scalar.

Under `vmap` a function draws for each lane what the loop would draw, all lanes at once; give each its own
key, as with ``vmap(f)(split(key, n))``.

>>> from lanewise import random
>>> first, second = random.split(random.key(0))
>>> random.uniform(first, (2,)).round(4)
array([0.9699, 0.3152])

References
----------
J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC 2011.
"""

from ._continuous import (
    cauchy,
    exponential,
    gumbel,
    laplace,
    logistic,
    normal,
    truncated_normal,
    uniform,
)
from ._discrete import bernoulli, bits, categorical, choice, permutation, rademacher, randint
from ._keys import PRNGKey, fold_in, key, key_data, split, wrap_key_data

__all__ = [
    "PRNGKey",
    "bernoulli",
    "bits",
    "categorical",
    "cauchy",
    "choice",
    "exponential",
    "fold_in",
    "gumbel",
    "key",
    "key_data",
    "laplace",
    "logistic",
    "normal",
    "permutation",
    "rademacher",
    "randint",
    "split",
    "truncated_normal",
    "uniform",
    "wrap_key_data",
]
