"""Large results, which kernels write past the cache."""

import numpy as np
import pytest

from lanewise import jit, num_threads, vmap
from lanewise.compile import run

ROWS = 2**17  # results of 1 MB and more are aligned


@pytest.fixture(autouse=True)
def _small_cache(monkeypatch):
    monkeypatch.setattr(run, "cache_size", lambda: 2**10)


X86 = run.machine().triple.startswith("x86_64")


def past_the_cache(how="nontemporal"):
    """How many kernels with such stores are there; those that go by way of a buffer are called ``staged``."""
    return sum(how in text for text in run.KERNELS)


def uneven_rows(x):
    total, turns = x[0], 0
    while abs(total) < 3 and turns < 20:
        total = total + x[1]
        turns = turns + 1
    return total + x[3:]


FUNCTIONS = {
    "scalars": (lambda x: x * 2.0 + 1.0, ()),
    "rows of 8": (lambda x: x * 2.0 + 1.0, (8,)),
    "rows of 3": (lambda x: x[::-1] - x, (3,)),
    "long rows": (lambda x: np.exp(x - np.max(x)), (32,)),
    "odd rows": (lambda x: x[1:] - x[:-1], (35,)),
    "odd matrices": (lambda x: x[:, 1:] - x[:, :-1], (3, 35)),
    "odd rows and sums": (lambda x: (x[1:] - x[:-1], x[0] * x[-1]), (35,)),
    "odd rows, beside what is no array": (lambda x: (x[1:] + x[:-1], 3.0), (35,)),
    "odd rows in loops": (uneven_rows, (35,)),
    "kernels in turns": (lambda x: np.sort(x[:9])[1:] - x[1:9], (35,)),
    "running sums": (np.cumsum, (64,)),
    "matrices": (lambda x: x.T, (4, 6)),
    "two results": (lambda x: (x.sum(), x * 3.0), (16,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("more", [0, 1, 13])
@pytest.mark.parametrize("dtype", [float, np.float32, complex])
def test_results_are_the_same(name, more, dtype):
    function, shape = FUNCTIONS[name]
    if dtype is complex and name in ("long rows", "kernels in turns"):
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


def test_whole_lines_are_written_past_the_cache():
    run.KERNELS.clear()
    jit(vmap(lambda x: x + 1.0))(np.ones((ROWS // 8, 64)))
    assert (past_the_cache(), past_the_cache("@staged")) == (X86, 0)


def test_other_rows_go_by_way_of_a_buffer():
    run.KERNELS.clear()
    jit(vmap(lambda x: x + 1.0))(np.ones((ROWS, 35)))
    assert (past_the_cache(), past_the_cache("@staged")) == (X86, X86)
    run.KERNELS.clear()
    jit(vmap(lambda x: x + 1.0, out_axes=1))(np.ones((ROWS + 1, 35)))  # what is stacked there does not lie end to end
    jit(vmap(uneven_rows))(np.ones((ROWS, 35)))  # here lanes go on together that lie far apart
    assert not past_the_cache("@staged")


def test_small_results_stay_in_the_cache(monkeypatch):
    monkeypatch.setattr(run, "cache_size", lambda: 2**30)
    run.KERNELS.clear()
    jit(vmap(lambda x: x + 1.0))(np.ones((ROWS // 8, 64)))
    assert not past_the_cache()


@pytest.mark.parametrize("size", [8, 9, 35])
def test_an_index_out_of_range_raises(size):
    x = np.zeros((ROWS, size))
    place = np.zeros(ROWS, int)
    f = jit(vmap(lambda row, n: row + row[n]))
    np.testing.assert_array_equal(f(x, place), x)
    place[-1] = size
    with pytest.raises(IndexError):
        f(x, place)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16])
@pytest.mark.parametrize("size", [*range(34, 50), 63, 98, 99, 127])
def test_what_is_left_of_a_row_is_written_once(size, dtype):
    def smooth(v):
        return v[:-2] + v[1:-1] * 2 - v[2:]

    lines = (np.arange(7 * (size + 2)) % 31).astype(dtype).reshape(7, size + 2)
    np.testing.assert_array_equal(jit(vmap(smooth))(lines), [smooth(v) for v in lines])


@pytest.mark.parametrize("columns", [7, 8, 31, 32, 64, 96, 98, 100, 127])
@pytest.mark.parametrize("rows", [3, 40])
def test_maps_within_maps_write_whole_lines(columns, rows):
    def distance(a, b):
        return np.sqrt(((a - b) ** 2).sum())

    x, y = np.random.default_rng(1).normal(size=(rows, 3)), np.random.default_rng(2).normal(size=(columns, 3))
    for out_axes in (0, 1):
        f = vmap(vmap(distance, in_axes=(None, 0)), in_axes=(0, None), out_axes=out_axes)
        np.testing.assert_array_equal(jit(f)(x, y), f(x, y))


def test_maps_within_maps_are_written_past_the_cache():
    run.KERNELS.clear()
    f = vmap(vmap(lambda a, b: a * b, in_axes=(None, 0)), in_axes=(0, None))
    x, y = np.arange(500.0), np.arange(2000.0)
    np.testing.assert_array_equal(jit(f)(x, y), np.outer(x, y))
    assert past_the_cache() == X86
