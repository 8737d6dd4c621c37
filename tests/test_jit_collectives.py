"""Collectives in compiled functions, against eager lanes; nothing may fall back (warnings are errors)."""

from __future__ import annotations

import numpy as np
import pytest

from lanewise import PerformanceWarning, jit, lax, vmap
from lanewise.compile.cells import lane_out
from lanewise.compile.plan import KernelStep

SIZES = (1, 2, 8, 37, 20_000)


def same(fun, *args, **options):
    """A compiled map gives what it gives eagerly; sums to rounding."""
    found, wanted = jit(vmap(fun, **options))(*args), vmap(fun, **options)(*args)
    pairs = zip(found, wanted, strict=True) if isinstance(wanted, tuple) else [(found, wanted)]
    for a, b in pairs:
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        if b.dtype.kind in "biu":
            assert np.array_equal(a, b)
        np.testing.assert_allclose(a, b, rtol=1e-5 if b.dtype.itemsize < 8 else 1e-12, atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", ["?", "i1", "u4", "i8", "f4", "f8"])
def test_reductions(size, dtype, rng):
    x = (rng.normal(size=(size, 3)) * 3).astype(dtype) if dtype[0] != "u" else rng.integers(0, 9, (size, 3), "u4")
    same(lambda x: (lax.psum(x, "i"), lax.pmax(x, "i"), lax.pmin(x[0], "i"), lax.pmean(x[1], "i")), x, axis_name="i")
    same(lambda x: x - x * lax.pmax(x, "i"), x.astype("f8"), axis_name="i")


def test_complex_sums(rng):
    z = rng.normal(size=(50, 2)) + 1j * rng.normal(size=(50, 2))
    same(lambda z: (lax.psum(z, "i"), z / lax.pmean(z, "i")), z, axis_name="i")


def test_rings_of_many_lanes_are_copied_by_vectors_of_a_few():
    count = 4096
    ring = [(n, (n + 1) % count) for n in range(count)]
    compiled, x = jit(vmap(lambda x: 2 * lax.ppermute(x, "i", ring), axis_name="i")), np.arange(float(count))
    np.testing.assert_array_equal(compiled(x), 2 * np.roll(x, 1))
    texts = [step.text for step in next(iter(compiled.known.values())).plan.steps if type(step) is KernelStep]
    assert texts
    assert all(f"<{count} x" not in text for text in texts)


@pytest.mark.parametrize("size", [*SIZES[:4], 500])
def test_lanes_and_their_places(size, rng):
    x = rng.normal(size=(size, 3))
    same(lambda x: (x * lax.axis_index("i"), x / lax.axis_size("i"), lax.axis_index("i")), x, axis_name="i")
    ring = [(n, (n + 1) % size) for n in range(size)]
    same(lambda x: (lax.ppermute(x, "i", ring), lax.ppermute(x[0], "i", [(0, size - 1)])), x, axis_name="i")
    same(lambda x: lax.pshuffle(x, "i", range(size - 1, -1, -1)), x, axis_name="i")


@pytest.mark.parametrize("size", SIZES[:4])
def test_gathering(size, rng):
    x, y = rng.normal(size=(size, 3)), rng.normal(size=(size, 2 * size, size))
    same(lambda x: (lax.all_gather(x, "i"), lax.all_gather(x, "i", axis=1)), x, axis_name="i")
    same(lambda x: lax.all_gather(x, "i", tiled=True) * 2, x, axis_name="i")
    same(lambda y: (lax.all_to_all(y, "i", 1, 0), lax.all_to_all(y, "i", 0, 1, tiled=True)), y, axis_name="i")


@pytest.mark.parametrize("size", SIZES[:4])
def test_several_axes(size, rng):
    z = rng.normal(size=(size, 5, 2))
    both = lambda f: vmap(f, axis_name="j")  # noqa: E731
    same(both(lambda z: (lax.psum(z, "i"), lax.psum(z, "j"), lax.psum(z, ("i", "j")))), z, axis_name="i")
    same(both(lambda z: (lax.all_gather(z, ("i", "j")), lax.axis_index(("j", "i")))), z, axis_name="i")
    same(lambda z: vmap(lambda u: u - lax.psum(z[0], "i"), axis_name="j")(z), z, axis_name="i")


def test_what_does_not_vary(rng):
    w = rng.normal(size=3)
    f = lambda x, w: (lax.psum(w, "i") + x, lax.psum(2, "i") * x, lax.pmax(w, "i"), lax.all_gather(w, "i"))  # noqa: E731
    same(f, rng.normal(size=(6, 3)), w, axis_name="i", in_axes=(0, None))


def test_trees_and_chains(rng):
    def standardized(tree):
        centred = {name: x - lax.pmean(x, "i") for name, x in tree.items()}
        scale = lax.pmean({name: x * x for name, x in centred.items()}, "i")
        return tuple(centred[name] / np.sqrt(scale[name]) for name in sorted(tree))

    same(standardized, {"a": rng.normal(size=(300, 2)), "b": rng.normal(size=300)}, axis_name="i")


def test_results_may_be_written(rng):
    def f(x):
        total = lax.psum(x, "i")
        total[0] = x[1]
        return total

    same(f, rng.normal(size=(7, 3)), axis_name="i")


def test_errors_are_those_of_eager_lanes(rng):
    x = rng.normal(size=(6, 3))
    with pytest.raises(NameError, match="unbound axis name: 'k'"):
        jit(vmap(lambda x: lax.psum(x, "k"), axis_name="i"))(x)
    with pytest.raises(ValueError, match="all_to_all: axis 0"):
        jit(vmap(lambda x: lax.all_to_all(x, "i", 0, 0), axis_name="i"))(x)
    with pytest.raises(ValueError, match="each destination"):
        jit(vmap(lambda x: lax.ppermute(x, "i", [(0, 1), (2, 1)]), axis_name="i"))(x)


def test_lanes_that_have_gone_another_way(rng):
    def f(x):
        if x[0] > 0:
            return lax.psum(x, "i")
        return x

    x = rng.normal(size=(6, 3))
    with pytest.raises(Exception, match="needs all lanes of the axis"):
        jit(vmap(f, axis_name="i"))(x)
    above = jit(vmap(f, axis_name="i"))
    with pytest.warns(PerformanceWarning, match="a collective is called in a branch or a loop"):
        found = above(np.abs(x))  # all go one way
    np.testing.assert_allclose(found, np.broadcast_to(np.abs(x).sum(0), x.shape))


def test_of_no_lanes():
    with pytest.warns(PerformanceWarning, match="on no lanes"):
        found = jit(vmap(lambda x: x - lax.psum(x, "i"), axis_name="i"))(np.ones((0, 3)))
    assert found.shape == (0, 3)


# ---- what lanes put together is computed as one array ----

ODD_SIZES = (63, 64, 1000, 8191, 8192, 20_011, 200_003)


def batch_norm(v):
    middle = lax.pmean(v, "i")
    spread = lax.pmean((v - middle) ** 2, "i")
    return (v - middle) / np.sqrt(spread + 1e-5)


def of_many_kinds(v):
    e = np.exp(-v * v)
    weight = np.where(v[0] > 0, v[1], 2.0)
    return lax.psum(e, "i"), lax.pmax(v[1:] * weight, "i"), lax.psum(e.sum() * 3, "i"), lax.psum(v[0] > 0, "i")


def shared_operands(v):
    table, number = np.arange(3.0), lax.psum(1.0, "i")
    return lax.psum(v * table + number, "i"), lax.psum(np.outer(v, table)[:, None] * v, "i")


@pytest.mark.parametrize("size", ODD_SIZES)
@pytest.mark.parametrize("f", [batch_norm, of_many_kinds, shared_operands], ids=lambda f: f.__name__)
def test_sums_of_what_is_computed(f, size, rng):
    same(f, rng.normal(size=(size, 3)), axis_name="i")
    same(f, rng.normal(size=(3, size)), axis_name="i", in_axes=1)


def test_the_type_of_weak_numbers_stays(rng):
    x = rng.normal(size=1000).astype("f4")
    same(lambda x: lax.psum(x * float(x), "i"), x, axis_name="i")
    same(lambda x: lax.psum(x + int(x > 0), "i"), x, axis_name="i")


def test_reductions_of_nested_maps(rng):
    x, y = rng.normal(size=(6, 200, 3)), rng.normal(size=(6, 200))
    same(lambda a, b: vmap(lambda p, q: p * q - b[0])(a, b).sum(axis=0), x, y)
    same(lambda a, b: vmap(lambda p, q: np.sqrt(p * p + q).sum(), out_axes=-1)(a, np.abs(b)).max(), x, y)
    same(lambda a: vmap(lambda p: vmap(lambda q: np.abs(p - q))(a[:, 0]))(a[:, 1]).sum(), x)


def test_no_array_passes_through_memory(rng):
    compiled = jit(vmap(batch_norm, axis_name="i"))
    compiled(rng.normal(size=(20_000, 3)))
    made = [node for node in next(iter(compiled.known.values())).program.nodes if node.function is lane_out]
    assert len(made) == 1  # the result


@pytest.mark.parametrize("size", [5_000, 100_000, 1_000_003])
def test_long_rows_without_lanes(size, rng):
    def f(x):
        e = np.exp(x - x.max())
        return e / e.sum(), (x - x.mean()) / x.std()

    x = rng.normal(size=size)
    for found, expected in zip(jit(f)(x), f(x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11)
