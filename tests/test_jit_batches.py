"""One compiled program for batches of every size."""

import warnings

import numpy as np
import pytest

from lanewise import PerformanceWarning, jit, lax, vmap
from lanewise.compile import run

RNG = np.random.default_rng(8)


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def sizes_of(fun, make, sizes):
    """Run a compiled function on batches of these sizes; how often it was traced."""
    compiled = jit(fun)
    for n in sizes:
        arguments = make(n)
        found, wanted = compiled(*arguments), fun(*arguments)
        for a, b in zip(*[v if isinstance(v, tuple) else (v,) for v in (found, wanted)], strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_allclose(a, b, rtol=1e-12)
    return compiled.traces


SIZES = (64, 65, 100, 1000, 100_000, 77, 64)
PROGRAMS = {
    "elementwise": (vmap(lambda x: x * 2 + 1), lambda n: (RNG.normal(size=n),)),
    "two": (vmap(lambda x, y: x / (1 + y**2)), lambda n: (RNG.normal(size=n), RNG.normal(size=n))),
    "rows": (vmap(softmax), lambda n: (RNG.normal(size=(min(n, 3000), 20)),)),
    "short rows": (vmap(lambda x: (x.sum(), x[0])), lambda n: (RNG.normal(size=(n, 3)),)),
    "shared": (vmap(lambda x, w: w @ x, in_axes=(0, None)), lambda n: (RNG.normal(size=(n, 3)), np.ones((4, 3)))),
    "loops": (
        vmap(lambda x: lax.while_loop(lambda v: v < 50, lambda v: v * 2 + 1, x)),
        lambda n: (1.0 + np.arange(n),),
    ),
    "nested": (
        vmap(vmap(lambda x, y: x * y + 1, in_axes=(None, 0)), in_axes=(0, None)),
        lambda n: (RNG.normal(size=min(n, 900)), np.arange(7.0)),
    ),
    "library": (vmap(lambda x: np.sort(x) * 2), lambda n: (RNG.normal(size=(min(n, 900), 50)),)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_size_more_compiles_nothing(name):
    fun, make = PROGRAMS[name]
    jit(fun)(*make(64))
    known = len(run.KERNELS)
    assert sizes_of(fun, make, SIZES) == 1
    assert len(run.KERNELS) == known


def test_small_batches_have_narrower_vectors():
    fun, make = PROGRAMS["elementwise"]
    assert sizes_of(fun, make, (1, 2, 3, 5, 7, 40, 63, 33, 64, 70, 1, 4)) == 5


def test_no_lanes():
    fun, make = PROGRAMS["rows"]
    compiled = jit(fun)
    compiled(*make(64))
    assert compiled(np.empty((0, 20))).shape == (0, 20)


def test_sizes_that_disagree():
    fun, make = PROGRAMS["two"]
    compiled = jit(fun)
    compiled(*make(100))
    with pytest.raises(ValueError, match="differ in size"):
        compiled(np.ones(100), np.ones(101))


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: vmap(lambda row: row / len(x))(x),
        vmap(lambda row: row / lax.axis_size("i"), axis_name="i"),
        lambda x: vmap(np.sum)(x) * x.shape[0],
    ],
)
def test_what_sees_the_size_is_traced_for_each(fun):
    assert sizes_of(fun, lambda n: (RNG.normal(size=(n, 3)),), (64, 100, 64, 200)) == 3


def test_other_axes():
    for axis in (1, 2):
        fun = vmap(lambda x: x * x.sum(), in_axes=axis, out_axes=axis - 1)
        sizes_of(fun, lambda n: (np.moveaxis(RNG.normal(size=(n, 3, 4)), 0, axis).copy(),), (64, 100))


def test_layouts_that_differ():
    fun = vmap(lambda x: x * 2 + x[0])
    compiled = jit(fun)
    whole = RNG.normal(size=(300, 8))
    for x in (whole[:100], whole[:200, ::2], np.asfortranarray(whole), whole[:70]):
        np.testing.assert_array_equal(compiled(x), fun(x))


def settles(fun, make, sizes):
    """How often a function is traced that warns of running eagerly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        return sizes_of(fun, make, sizes)


def test_what_can_not_be_traced_is_tried_once_for_all_sizes():
    fun = vmap(lambda x: x * len(f"{x:.0f}"))
    assert settles(fun, lambda n: (np.arange(n) % 40 / 4.0,), (64, 65, 1000, 70, 64)) == 1
    shared = vmap(lambda x, w: w[0] * len(f"{x:.0f}"), in_axes=(0, None))
    # ``w`` has another shape
    assert settles(shared, lambda n: (np.arange(n) % 40 / 4.0, np.ones(n)), (64, 65, 64)) == 2


def test_values_that_no_compiled_code_holds_are_found_out_once_for_all_sizes():
    fun = vmap(lambda x: float(int(x) ** 2 * 2))
    assert settles(fun, lambda n: (np.full(n, 4e9),), (64, 64, 64, 64, 65, 66, 1000)) == 1


def test_room_that_was_found_too_small_is_not_tried_again():
    def counted(n):
        found = []
        while n > 0:
            found.append(n)
            n -= 1
        return len(found)

    fun = vmap(counted)
    assert sizes_of(fun, lambda n: (np.arange(n) % 20,), (64, 64, 80, 1000)) == 2


def test_results_that_are_the_same_have_the_size_of_the_batch():
    compiled = jit(vmap(lambda x: (np.abs(x), x + 1, np.abs(x))))
    for n in (100, 130, 64, 1000):
        x = RNG.normal(size=(n, 20))
        first, other, second = compiled(x)
        np.testing.assert_array_equal(first, np.abs(x))
        np.testing.assert_array_equal(other, x + 1)
        np.testing.assert_array_equal(second, np.abs(x))
        assert not np.shares_memory(first, second)
