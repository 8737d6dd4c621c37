"""Matrix products, ``numpy.linalg`` and ``numpy.fft``."""

from __future__ import annotations

import numpy as np
import pytest
from law import Row, check, law

from lanewise import vmap
from lanewise.ops import products

M, V = "f8:3,3", "f8:3"
SPD = "f8:3,3|spd"


def plain(name, f, specs, **kwargs):
    return Row(name, f, specs, special=False, **kwargs)


PRODUCTS = [
    plain("@", lambda x, y: x @ y, ("num:2,3", "num:3,4")),
    plain("@ vector", lambda x, y: x @ y, ("num:2,3", "num:3")),
    plain("vector @", lambda x, y: x @ y, ("num:3", "num:3,4")),
    plain("vector @ vector", lambda x, y: x @ y, ("num:3", "num:3")),
    plain("@ bool", lambda x, y: x @ y, ("bool:2,3", "bool:3,2")),
    plain("@ stacks", lambda x, y: x @ y, ("f8:2,3,3", "f8:3,2")),
    plain("@ stack of both", lambda x, y: x @ y, ("f8:2,1,2,3", "f8:4,3,2")),
    plain("vector @ stack", lambda x, y: x @ y, ("f8:3", "f8:4,3,2")),
    plain("stack @ vector", lambda x, y: x @ y, ("f8:4,2,3", "f8:3")),
    plain("@ misfit", lambda x, y: x @ y, ("f8:2,3", "f8:2,3")),
    plain("@ scalar", lambda x, y: x @ y, ("f8:2,3", "f8:")),
    plain("@ zero length", lambda x, y: x @ y, ("f8:2,0", "f8:0,3")),
    plain("@ zero rows", lambda x, y: x @ y, ("f8:0,2", "f8:2,3")),
    plain("@ plain", lambda x: (x @ np.eye(3), np.eye(3) @ x, x @ [1, 2, 3]), (M,)),
    plain("@ of transposes", lambda x, y: x.T @ y.T, ("f8:3,2", "f8:4,3")),
    plain("@=", lambda x, y: matmul_assign(x, y), (M, M), writes=True),
    plain("matmul dtype", lambda x, y: np.matmul(x, y, dtype=np.float32), ("f4:2,3", "f4:3,2")),
    plain("matmul casting", lambda x, y: np.matmul(x, y, dtype=np.float32, casting="unsafe"), (M, M)),
    plain("matmul out", lambda x, y: np.matmul(x, y, out=x * y), (M, M), writes=True),
    plain("matmul axes", lambda x, y: np.matmul(x, y, axes=[(1, 0), (0, 1), (0, 1)]), (M, M)),
    plain("matmul axes of a vector", lambda x, y: np.matmul(x, y, axes=[(1, 0), 0, 0]), ("f8:3,2", V)),
    plain("matmul axes of stacks", lambda x, y: np.matmul(x, y, axes=[(0, 1), (-1, 0), (0, 2)]),
          ("f8:2,3,4", "f8:2,4,3")),
    plain("matmul axes out", lambda x, y: np.matmul(x, y, axes=[(0, 1), (1, 0), (1, 0)], out=x * y),
          (M, M), writes=True),
    plain("matmul axes misfit", lambda x, y: np.matmul(x, y, axes=[(0, 1), (0,), (0, 1)]), (M, M)),
    plain("vecdot keepdims", lambda x, y: np.vecdot(x, y, axis=0, keepdims=True), ("f8:3,2", "f8:3,2")),
    plain("vecdot axes", lambda x, y: np.vecdot(x, y, axes=[0, 1, ()]), ("f8:3,2", "f8:2,3")),
    plain("linalg.matmul", lambda x, y: np.linalg.matmul(x, y), (M, M)),
    plain("dot", lambda x, y: (np.dot(x, y), x.dot(y)), ("num:2,3", "num:3,2"), reads=True, kinds=False),
    plain("dot vectors", lambda x, y: np.dot(x, y), ("num:3", "num:3")),
    plain("dot scalar", lambda x, y: np.dot(x, y), ("f8:", M)),
    plain("dot scalars", lambda x, y: np.dot(x, y), ("f8:", "f8:")),
    plain("dot stack", lambda x, y: np.dot(x, y), ("f8:2,3", "f8:4,3,2")),
    plain("dot stack of both", lambda x, y: np.dot(x, y), ("f8:2,2,3", "f8:4,3,2")),
    plain("dot stack vector", lambda x, y: np.dot(x, y), ("f8:2,2,3", "f8:3")),
    plain("dot misfit", lambda x, y: np.dot(x, y), ("f8:2,3", "f8:2")),
    plain("dot out", lambda x, y: np.dot(x, y, out=(x * y).copy()), (M, M), writes=True),
    plain("vdot", lambda x, y: np.vdot(x, y), ("any:2,3", "any:2,3")),
    plain("vdot misfit", lambda x, y: np.vdot(x, y), ("f8:2", "f8:3")),
    plain("vecdot", lambda x, y: np.vecdot(x, y), ("inexact:2,3", "inexact:3")),
    plain("vecdot axis", lambda x, y: np.vecdot(x, y, axis=0), ("f8:3,2", "f8:3,2")),
    plain("linalg.vecdot", lambda x, y: np.linalg.vecdot(x, y, axis=-2), ("f8:3,2", "f8:3,2")),
    plain("inner", lambda x, y: np.inner(x, y), ("num:2,3", "num:4,3")),
    plain("inner vectors", lambda x, y: np.inner(x, y), (V, V)),
    plain("inner scalar", lambda x, y: np.inner(x, y), ("f8:", V)),
    plain("inner misfit", lambda x, y: np.inner(x, y), ("f8:2", V)),
    plain("outer", lambda x, y: np.outer(x, y), ("num:3", "num:2,2")),
    plain("outer scalar", lambda x, y: np.outer(x, y), ("f8:", V)),
    plain("outer out", lambda x, y: np.outer(x, y, out=np.outer(y, x)), (V, V), writes=True),
    plain("linalg.outer", lambda x, y: np.linalg.outer(x, y), (V, "f8:2")),
    plain("linalg.outer misfit", lambda x, y: np.linalg.outer(x, y), (M, V)),
    plain("kron", lambda x, y: np.kron(x, y), ("f8:2,2", "f8:3")),
    plain("kron vectors", lambda x, y: np.kron(x, y), (V, "f8:2")),
    plain("cross", lambda x, y: np.cross(x, y), (V, V)),
    plain("cross rows", lambda x, y: np.cross(x, y), ("f8:2,3", V)),
    plain("cross axis", lambda x, y: np.cross(x, y, axis=0), (M, "f8:3,3")),
    plain("cross axes", lambda x, y: np.cross(x, y, axisa=0, axisb=1, axisc=0), ("f8:3,2", "f8:2,3")),
    plain("cross misfit", lambda x, y: np.cross(x, y), ("f8:4", "f8:4")),
    plain("linalg.cross", lambda x, y: np.linalg.cross(x, y), ("f8:2,3", "f8:2,3")),
    plain("tensordot", lambda x, y: np.tensordot(x, y), ("f8:4,2,3", "f8:2,3,2")),
    plain("tensordot axes=1", lambda x, y: np.tensordot(x, y, 1), ("num:2,3", "num:3,2")),
    plain("tensordot axes=0", lambda x, y: np.tensordot(x, y, 0), ("f8:2", "f8:3")),
    plain("tensordot axes", lambda x, y: np.tensordot(x, y, ([0, 1], [1, 0])), ("f8:2,3,4", "f8:3,2,2")),
    plain("tensordot axis pair", lambda x, y: np.tensordot(x, y, (1, 0)), ("f8:2,3", "f8:3")),
    plain("tensordot misfit", lambda x, y: np.tensordot(x, y, 1), ("f8:2,3", "f8:2,3")),
    plain("multi_dot", lambda x, y: np.linalg.multi_dot([x, y, x]), (M, M)),
    plain("einsum", lambda x, y: np.einsum("ij,jk->ik", x, y), ("num:2,3", "num:3,2")),
    plain("einsum implicit", lambda x, y: np.einsum("ij,jk", x, y), ("f8:2,3", "f8:3,2")),
    plain("einsum trace", lambda x: (np.einsum("ii", x), np.einsum("ii->i", x), np.einsum("ji", x)), (M,)),
    plain("einsum sum", lambda x: np.einsum("ij->", x), (M,)),
    plain("einsum ellipsis", lambda x, y: np.einsum("...i,i->...", x, y), ("f8:2,3", V)),
    plain("einsum ellipses", lambda x, y: np.einsum("...ij,...j", x, y), ("f8:2,3,3", "f8:3")),
    plain("einsum ellipsis broadcast", lambda x, y: np.einsum("...i,...i->...i", x, y), ("f8:2,3", "f8:3")),
    plain("einsum repeated", lambda x, y: np.einsum("i,i,i", x, y, x), (V, V)),
    plain("einsum three", lambda x, y: np.einsum("ij,jk,kl->il", x, y, x), (M, M)),
    plain("einsum optimize", lambda x, y: np.einsum("ij,jk,kl->il", x, y, x, optimize=True), (M, M)),
    plain("einsum spaces capitals", lambda x, y: np.einsum(" aB , B -> a", x, y), (M, V)),
    plain("einsum lists", lambda x, y: np.einsum(x, [0, 1], y, [1], [0]), (M, V)),
    plain("einsum lists implicit", lambda x, y: np.einsum(x, [0, 1], y, [1, 2]), (M, M)),
    plain("einsum lists ellipsis", lambda x, y: np.einsum(x, [..., 1], y, [1], [...]), (M, V)),
    plain("einsum out", lambda x, y: np.einsum("ij,jk", x, y, out=x * y), (M, M), writes=True),
    plain("einsum misfit", lambda x, y: np.einsum("ij,j", x, y), (M, "f8:2")),
    plain("einsum bad", lambda x: np.einsum("ij,j", x), (M,)),
    plain("einsum bad rank", lambda x: np.einsum("ijk", x), (M,)),
    plain("matvec", lambda x, y: np.matvec(x, y), ("inexact:2,3", "inexact:3")),
    plain("vecmat", lambda x, y: np.vecmat(x, y), ("inexact:2", "inexact:2,3")),
    plain("matvec stack", lambda x, y: np.matvec(x, y), ("f8:2,3", "f8:4,3")),
    plain("matvec misfit", lambda x, y: np.matvec(x, y), ("f8:2,3", "f8:2")),
]  # fmt: skip


def matmul_assign(x, y):
    z = x * 1.0
    z @= y
    return z


test_products, test_products_at_random = law(PRODUCTS)

LINALG = [
    plain("inv", np.linalg.inv, ("blas:3,3|spd",)),
    plain("inv singular", lambda x: np.linalg.inv(x * 0), (M,)),
    plain("inv of integers", np.linalg.inv, ("i8:2,2|1..9",)),
    plain("inv not square", np.linalg.inv, ("f8:2,3",)),
    plain("inv vector", np.linalg.inv, (V,)),
    plain("inv empty", np.linalg.inv, ("f8:0,0",)),
    plain("inv stack", np.linalg.inv, ("f8:2,3,3|spd",)),
    plain("det", np.linalg.det, ("blas:3,3",)),
    plain("det stack", np.linalg.det, ("f8:2,3,3",)),
    plain("slogdet", lambda x: tuple(np.linalg.slogdet(x)), ("blas:3,3",)),
    plain("solve", np.linalg.solve, ("blas:3,3|spd", "blas:3,2")),
    plain("solve vector", np.linalg.solve, (SPD, V)),
    plain("solve stack", np.linalg.solve, ("f8:2,3,3|spd", "f8:3,2")),
    plain("solve stack vector", np.linalg.solve, ("f8:2,3,3|spd", V)),
    plain("solve singular", lambda x, y: np.linalg.solve(x * 0, y), (M, V)),
    plain("solve misfit", np.linalg.solve, (SPD, "f8:2")),
    plain("lstsq", lambda x, y: np.linalg.lstsq(x, y)[0], ("f8:4,2", "f8:4")),
    plain("cholesky", np.linalg.cholesky, ("f8:3,3|spd",)),
    plain("cholesky upper", lambda x: np.linalg.cholesky(x, upper=True), (SPD,)),
    plain("cholesky fails", lambda x: np.linalg.cholesky(-x), (SPD,)),
    plain("qr", lambda x: tuple(np.linalg.qr(x)), ("f8:3,2",)),
    plain(
        "qr modes",
        lambda x: (np.linalg.qr(x, mode="r"), *np.linalg.qr(x, "complete"), *np.linalg.qr(x, "raw")),
        ("f8:3,2",),
    ),
    plain("qr fields", lambda x: np.linalg.qr(x).R, (M,)),
    plain("svd", lambda x: tuple(np.linalg.svd(x)), ("f8:3,2",)),
    plain("svd values", lambda x: (np.linalg.svd(x, compute_uv=False), np.linalg.svdvals(x)), ("f8:3,2",)),
    plain("svd full", lambda x: np.linalg.svd(x, full_matrices=False).S, ("f8:3,2",)),
    plain("svd hermitian", lambda x: np.linalg.svd(x, hermitian=True)[1], (SPD,)),
    plain("eigh", lambda x: tuple(np.linalg.eigh(x)), (SPD,)),
    plain("eigh upper", lambda x: np.linalg.eigh(x, UPLO="U").eigenvalues, (SPD,)),
    plain("eigvalsh", lambda x: np.linalg.eigvalsh(x), (M,)),
    plain("eigvals", lambda x: np.linalg.eigvals(x + x.T), (M,)),
    plain("eigvals complex", lambda x: np.sort(np.abs(np.linalg.eigvals(x))), (M,), facts=True),
    plain("eigvals mixed", lambda x: np.linalg.eigvals(x).sum(), (M,), facts=True),
    plain("eig", lambda x: tuple(np.linalg.eig(x + x.T)), (M,)),
    plain("eig of complex", lambda x: np.linalg.eig(x).eigenvalues, ("D:3,3",)),
    plain("matrix_power", lambda x: (np.linalg.matrix_power(x, 3), np.linalg.matrix_power(x, 0)), ("f8:2,2",)),
    plain("matrix_power inverse", lambda x: np.linalg.matrix_power(x, -2), ("f8:2,2|spd",)),
    plain("matrix_power bad", lambda x: np.linalg.matrix_power(x, 1.5), ("f8:2,2",)),
    plain("matrix_rank", lambda x: np.linalg.matrix_rank(x), ("f8:3,2",)),
    plain("matrix_rank tol", lambda x: np.linalg.matrix_rank(x, tol=0.5), (M,)),
    plain("matrix_rank tol varies", lambda x, t: np.linalg.matrix_rank(x, tol=t), (M, "f8:|pos"), reads=True),
    plain("matrix_rank vector", lambda x: np.linalg.matrix_rank(x), (V,)),
    plain("pinv", lambda x: np.linalg.pinv(x), ("blas:3,2",)),
    plain("pinv rcond", lambda x: np.linalg.pinv(x, rcond=0.5), ("f8:3,2",)),
    plain("pinv rcond varies", lambda x, t: np.linalg.pinv(x, rcond=1 / (1 + t)), ("f8:3,2", "f8:|pos"), writes=True),
    plain("cond", lambda x: [np.linalg.cond(x, p) for p in (None, 1, 2, -2, np.inf, "fro")], (SPD,)),
    plain("cond singular", lambda x: np.linalg.cond(x * 0), (M,)),
    plain("trace diagonal", lambda x: (np.linalg.trace(x), np.linalg.diagonal(x, offset=1)), ("f8:2,3,3",)),
    plain("matrix_transpose", np.linalg.matrix_transpose, ("f8:2,3",)),
    plain("tensorsolve", lambda x, y: np.linalg.tensorsolve(x, y), (SPD, V)),
    plain("tensorinv", lambda x: np.linalg.tensorinv(x, ind=1), (SPD,)),
    plain("linalg.tensordot", lambda x, y: np.linalg.tensordot(x, y, axes=1), (M, M)),
    Row("norm", lambda x: np.linalg.norm(x), ("inexact:3",)),
    Row("norm of a matrix", lambda x: np.linalg.norm(x), ("num:2,3",)),
    Row("norm of a stack", lambda x: np.linalg.norm(x), ("f8:2,2,3",)),
    Row("norm axis", lambda x: (np.linalg.norm(x, axis=0), np.linalg.norm(x, axis=-1, keepdims=True)), ("f8:2,3",)),
    Row("norm keepdims", lambda x: np.linalg.norm(x, keepdims=True), ("f8:2,3",)),
    Row("norm of a scalar", lambda x: np.linalg.norm(x), ("f8:",)),
    Row("norm orders", lambda x: [np.linalg.norm(x, p) for p in (0, 1, 2, 3, np.inf, -np.inf, -1, 0.5)], ("f8:3",)),
    plain("norm matrix orders", lambda x: [np.linalg.norm(x, p) for p in (1, -1, 2, -2, np.inf, "fro", "nuc")], (M,)),
    plain("norm axes", lambda x: [np.linalg.norm(x, p, axis=(0, 2)) for p in (None, 1, 2, "fro")], ("f8:2,3,2",)),
    Row("norm bad order", lambda x: np.linalg.norm(x, "fro"), (V,)),
    Row("norm order of a stack", lambda x: np.linalg.norm(x, 2), ("f8:2,2,3",)),
    Row("vector_norm", lambda x: (np.linalg.vector_norm(x), np.linalg.vector_norm(x, axis=0, ord=1)), ("f8:2,3",)),
    Row("vector_norm keepdims", lambda x: np.linalg.vector_norm(x, keepdims=True), ("f8:2,3",)),
    plain("matrix_norm", lambda x: (np.linalg.matrix_norm(x), np.linalg.matrix_norm(x, ord=2)), ("f8:2,3,3",)),
]
test_linalg, test_linalg_at_random = law(LINALG)

FFT = [
    plain("fft ifft", lambda x: (np.fft.fft(x), np.fft.ifft(x)), ("inexact:2,4",)),
    plain("fft n axis norm", lambda x: np.fft.fft(x, 3, 0, "ortho"), ("f8:4,2",)),
    plain("fft pads", lambda x: np.fft.fft(x, n=6), ("f8:4",)),
    plain("fft scalar", lambda x: np.fft.fft(x), ("f8:",)),
    plain("fft n=0", lambda x: np.fft.fft(x, 0), (V,)),
    plain("fft out", lambda x: np.fft.fft(x, out=x * 1j), (V,), writes=True),
    plain("rfft irfft", lambda x: (np.fft.rfft(x), np.fft.irfft(x), np.fft.irfft(x, 5)), ("f8:2,4",)),
    plain("rfft of complex", lambda x: np.fft.rfft(x), ("D:3",)),
    plain("hfft ihfft", lambda x: (np.fft.hfft(x), np.fft.ihfft(x)), ("f8:4",)),
    plain("fft2", lambda x: (np.fft.fft2(x), np.fft.ifft2(x, s=(2, 2)), np.fft.rfft2(x), np.fft.irfft2(x)),
        ("f8:3,4",)),
    plain("fft2 axes", lambda x: np.fft.fft2(x, axes=(0, 1)), ("f8:3,2,2",)),
    plain("fft2 vector", lambda x: np.fft.fft2(x), (V,)),
    plain("fftn", lambda x: (np.fft.fftn(x), np.fft.ifftn(x), np.fft.rfftn(x), np.fft.irfftn(x)), ("f8:2,3,4",)),
    plain("fftn axes", lambda x: np.fft.fftn(x, axes=(0, -1)), ("f8:2,3,4",)),
    plain("fftn s", lambda x: np.fft.fftn(x, s=(2, 2), axes=(0, 1)), ("f8:2,3,4",)),
    plain("fftn norm", lambda x: np.fft.rfftn(x, norm="forward"),
        ("f8:2,4",)),
    plain("fftshift", lambda x: (np.fft.fftshift(x), np.fft.ifftshift(x, axes=0)), ("f8:3,4",)),
    plain("fftshift axes", lambda x: np.fft.fftshift(x, (0, 1)), ("f8:3,4",)),
    plain("fftfreq", lambda x: np.fft.fftfreq(4) * x, ("f8:4",)),
]  # fmt: skip
test_fft, test_fft_at_random = law(FFT)


class Counting:
    """Counts the calls of a function."""

    def __init__(self, function):
        self.function = function
        self.shapes: list = []

    def __call__(self, a, b, **kwargs):
        self.shapes.append((a.ndim, b.ndim))
        return self.function(a, b, **kwargs)


@pytest.mark.parametrize("f", [
    lambda x, w: x @ w,
    lambda x, w: np.dot(x, w),
    lambda x, w: w.T @ x,
    lambda x, w: np.stack([x, x]) @ w,
    lambda x, w: w.T @ np.stack([x, x], axis=1),
    lambda x, w: np.tensordot(x, w, 1),
    lambda x, w: np.inner(w.T, x),
])  # fmt: skip
def test_a_shared_operand_is_one_product(monkeypatch, f) -> None:
    """No batch of small products where one operand is shared: both operands of the one product are matrices."""
    x, w = np.random.default_rng(0).normal(size=(5, 3)), np.random.default_rng(1).normal(size=(3, 2))
    counting = Counting(np.matmul)
    monkeypatch.setattr(products, "product", counting)
    found = vmap(f, in_axes=(0, None), strict=True)(x, w)
    assert counting.shapes == [(2, 2)]
    np.testing.assert_allclose(found, np.stack([f(row, w) for row in x]), rtol=1e-13)


def test_some_singular_matrices() -> None:
    """The exception of the first lane that fails, and none if no lane does."""
    a = np.stack([np.eye(2), np.zeros((2, 2)), np.eye(2)])
    check(np.linalg.inv, a)
    check(np.linalg.inv, a[::2])

    def safe(x):
        try:
            return np.linalg.inv(x)
        except np.linalg.LinAlgError:
            return x

    check(safe, a)


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_dot_writes_only_what_lies_in_one_piece_also_where_lanes_have_parted():
    def f(x, y):
        if (x > y).any():
            np.dot(np.eye(3), np.ones(3), out=x)

    for x in (np.arange(15.0).reshape(3, 5), np.asfortranarray(np.arange(15.0).reshape(3, 5))):
        expected = None if x.flags.f_contiguous else ValueError
        y = np.array([30.0, 0.0, 30.0, 0.0, 0.0])
        if expected is None:
            vmap(f, in_axes=(1, 0))(x, y)
            np.testing.assert_array_equal(x[:, [1, 3, 4]], 1.0)
        else:
            with pytest.raises(expected, match="output array is not acceptable"):
                vmap(f, in_axes=(1, 0))(x, y)
