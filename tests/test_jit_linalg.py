"""Small dense linear algebra in kernels, against NumPy on one example at a time; nothing may fall back.

Warnings are errors, so a call that runs eagerly fails; that kernels hold the work, and no library call does, is asked.
"""

from __future__ import annotations

import numpy as np
import pytest

from lanewise import PerformanceWarning, jit, vmap
from lanewise.compile.run import KernelStep

SIZES = (1, 3, 8, 13, 16)
TOLERANCE = {"f4": 2e-3, "f8": 1e-9, "c8": 2e-3, "c16": 1e-9}
LANES = 21


def compiled(fun, *args, in_axes=0):
    """The results of a compiled function whose steps are kernels only."""
    function = jit(vmap(fun, in_axes=in_axes))
    found = function(*args)
    for known in function.known.values():
        assert known is not None
        assert all(type(step) is KernelStep for step in known.plan.steps)
    return found


def close(found, wanted, dtype):
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
    scale = np.abs(wanted).max(initial=1.0)
    np.testing.assert_allclose(found, wanted, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * scale)


def numbers(rng, shape, dtype):
    found = rng.normal(size=shape)
    return (found + 1j * rng.normal(size=shape) if dtype[0] == "c" else found).astype(dtype)


def matrices(rng, size, dtype, lanes=LANES):
    return numbers(rng, (lanes, size, size), dtype) + np.dtype(dtype).type(2) * np.eye(size, dtype=dtype)


def positive(rng, size, dtype):
    a = matrices(rng, size, dtype)
    return a @ a.conj().swapaxes(1, 2) + np.eye(size, dtype=dtype)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", TOLERANCE)
class TestEverySize:
    def test_solve(self, size, dtype, rng):
        a, b, c = matrices(rng, size, dtype), numbers(rng, (LANES, size), dtype), numbers(rng, (LANES, size, 3), dtype)
        close(compiled(lambda a, b: np.linalg.solve(a, b), a, b), np.linalg.solve(a, b[..., None])[..., 0], dtype)
        close(compiled(lambda a, c: np.linalg.solve(a, c), a, c), np.linalg.solve(a, c), dtype)

    def test_inv(self, size, dtype, rng):
        a = matrices(rng, size, dtype)
        close(compiled(lambda a: np.linalg.inv(a), a), np.linalg.inv(a), dtype)

    def test_determinants(self, size, dtype, rng):
        a = matrices(rng, size, dtype)
        a[3] = 0
        with np.errstate(all="ignore"):
            wanted, parts = np.linalg.det(a), np.linalg.slogdet(a)
        close(compiled(lambda a: np.linalg.det(a), a), wanted, dtype)
        sign, logarithm = compiled(lambda a: tuple(np.linalg.slogdet(a)), a)
        close(sign, parts.sign, dtype)
        assert logarithm[3] == parts.logabsdet[3] == -np.inf
        close(np.delete(logarithm, 3), np.delete(parts.logabsdet, 3), dtype)

    def test_cholesky(self, size, dtype, rng):
        a = positive(rng, size, dtype)
        close(compiled(lambda a: np.linalg.cholesky(a), a), np.linalg.cholesky(a), dtype)
        b = np.triu(a)  # the other triangle is not read
        close(compiled(lambda a: np.linalg.cholesky(a, upper=True), b), np.linalg.cholesky(b, upper=True), dtype)

    def test_eigh(self, size, dtype, rng):
        a = numbers(rng, (LANES, size, size), dtype)
        values, vectors = compiled(lambda a: tuple(np.linalg.eigh(a)), a)
        close(values, np.linalg.eigh(a)[0], dtype)
        assert vectors.dtype == np.linalg.eigh(a)[1].dtype
        assert np.all(np.diff(values) >= 0)
        low = np.tril(a, -1)
        whole = low + low.conj().swapaxes(1, 2) + np.einsum("nii,ij->nij", a.real, np.eye(size))
        np.testing.assert_allclose(whole @ vectors, vectors * values[:, None, :], atol=10 * TOLERANCE[dtype])
        np.testing.assert_allclose(
            vectors.conj().swapaxes(1, 2) @ vectors, np.broadcast_to(np.eye(size), a.shape), atol=TOLERANCE[dtype]
        )
        close(compiled(lambda a: np.linalg.eigvalsh(a, UPLO="U"), a), np.linalg.eigvalsh(a, UPLO="U"), dtype)

    def test_products(self, size, dtype, rng):
        a, b = matrices(rng, size, dtype), matrices(rng, size, dtype)
        c = numbers(rng, (LANES, size), dtype)
        close(compiled(lambda a, b, c: a @ b @ c, a, b, c), (a @ b @ c[..., None])[..., 0], dtype)
        wide = numbers(rng, (LANES, size, 16 - size % 3), dtype)
        close(compiled(lambda a, b: a @ b, a, wide), a @ wide, dtype)

    def test_powers(self, size, dtype, rng):
        a = matrices(rng, size, dtype) / np.dtype(dtype).type(4)
        for n in (0, 1, 3, -2) if size < 8 else (3, -2):
            close(compiled(lambda a, n=n: np.linalg.matrix_power(a, n), a), np.linalg.matrix_power(a, n), dtype)


@pytest.mark.parametrize("lanes", [1, 2, 7, 8, 9, 16, 33])
def test_every_batch_size(lanes, rng):
    a, b = matrices(rng, 10, "f8", lanes), rng.normal(size=(lanes, 10))
    close(compiled(lambda a, b: np.linalg.solve(a, b), a, b), np.linalg.solve(a, b[..., None])[..., 0], "f8")
    close(compiled(lambda a: np.linalg.eigvalsh(a), a), np.linalg.eigvalsh(a), "f8")
    close(compiled(lambda a: a @ a, a), a @ a, "f8")


@pytest.mark.parametrize("size", [4, 12])
def test_what_is_shared(size, rng):
    """A matrix that the lanes share is eliminated once, outside of the loop over them."""
    a, b = matrices(rng, size, "f8", 1)[0], rng.normal(size=(LANES, size))
    found = compiled(lambda a, b: np.linalg.solve(a, b), a, b, in_axes=(None, 0))
    close(found, np.linalg.solve(a, b.T).T, "f8")
    many = matrices(rng, size, "f8")
    found = compiled(lambda a, b: np.linalg.solve(a, b), many, b[0], in_axes=(0, None))
    close(found, np.linalg.solve(many, np.broadcast_to(b[0][:, None], (LANES, size, 1)))[..., 0], "f8")
    close(compiled(lambda a, x: np.linalg.inv(a) @ x, a, b, in_axes=(None, 0)), b @ np.linalg.inv(a).T, "f8")
    close(compiled(lambda a, x: np.linalg.eigvalsh(a) * x, a, b, in_axes=(None, 0)), np.linalg.eigvalsh(a) * b, "f8")


@pytest.mark.parametrize("size", [3, 11])
def test_nested_maps(size, rng):
    a, b = matrices(rng, size, "f8", 5), rng.normal(size=(13, size))
    both = jit(vmap(vmap(lambda a, b: np.linalg.solve(a, b), in_axes=(None, 0)), in_axes=(0, None)))(a, b)
    close(both, np.linalg.solve(a, b.T).swapaxes(1, 2), "f8")


@pytest.mark.parametrize("size", [3, 12])
def test_in_branches_and_loops(size, rng):
    a = matrices(rng, size, "f8")
    a[::4] = 0  # singular, and not asked

    def branch(a):
        if a[0, 0] != 0:
            return np.linalg.inv(a)
        return a + 1

    def newton(a):
        x = a.T / (np.abs(a).sum(0).max() * np.abs(a).sum(1).max() + 1)
        for _ in range(12):
            x = x @ (2 * np.eye(size) - a @ x)
        return x

    np.testing.assert_allclose(jit(vmap(branch))(a), [branch(m) for m in a], rtol=1e-9)
    np.testing.assert_allclose(jit(vmap(newton))(a), [newton(m) for m in a], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("size", [2, 7, 16])
@pytest.mark.parametrize(
    "fun", [np.linalg.inv, lambda a: np.linalg.solve(a, a[0]), lambda a: np.linalg.matrix_power(a, -1)]
)
def test_singular_matrices_raise(fun, size, rng):
    a = matrices(rng, size, "f8")
    a[5] = 0
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix") as caught:
        jit(vmap(fun))(a)
    assert "lane 5 of 21" in caught.value.__notes__[0]


@pytest.mark.parametrize("size", [2, 4])
def test_other_errors(size, rng):
    a = positive(rng, size, "f8")
    a[7, 1, 1] = -1
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite") as caught:
        jit(vmap(lambda a: np.linalg.cholesky(a)))(a)
    assert "lane 7 of 21" in caught.value.__notes__[0]
    a = np.tile(a, (1, 4, 4))
    a[7, 1, 0] = np.nan
    with pytest.raises(np.linalg.LinAlgError, match="did not converge"):
        jit(vmap(lambda a: np.linalg.eigvalsh(a)))(a)

    def unused(a):
        np.linalg.eigvalsh(a)
        return 1.0

    with pytest.raises(np.linalg.LinAlgError, match="did not converge"):
        jit(vmap(unused))(a)


def test_pivots_that_are_tiny_or_equal(rng):
    a = rng.integers(-1, 2, size=(300, 4, 4)) * 1.0  # many ties, many singular
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(compiled(lambda a: np.linalg.det(a), a), np.linalg.det(a), atol=1e-13)
    a = np.eye(3)[None].repeat(9, 0)
    a[4] *= 1e-310  # one over it is infinite
    with pytest.warns(PerformanceWarning, match="ran eagerly for these values"):
        found = jit(vmap(lambda a: np.linalg.solve(a, a[0])))(a)
    np.testing.assert_allclose(found, [np.eye(3)[0]] * 9)


def test_degenerate_eigenvalues(rng):
    basis = np.linalg.qr(rng.normal(size=(LANES, 6, 6)))[0]
    values = np.array([2.0, -1.0, 2.0, 2.0, 0.0, -1.0])
    a = basis @ (values[:, None] * basis.swapaxes(1, 2))
    found, vectors = compiled(lambda a: tuple(np.linalg.eigh(a)), a)
    np.testing.assert_allclose(found, np.broadcast_to(np.sort(values), found.shape), atol=1e-13)
    np.testing.assert_allclose(a @ vectors, vectors * found[:, None, :], atol=1e-13)
    scaled = np.concatenate([a * 1e300, a * 1e-300, np.zeros_like(a)])
    np.testing.assert_allclose(
        compiled(lambda a: np.linalg.eigvalsh(a), scaled), np.linalg.eigvalsh(scaled), atol=1e287
    )


def test_lanes_do_not_depend_on_their_neighbours(rng):
    a = rng.normal(size=(64, 7, 7))
    function = jit(vmap(lambda a: np.linalg.eigvalsh(a)))
    assert np.array_equal(function(a)[::-1], function(a[::-1].copy()))


ZEROS = {
    "sum": lambda m, v, o: v.sum(), "of rows": lambda m, v, o: m.sum(1), "mean": lambda m, v, o: m.mean(0),
    "reduce": lambda m, v, o: np.add.reduce(v), "trace": lambda m, v, o: np.trace(m), "vectors": lambda m, v, o: v @ o,
    "matrix and vector": lambda m, v, o: m @ o, "matrices": lambda m, v, o: m @ m.T,
    "inner": lambda m, v, o: np.inner(m, o), "dot": lambda m, v, o: np.dot(v, o), "dots": lambda m, v, o: np.dot(m, m),
    "vdot": lambda m, v, o: np.vdot(v, o), "a column": lambda m, v, o: np.dot(m[:, :1], o[None]),
    "tensordot": lambda m, v, o: np.tensordot(m, o, 1), "einsum": lambda m, v, o: np.einsum("ij->i", m),
    "einsum of two": lambda m, v, o: np.einsum("i,i->i", v, o),
    "einsum that turns": lambda m, v, o: np.einsum("ij->ji", m),
    "kron": lambda m, v, o: np.kron(v, o), "outer": lambda m, v, o: np.outer(v, o), "prod": lambda m, v, o: v.prod(),
    "cumsum": lambda m, v, o: np.cumsum(v),
}  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 9, 20])
@pytest.mark.parametrize("name", ZEROS)
def test_sums_of_negative_zeros_have_the_sign_of_numpys(name, size):
    m, v, o = np.full((4, size, size), -0.0), np.full((4, size), -0.0), np.ones((4, size))
    found = jit(vmap(ZEROS[name]))(m, v, o)
    np.testing.assert_array_equal(np.signbit(found), np.signbit([ZEROS[name](*x) for x in zip(m, v, o, strict=True)]))


DECOMPOSITIONS = {
    "solve": lambda a, b: np.linalg.solve(a, b), "inverse": lambda a, b: np.linalg.inv(a),
    "several sides": lambda a, b: np.linalg.solve(a, np.stack([b, b + 1], 1)),
    "determinant": lambda a, b: np.linalg.det(a), "logarithm": lambda a, b: tuple(np.linalg.slogdet(a)),
    "cholesky": lambda a, b: np.linalg.cholesky(a), "upper": lambda a, b: np.linalg.cholesky(a, upper=True),
    "eigenvalues": lambda a, b: np.linalg.eigvalsh(a), "power": lambda a, b: np.linalg.matrix_power(a, -2),
    "third power": lambda a, b: np.linalg.matrix_power(a, 3),
}  # fmt: skip


def outcome(fun, *args):
    """What a function gives: its results, or the type of its error."""
    try:
        found = fun(*args)
    except np.linalg.LinAlgError as error:
        return type(error)
    return [np.asarray(x) for x in (found if isinstance(found, tuple) else (found,))]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["f8", "c16"])
@pytest.mark.parametrize("size", [1, 2, 3, 6, 9])
@pytest.mark.parametrize("name", DECOMPOSITIONS)
def test_nan_and_inf_are_where_lapack_has_them(name, size, dtype, rng):
    fun = DECOMPOSITIONS[name]
    function = jit(vmap(fun))
    for turn in range(12):
        a = (positive(rng, size, "f8") * (rng.random((size, size)) < (0.6 if turn % 3 else 2)))[:1].astype(dtype)
        b = numbers(rng, (1, size), dtype)
        where = a[0, rng.integers(size)] if turn % 4 else b[0]
        where[rng.integers(size)] = [np.nan, np.inf, -np.inf][turn % 3]
        found, wanted = outcome(function, a, b), outcome(fun, a[0], b[0])
        if isinstance(wanted, type):
            assert found is wanted
            continue
        for x, y in zip(found, wanted, strict=True):
            np.testing.assert_allclose(x[0], y, rtol=1e-7, atol=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_determinants_whose_products_outgrow_numbers(rng):
    a = np.zeros((3, 4, 4))
    a[:, range(4), range(4)] = [
        [1e200, 1e200, 1e-200, 1e-200], [1e-200, 1e-200, 1e200, 1e200], [1e-160, 1e-155, 1e200, 1e100]
    ]  # fmt: skip
    np.testing.assert_allclose(jit(vmap(lambda a: np.linalg.det(a)))(a), [np.linalg.det(m) for m in a], rtol=1e-9)
