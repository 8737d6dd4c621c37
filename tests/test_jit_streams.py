"""Large results, which kernels write past the cache."""

import numpy as np
import pytest

from lanewise import jit, num_threads, vmap
from lanewise.compile import run

ROWS = 2**17  # results of 1 MB and more are aligned


@pytest.fixture(autouse=True)
def _small_cache(monkeypatch):
    monkeypatch.setattr(run, "cache_size", lambda: 2**10)


def past_the_cache():
    """How many kernels with such stores are there."""
    return sum("nontemporal" in text for text in run.KERNELS)


FUNCTIONS = {
    "scalars": (lambda x: x * 2.0 + 1.0, ()),
    "rows of 8": (lambda x: x * 2.0 + 1.0, (8,)),
    "rows of 3": (lambda x: x[::-1] - x, (3,)),
    "long rows": (lambda x: np.exp(x - np.max(x)), (32,)),
    "odd rows": (lambda x: x[1:] - x[:-1], (35,)),
    "running sums": (np.cumsum, (64,)),
    "matrices": (lambda x: x.T, (4, 6)),
    "two results": (lambda x: (x.sum(), x * 3.0), (16,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("more", [0, 1, 13])
@pytest.mark.parametrize("dtype", [float, np.float32, complex])
def test_results_are_the_same(name, more, dtype):
    function, shape = FUNCTIONS[name]
    if dtype is complex and name == "long rows":
        return
    lanes = ROWS // int(np.prod(shape)) * 2 + more
    x = np.random.default_rng(3).normal(size=(lanes, *shape)).astype(dtype)
    f = jit(vmap(function))
    found = f(x)
    with num_threads(1):
        again = f(x)
    wanted = vmap(function)(x)
    for one, two, other in zip(*[r if isinstance(r, tuple) else (r,) for r in (found, again, wanted)], strict=True):
        np.testing.assert_array_equal(one, two)
        close = (1e-5 if dtype is np.float32 else 1e-13) * np.abs(other).max()
        np.testing.assert_allclose(one, other, rtol=0, atol=close)


def test_only_whole_lines_are_written_past_the_cache():
    run.KERNELS.clear()
    jit(vmap(lambda x: x + 1.0))(np.ones((ROWS, 35)))
    assert not past_the_cache()
    jit(vmap(lambda x: x + 1.0))(np.ones((ROWS // 8, 64)))
    assert past_the_cache() == (1 if run.machine().triple.startswith("x86_64") else 0)


def test_small_results_stay_in_the_cache(monkeypatch):
    monkeypatch.setattr(run, "cache_size", lambda: 2**30)
    run.KERNELS.clear()
    jit(vmap(lambda x: x + 1.0))(np.ones((ROWS // 8, 64)))
    assert not past_the_cache()


def test_an_index_out_of_range_raises():
    x = np.zeros((ROWS, 8))
    place = np.zeros(ROWS, int)
    f = jit(vmap(lambda row, n: row + row[n]))
    np.testing.assert_array_equal(f(x, place), x)
    place[-1] = 8
    with pytest.raises(IndexError):
        f(x, place)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16])
@pytest.mark.parametrize("size", [*range(34, 50), 63, 98, 99, 127])
def test_what_is_left_of_a_row_is_written_once(size, dtype):
    def smooth(v):
        return v[:-2] + v[1:-1] * 2 - v[2:]

    lines = (np.arange(7 * (size + 2)) % 31).astype(dtype).reshape(7, size + 2)
    np.testing.assert_array_equal(jit(vmap(smooth))(lines), [smooth(v) for v in lines])
