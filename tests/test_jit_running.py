"""Compiled running sums and products: of rows in registers, and of longer ones, block by block."""

import numpy as np
import pytest

from lanewise import jit, vmap

DTYPES = (float, np.float32, np.int32, np.int8, np.uint16, complex)


def numbers(shape, dtype):
    rng = np.random.default_rng(5)
    found = rng.normal(size=shape) * 10 + 1j * rng.normal(size=shape)
    return (found if dtype is complex else found.real).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", [5, 64, 71, 256])
def test_rows(dtype, columns):
    for lanes in (1, 17, 200):
        x = numbers((lanes, columns), dtype)
        found = jit(vmap(np.cumsum))(x)
        assert found.dtype == np.cumsum(x, 1).dtype
        np.testing.assert_array_equal(found, np.cumsum(x, 1))  # in NumPy's order


@pytest.mark.parametrize("dtype", DTYPES)
def test_layouts(dtype):
    x = numbers((70, 33), dtype)
    np.testing.assert_array_equal(jit(vmap(np.cumsum, 1, 1))(x), np.cumsum(x, 0))
    x = numbers((90, 140), dtype)[::2, ::2]
    np.testing.assert_array_equal(jit(vmap(np.cumsum))(x), np.cumsum(x, 1))
    x = numbers((9, 20, 8), dtype)
    for axis in (0, 1, -1):
        found = jit(vmap(lambda row, axis=axis: np.cumsum(row, axis)))(x)
        np.testing.assert_array_equal(found, np.cumsum(x, axis % 2 + 1))


def test_used_again():
    def f(row):
        total = np.cumsum(row)
        return total, total[-1], np.cumsum(total * 2.0) - total

    x = numbers((40, 80), float)
    found = jit(vmap(f))(x)
    total = np.cumsum(x, 1)
    np.testing.assert_array_equal(found[0], total)
    np.testing.assert_array_equal(found[1], total[:, -1])
    np.testing.assert_array_equal(found[2], np.cumsum(total * 2.0, 1) - total)


def test_zeros_keep_their_signs_and_nans_stay():
    x = np.full((20, 70), -0.0)
    x[3, 5] = np.nan
    found = jit(vmap(np.cumsum))(x)
    np.testing.assert_array_equal(found, np.cumsum(x, 1))
    assert np.signbit(found[0]).all()
    x = numbers((20, 70), float) / 10
    np.testing.assert_array_equal(jit(vmap(np.cumprod))(x), np.cumprod(x, 1))
