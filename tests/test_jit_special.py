"""Functions of `scipy.special` inside kernels."""

import math

import numpy as np
import pytest
from scipy import special

from lanewise import jit, vmap
from lanewise.compile.plan import KernelStep

pytestmark = pytest.mark.filterwarnings("error")
X = np.concatenate([np.linspace(-9, 9, 5001), [0.0, -0.0, 1e-300, -1e-20, 26.0, -40.0]])


def ulps(found, wanted):
    """The largest distance in units of the last place."""
    return np.max(np.abs(found - wanted) / np.spacing(np.maximum(np.abs(wanted), np.finfo(found.dtype).tiny)))


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_error_functions(name):
    compiled = jit(vmap(lambda x: getattr(special, name)(x)))
    wanted = np.array([getattr(math, name)(float(x)) for x in X])
    assert ulps(compiled(X), wanted) <= 4
    (program,) = compiled.known.values()
    assert {type(step) for step in program.plan.steps} == {KernelStep}
    np.testing.assert_allclose(jit(vmap(getattr(special, name)))(X.astype(np.float32)), wanted, rtol=2e-5, atol=1e-38)


def test_normal_distribution():
    np.testing.assert_allclose(jit(vmap(special.ndtr))(X[X > -8]), special.ndtr(X[X > -8]), rtol=1e-14)
    np.testing.assert_allclose(jit(vmap(special.ndtr))(X), special.ndtr(X), rtol=1e-13)


@pytest.mark.parametrize("function", [special.erf, special.erfc, special.ndtr])
def test_special_values(function):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0])
    found, wanted = jit(vmap(function))(x), function(x)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(np.signbit(found[1:]), np.signbit(wanted[1:]))


def test_other_functions_are_called():
    x = np.linspace(0.5, 3, 40)
    np.testing.assert_allclose(jit(vmap(lambda x: special.gamma(x) * 2))(x), special.gamma(x) * 2, rtol=1e-14)
    z = x + 1j
    np.testing.assert_allclose(jit(vmap(special.erf))(z), special.erf(z), rtol=1e-14)
