"""Small functions as people write them, one for each thing that once ran eagerly under jit; all compile."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import same

from lanewise import PerformanceWarning, jit, vmap

RNG = np.random.default_rng(1)
N = 13
X, K, J = RNG.normal(size=N) * 3, RNG.integers(0, 12, N), RNG.integers(1, 9, N)
P, V, W, M = np.abs(X) + 0.1, RNG.normal(size=(N, 5)), RNG.integers(-4, 9, (N, 5)), RNG.normal(size=(N, 3, 3))
Z = RNG.normal(size=N) + 1j * RNG.normal(size=N)

ARRAYS = {
    "polynomial by a list": (lambda x: np.polyval([1.0, 2.0, 3.0], x), X),
    "polynomial of lanes": (lambda x, y: np.polyval([x, y], x), X, P),
    "polynomial at a number": (lambda x, y: np.polyval([x, y, 3.0], 2.0), X, P),
    "polynomial by an array": (lambda v, x: np.polyval(v, x), V, X),
    "polynomial at several": (lambda x: np.polyval(np.array([1.0, 2.0]), np.array([x, 1.0])), X),
    "gradient": (lambda v: np.gradient(v), V),
    "powers": (lambda v: np.vander(v, 3), V),
    "powers up": (lambda v: np.vander(v, 3, increasing=True), V),
    "histogram": (lambda v: np.histogram(v, bins=3, range=(-2, 2))[0], V),
    "diagonal": (lambda v: np.diag(v), V),
    "upper diagonal": (lambda v: np.diag(v, 2), V),
    "lower diagonal": (lambda v: np.diag(v, -1), V),
    "flat diagonal": (lambda m: np.diagflat(m), M),
    "of a diagonal": (lambda m: np.diag(m), M),
    "integers": (lambda w: np.diag(w), W),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(name):
    fun, *args = ARRAYS[name]
    same(fun, *args, tol=1e-12)


EAGER = {
    "long numbers": (lambda x: x * 2, X.astype(np.longdouble)),
    "made long": (lambda x: np.longdouble(x) * 2, X),
    "long complex": (lambda x: abs(x), X.astype(np.clongdouble)),
    "dates": (lambda d: d + np.timedelta64(1, "D"), np.arange(N).astype("M8[D]")),
    "texts": (lambda s: np.char.upper(s), np.array(["ab", "c"] * 5)),
}


@pytest.mark.parametrize("name", EAGER)
def test_what_has_no_code_runs_eagerly_and_says_so(name):
    fun, *args = EAGER[name]
    with pytest.warns(PerformanceWarning, match="compiled code has no"):
        found = jit(vmap(fun))(*args)
    for result in (found, vmap(jit(fun))(*args)):
        np.testing.assert_array_equal(result, [fun(*row) for row in zip(*args, strict=True)])


def test_eigenvalues_that_are_real_in_some_lanes():
    def f(m):
        return np.abs(np.linalg.eigvals(m)).max()

    for transform in (lambda f: jit(vmap(f)), lambda f: vmap(jit(f))):
        with pytest.warns(PerformanceWarning, match="ran eagerly for these values"):
            found = transform(f)(M)
        np.testing.assert_allclose(found, [f(m) for m in M])
