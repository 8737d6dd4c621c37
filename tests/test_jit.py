"""jit against eager lanes, which are tested against the loop; nothing here may fall back (warnings are errors)."""

from __future__ import annotations

import numpy as np
import optree
import pytest

from lanewise import PerformanceWarning, jit, vmap

SIZES = (1, 2, 3, 5, 8, 10, 17, 40, 100)


def same(fun, *args, rtol=1e-12, atol=1e-13):
    """A compiled function gives what it gives eagerly: structure, dtypes, shapes and values."""
    got = jit(fun)(*args)
    with np.errstate(all="ignore"):
        want = fun(*args)
    found, spec = optree.tree_flatten(got, none_is_leaf=True)
    wanted, wanted_spec = optree.tree_flatten(want, none_is_leaf=True)
    assert spec == wanted_spec
    for a, b in zip(found, wanted, strict=True):
        assert type(a) is type(b)
        if isinstance(b, (np.ndarray, np.generic)):
            assert a.dtype == b.dtype
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
        else:
            assert a == b
    return got


@pytest.mark.parametrize("n", SIZES)
def test_every_batch_size(n, rng):
    x, m, v = rng.normal(size=(n, 3)), rng.normal(size=(n, 4, 4)), rng.normal(size=(n, 4))
    same(vmap(lambda x: x.mean() + x.std()), x)
    same(vmap(lambda m, u: (m @ u, m.T.sum(0), np.linalg.norm(u))), m, v)
    same(vmap(lambda x: np.where(x > 0, x, -x).argmax()), x)
    same(vmap(lambda x: (x > 0).any() & (x < 1).all()), x)
    same(vmap(lambda x: np.cumsum(x)[::-1]), rng.normal(size=(n, 9)))
    same(vmap(np.sort), rng.normal(size=(n, 7)))
    same(vmap(lambda x: {"a": x.sum(), "b": (x, 3)}), x)


@pytest.mark.parametrize("n", [1, 4, 9, 33])
def test_layouts(n, rng):
    double = lambda x: x * 2 + 1  # noqa: E731
    same(vmap(double, in_axes=1, out_axes=1), rng.normal(size=(5, n)))
    same(vmap(double, in_axes=1, out_axes=-1), rng.normal(size=(n, 5)).T)
    same(vmap(double, in_axes=1), rng.normal(size=(5, n, 2)))
    same(vmap(double), rng.normal(size=(2 * n, 6))[::2])
    same(vmap(double), rng.normal(size=(n, 12))[:, ::3])
    same(vmap(double), rng.normal(size=(n, 6))[::-1, ::-1])
    same(vmap(double), np.broadcast_to(rng.normal(size=3), (n, 3)))
    same(vmap(double), rng.normal(size=(n, 11)).astype("f4"))
    same(vmap(double), np.frombuffer(b"\0" + rng.normal(size=(n, 3)).tobytes(), offset=1).reshape(n, 3))
    same(vmap(vmap(lambda x, y: x @ y, in_axes=(None, 0)), in_axes=(0, None)), rng.normal(size=(n, 3)), np.ones((7, 3)))


DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes(dtype, rng):
    x = (rng.normal(size=(21, 3)) * 20).astype(dtype)
    y = (rng.normal(size=(21, 3)) * 3).astype(dtype)
    rtol = {"f2": 2e-3, "f4": 1e-6, "c8": 1e-6}.get(dtype, 1e-12)
    same(vmap(lambda x, y: (x + y, x * y, x == y, x != y)), x, y, rtol=rtol)
    for target in DTYPES:
        if dtype[0] == "c" and target[0] != "c":
            continue
        with np.errstate(invalid="ignore"):
            same(vmap(lambda x, target=target: x.astype(target)), np.abs(x) if target[0] == "u" else x)
    if dtype[0] in "iu":
        same(vmap(lambda x, y: (x // y, x % y, x & y, x | y, x ^ y, ~x, x << (y & 7), x >> (y & 7))), x, y)
    if dtype[0] == "f":
        same(vmap(lambda x, y: (x / y, -x, abs(x), np.sqrt(abs(x)), np.floor(x), np.rint(x))), x, y, rtol=rtol)
        x[0], x[1] = np.nan, np.inf
        same(vmap(lambda x, y: (np.maximum(x, y), np.minimum(y, x), np.fmax(x, y), np.fmin(y, x))), x, y)
        same(vmap(lambda x: (np.sign(x), np.isnan(x), np.isinf(x), np.isfinite(x), x.max(), x.min())), x)
    if dtype in ("f4", "f8"):
        same(vmap(lambda x, y: (x // y, x % y, np.fmod(x, y))), x[2:], y[2:], rtol=1e-5 if dtype == "f4" else 1e-12)
    if dtype[0] == "c":
        same(vmap(lambda x, y: (x / y, abs(x), x.real, x.imag, np.conj(x))), x, y, rtol=rtol)


def test_integer_division_by_zero_and_overflow():
    low = np.iinfo(np.int64).min
    x, y = np.array([7, -7, low, 5, 0]), np.array([0, 0, -1, -2, 3])
    same(vmap(lambda x, y: (x // y, x % y)), x, y)


FUNCTIONS = [
    np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sin, np.cos, np.tan, np.arcsin, np.arccos,
    np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh, np.cbrt,
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_elementary_functions(function, dtype, rng):
    x = np.concatenate([rng.uniform(-1, 1, 40), rng.uniform(1, 20, 40), [0.0, -0.0, np.inf, -np.inf, np.nan]])
    same(vmap(lambda x: function(x)), x.astype(dtype), rtol=1e-6 if dtype == "f4" else 1e-14, atol=0)
    same(vmap(lambda x: function(x)), x[:3].astype(dtype), rtol=1e-6 if dtype == "f4" else 1e-14, atol=0)


@pytest.mark.parametrize("size", [2, 3, 4, 6, 8])
def test_linear_algebra(size, rng):
    a, b = rng.normal(size=(19, size, size)) + size * np.eye(size), rng.normal(size=(19, size))
    same(vmap(lambda a, b: (np.linalg.solve(a, b), np.linalg.inv(a), np.linalg.det(a))), a, b, rtol=1e-10)
    same(vmap(lambda a: tuple(np.linalg.slogdet(a))), a, rtol=1e-10)
    same(vmap(lambda a: np.linalg.cholesky(a @ a.T)), a, rtol=1e-10)
    same(vmap(lambda a: np.linalg.matrix_power(a, 3)), a, rtol=1e-10)


def test_errors_are_those_of_the_loop():
    m = np.stack([np.eye(2), np.zeros((2, 2)), np.eye(2)])
    with pytest.raises(np.linalg.LinAlgError, match="Singular") as caught:
        jit(vmap(np.linalg.inv))(m)
    assert "lane 1 of 3" in caught.value.__notes__[0]
    with pytest.raises(IndexError, match="out of bounds"):
        jit(vmap(lambda x, i: x[i]))(np.ones((4, 3)), np.array([0, 2, 3, 1]))


def test_indices(rng):
    x, i = rng.normal(size=(30, 5)), rng.integers(-5, 5, 30)
    same(vmap(lambda x, i: x[i]), x, i)
    same(vmap(lambda x, i: x[[0, 3]] + x[2:4] * x[i]), x, i)


def test_writes_reach_the_argument():
    def f(x):
        y = x[1:]
        y[0] = 5.0
        return x.sum()

    a = np.arange(12.0).reshape(4, 3)
    b = a.copy()
    assert np.array_equal(jit(vmap(f))(a), vmap(f)(b))
    assert np.array_equal(a, b)


def test_closures_are_read_at_each_call():
    table = np.arange(3.0)
    f = jit(vmap(lambda x: x * table))
    assert f(np.ones((2, 3)))[1, 2] == 2
    table[2] = 7
    assert f(np.ones((2, 3)))[1, 2] == 7


def test_either_way_round(rng):
    x, w = rng.normal(size=(6, 3)), rng.normal(size=(3, 2))
    f = lambda x, w: np.tanh(x @ w).sum()  # noqa: E731
    assert np.allclose(vmap(jit(f), in_axes=(0, None))(x, w), vmap(f, in_axes=(0, None))(x, w))
    assert np.allclose(jit(vmap(jit(f), in_axes=(0, None)))(x, w), vmap(f, in_axes=(0, None))(x, w))


def test_without_vmap(rng):
    x = rng.normal(size=(7, 5))
    same(lambda x: np.exp(x) + x.sum(axis=0), x)
    same(lambda x, s: x * s, x, 2.0)
    same(lambda s: s * 2.0 + 1.0, 3.0)
    same(lambda s: s + 1, np.float32(3))


def test_statics():
    @jit
    def power(x, n):
        found = 1.0
        for _ in range(n):
            found = found * x
        return found

    assert power(np.float64(3.0), 4) == 81
    assert power(np.float64(3.0), 2) == 9
    scaled = jit(lambda x, mode: x * 2 if mode == "double" else x, static_argnames="mode")
    assert scaled(np.float64(2.0), mode="double") == 4
    assert scaled(np.float64(2.0), mode="none") == 2
    with pytest.raises(TypeError, match="no parameter"):
        jit(lambda x: x, static_argnames="y")


def test_what_cannot_be_traced_runs_eagerly():
    f = jit(lambda x: x * len(f"{x}"))
    with pytest.warns(PerformanceWarning, match="runs eagerly"):
        assert f(np.float64(-2.0)) == -8
    assert f(np.float64(-3.25)) == -16.25


def test_empty_batches():
    same(vmap(lambda x: (x * 2, x.sum())), np.ones((0, 3)))
    same(lambda x: x * 2, np.ones((0, 3)))


def test_results_are_fresh():
    x = np.ones((4, 3))
    a, b = jit(vmap(lambda x: (x, x)))(x)
    assert not np.shares_memory(a, b)
    assert not np.shares_memory(a, x)
    y = jit(lambda x: x)(x)
    assert y is not x
    assert not np.shares_memory(y, x)


def test_fastmath_is_close(rng):
    x = rng.normal(size=(50, 6))
    f = lambda x: (x[0] * x[1] + x[2]) / x[3] - (x * x).sum()  # noqa: E731
    np.testing.assert_allclose(jit(vmap(f), fastmath=True)(x), jit(vmap(f))(x), rtol=1e-9)


class Scale:
    """An object with a compiled method."""

    def __init__(self, by):
        self.by = by

    @jit
    def double(self, x):
        return x * 2


def test_arguments_that_are_objects():
    plain, keyword = jit(lambda x, thing: x * 2), jit(lambda x, *, thing: x * 2)
    for size in (3, 3, 8, 8):  # the second call of a kind may go a shorter way
        x = np.arange(float(size))
        for found in (Scale(1).double(x), plain(x, Scale(2)), keyword(x, thing=Scale(3)), plain(x, np.float64(1))):
            np.testing.assert_array_equal(found, x * 2)


def test_many_traces_name_the_argument():
    def scaled(x, times, *rest):
        return x["a"] * times

    for args, what in (
        (lambda n: ({"a": np.ones(3)}, n), "times changes: it was 14, and is 15"),
        (lambda n: ({"a": np.ones(n + 1)}, 2.0), r"x\['a'\] changes: it was float64\[15\], and is float64\[16\]"),
        (lambda n: ({"a": np.ones(3)}, 2.0, n), r"rest\[0\] changes"),
    ):
        compiled = jit(scaled)
        for n in range(15):
            compiled(*args(n))
        with pytest.warns(PerformanceWarning, match=what):
            compiled(*args(15))


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_arrays_of_other_types_where_one_of_numpys_was_before() -> None:
    total = jit(vmap(lambda row: row.sum()))
    x = np.arange(12.0).reshape(3, 4)
    for other in (x, np.ma.array(x, mask=x > 20), x.view(type("Own", (np.ndarray,), {}))):
        np.testing.assert_array_equal(total(other), x.sum(1))


def test_squares_of_truth_values() -> None:
    x = np.array([[True, False], [True, True]])
    for power in (2, 3, 2.0):
        for mapped in (vmap(lambda row, p=power: row**p), jit(vmap(lambda row, p=power: row**p))):
            assert mapped(x).dtype == (x**power).dtype
            np.testing.assert_array_equal(mapped(x), x**power)


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_what_is_no_number_is_an_error_also_where_nobody_uses_the_result():
    def f(x):
        x ^ dict
        return 250

    with pytest.raises(TypeError, match="unsupported operand"):
        jit(vmap(f))(np.arange(3.0))
