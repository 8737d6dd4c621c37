"""Functions of the Array API standard on lane values: names, signatures and results against array-api-strict.

The whole of the standard's own test suite is not on the registry; ``docs/array-api.md`` has its numbers.
"""

from __future__ import annotations

import inspect
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import array_api_strict as strict
import numpy as np
import pytest
from law import check, loop

import lanewise.numpy as lnp
from lanewise import PerformanceWarning, vmap

VERSION = np.__array_api_version__

# ---- names and signatures ----


def functions(namespace: Any) -> Iterator[tuple[str, Any]]:
    """The public functions of a namespace of array-api-strict, and of its extensions."""
    for name in namespace.__all__:
        value = getattr(namespace, name)
        if isinstance(value, types.ModuleType):
            yield from ((f"{name}.{inner}", function) for inner, function in functions(value))
        elif callable(value) and "array_api_strict_flags" not in name and name not in ("Device", "ArrayAPIStrictFlags"):
            yield name, value


STANDARD = {name: value for name, value in functions(strict) if not isinstance(value, type(strict.int8))}
NEWER = {"cumulative_sum", "cumulative_prod", "unstack", "count_nonzero", "take_along_axis", "isin", "broadcast_shapes"}
"""Functions that entered the standard, or its names in NumPy, after NumPy 2.0."""


def of(namespace: Any, path: str) -> Any:
    """A function by its path: ``linalg.svd``."""
    for name in path.split("."):
        namespace = getattr(namespace, name)
    return namespace


def test_the_namespace_has_every_name_of_the_standard() -> None:
    lacking = {name for name in strict.__all__ if not hasattr(lnp, name)}
    assert {name for name in lacking if name in STANDARD} <= NEWER
    assert all(hasattr(lnp.linalg, name) for name in strict.linalg.__all__)
    assert all(hasattr(lnp.fft, name) for name in strict.fft.__all__)
    assert lnp.__array_api_version__ == VERSION
    info = lnp.__array_namespace_info__()
    assert info.capabilities()["boolean indexing"]
    assert info.default_device() == "cpu"
    assert list(info.devices()) == ["cpu"]
    assert info.dtypes()["float64"] == np.float64


def defects(function: Any, standard: Any) -> list[str]:
    """Which parameters of the standard a function lacks, or calls differently."""
    ours, theirs = inspect.signature(function).parameters, inspect.signature(standard).parameters
    positional = [p for p in ours.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    found = []
    for n, wanted in enumerate(theirs.values()):
        if wanted.kind in (wanted.POSITIONAL_ONLY, wanted.POSITIONAL_OR_KEYWORD):
            several = any(p.kind == p.VAR_POSITIONAL for p in ours.values())
            ok = several or (n < len(positional) and (wanted.kind == wanted.POSITIONAL_ONLY or wanted.name in ours))
        elif wanted.kind == wanted.VAR_POSITIONAL:
            ok = any(p.kind == p.VAR_POSITIONAL for p in ours.values())
        else:
            ok = wanted.name in ours
        if not ok:
            found.append(wanted.name)
    return found


def inspectable() -> dict[str, tuple[Any, Any]]:
    """The functions of the namespace whose parameters are known, each with the standard's."""
    found = {}
    for name, standard in STANDARD.items():
        try:
            inspect.signature(of(lnp, name))
            found[name] = of(lnp, name), standard
        except (ValueError, AttributeError):
            pass
    return found


NUMPYS_OWN = {"sort", "argsort", "clip", "fft.fftfreq", "fft.rfftfreq"}
"""NumPy sorts upwards only, names the bounds of clip in its own way, and has no dtype for frequencies."""


def test_signatures_are_the_standards_but_for_those_where_numpy_differs() -> None:
    unlike = {name for name, (ours, theirs) in inspectable().items() if defects(ours, theirs)}
    assert unlike <= NUMPYS_OWN | NEWER, {name: defects(*inspectable()[name]) for name in unlike}
    assert {"zeros", "full", "full_like", "asarray", "linspace", "meshgrid", "eye", "tril"} <= set(inspectable())
    for name in NUMPYS_OWN:
        assert inspect.signature(of(lnp, name)) == inspect.signature(of(np, name))


# ---- results ----

RNG = np.random.default_rng(7)
X = RNG.normal(size=(3, 2, 3))
Y = RNG.normal(size=(3, 2, 3))
P = np.abs(X) + 0.5
U = np.tanh(X)
N = RNG.integers(1, 9, (3, 2, 3))
K = RNG.integers(0, 3, (3, 2, 3))
REPEATED = np.array([[3, 1, 3, 2], [2, 2, 1, 3], [1, 2, 3, 1]])
B = X > 0
C = X > Y
Z = X + 1j * Y
V = RNG.normal(size=(3, 3))
W = RNG.normal(size=(3, 3))
M = RNG.normal(size=(3, 3, 3))
SPD = M @ M.swapaxes(-1, -2) + np.eye(3)
S = np.sort(V, axis=-1)
A = RNG.normal(size=(3,))
"""Batches of three: an upper-case name of one letter says what kind of example a row takes."""


def each(names: str, *batches: Any) -> dict[str, tuple[Callable[..., Any], tuple[Any, ...]]]:
    """Rows for functions that are called with arrays alone."""
    return {name: (lambda xp, *args, name=name: of(xp, name)(*args), batches) for name in names.split()}


ROWS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **each("conj imag real", Z),
    **each("abs atan asinh ceil cos cosh exp expm1 floor isfinite isinf isnan negative positive "
           "reciprocal round sign signbit sin sinh square tan tanh trunc argmax argmin nonzero count_nonzero max min "
           "mean prod std sum var all any diff sort argsort matrix_transpose tril triu", X),
    **each("log log1p log2 log10 sqrt", P),
    **each("acos asin atanh", U),
    **each("acosh", P + 1),
    **each("add atan2 copysign divide equal floor_divide greater greater_equal hypot less less_equal logaddexp maximum "
           "minimum multiply nextafter not_equal remainder subtract result_type broadcast_arrays meshgrid vecdot "
           "linalg.vecdot", X, Y),
    **each("pow", P, Y),
    **each("bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift", N, K),
    **each("bitwise_invert", K),
    **each("unique_all unique_counts unique_inverse", REPEATED),
    "unique_values": (lambda xp, x: xp.sort(xp.unique_values(x)), (REPEATED,)),
    **each("logical_and logical_or logical_xor", B, C),
    **each("logical_not", B),
    **each("where", B, X, Y),
    **each("isin", N, K),
    **each("linalg.det linalg.inv linalg.pinv linalg.slogdet linalg.matrix_rank linalg.trace linalg.diagonal "
           "linalg.matrix_transpose linalg.matrix_norm linalg.svdvals", M),
    **each("linalg.cholesky linalg.eigvalsh", SPD),
    **each("matmul linalg.matmul linalg.solve", M, SPD),
    **each("linalg.outer linalg.cross", V, W),
    **each("linalg.vector_norm fft.fft fft.ifft fft.fftn fft.ifftn fft.irfft fft.irfftn fft.hfft", Z),
    **each("fft.rfft fft.rfftn fft.ihfft fft.fftshift fft.ifftshift", X),
    # factors are unique up to signs, so their product is compared
    "linalg.svd": (lambda xp, x: product(xp, xp.linalg.svd(x, full_matrices=False)), (X,)),
    "linalg.qr": (lambda xp, x: xp.linalg.qr(x)[0] @ xp.linalg.qr(x)[1], (M,)),
    "linalg.eigh": (lambda xp, x: (lambda e: (e[1] * e[0]) @ e[1].mT)(xp.linalg.eigh(x)), (SPD,)),
    "linalg.matrix_power": (lambda xp, x: xp.linalg.matrix_power(x, 3), (M,)),
    "tensordot": (lambda xp, x, y: xp.tensordot(x, y, axes=([0], [1])), (M, SPD)),
    "linalg.tensordot": (lambda xp, x, y: xp.linalg.tensordot(x, y, axes=1), (M, SPD)),
    "astype": (lambda xp, x: xp.astype(x, xp.float32), (X,)),
    "broadcast_to": (lambda xp, x: xp.broadcast_to(x, (4, 2, 3)), (X,)),
    "broadcast_shapes": (lambda xp, x: x * xp.broadcast_shapes(x.shape, (4, 1, 3))[0], (X,)),
    "can_cast": (lambda xp, x: x * float(xp.can_cast(x, xp.float32)) - float(xp.can_cast(x.dtype, xp.float64)), (X,)),
    "finfo": (lambda xp, x: x * xp.finfo(x.dtype).eps, (X,)),
    "iinfo": (lambda xp, x: x % xp.iinfo(x.dtype).max, (N,)),
    "isdtype": (lambda xp, x: x * float(xp.isdtype(x.dtype, ("real floating", xp.int64))), (X,)),
    "clip": (lambda xp, x: xp.clip(x, -0.5, 0.5), (X,)),
    "take": (lambda xp, x, n: xp.take(x, n[0, :], axis=1), (X, K)),
    "take_along_axis": (lambda xp, x, n: xp.take_along_axis(x, n, axis=-1), (X, K)),
    "concat": (lambda xp, x, y: xp.concat([x, y], axis=1), (X, Y)),
    "stack": (lambda xp, x, y: xp.stack([x, y], axis=-1), (X, Y)),
    "unstack": (lambda xp, x: xp.unstack(x, axis=1), (X,)),
    "expand_dims": (lambda xp, x: xp.expand_dims(x, axis=1), (X,)),
    "squeeze": (lambda xp, x: xp.squeeze(x[None, ...], axis=0), (X,)),
    "flip": (lambda xp, x: xp.flip(x, axis=-1), (X,)),
    "moveaxis": (lambda xp, x: xp.moveaxis(x, 0, -1), (X,)),
    "permute_dims": (lambda xp, x: xp.permute_dims(x, (1, 0)), (X,)),
    "repeat": (lambda xp, x: xp.repeat(x, 2, axis=1), (X,)),
    "reshape": (lambda xp, x: xp.reshape(x, (-1,), copy=True), (X,)),
    "roll": (lambda xp, x: xp.roll(x, (1, 2), axis=(0, 1)), (X,)),
    "tile": (lambda xp, x: xp.tile(x, (2, 1)), (X,)),
    "searchsorted": (lambda xp, x, y: xp.searchsorted(x, y, side="right"), (S, V)),
    "cumulative_sum": (lambda xp, x: xp.cumulative_sum(x, axis=1, include_initial=True), (X,)),
    "cumulative_prod": (lambda xp, x: xp.cumulative_prod(x, axis=0), (X,)),
    # what creates arrays makes them of lane values, or writes lane values into them
    "asarray": (lambda xp, a: xp.asarray([a, a * 2]) if xp is not strict else xp.stack([a, a * 2]), (A,)),
    "arange": (lambda xp, x: filled(xp, xp.arange(3.0), x), (V,)),
    "empty": (lambda xp, x: filled(xp, xp.empty(3), x, 0.5), (V,)),
    "zeros": (lambda xp, x: filled(xp, xp.zeros((3,), dtype=xp.float64), x), (V,)),
    "ones": (lambda xp, x: filled(xp, xp.ones(3, device=x.device), x), (V,)),
    "eye": (lambda xp, x: filled(xp, xp.eye(3, k=1), x), (V,)),
    "linspace": (lambda xp, x: filled(xp, xp.linspace(0.0, 2.0, 3), x), (V,)),
    "full": (lambda xp, x: filled(xp, xp.full((3,), 7.0), x), (V,)),
    "empty_like": (lambda xp, x: filled(xp, xp.empty_like(x), x, 0.5), (V,)),
    "zeros_like": (lambda xp, x: filled(xp, xp.zeros_like(x), x), (V,)),
    "ones_like": (lambda xp, x: filled(xp, xp.ones_like(x), x), (V,)),
    "full_like": (lambda xp, x: filled(xp, xp.full_like(x, 7.0), x), (V,)),
    "from_dlpack": (lambda xp, x: xp.from_dlpack(x) + 1.0, (X,)),
    "fft.fftfreq": (lambda xp, x: x * xp.fft.fftfreq(3, d=0.1), (X,)),
    "fft.rfftfreq": (lambda xp, x: x * xp.fft.rfftfreq(4, d=0.1), (X,)),
}  # fmt: skip


def filled(xp: Any, made: Any, x: Any, value: Any = None) -> Any:
    """Write values of one example into what a creation function made."""
    if value is not None:
        made[...] = value
    made[0, ...] = x[0]
    made[1:, ...] *= xp.sum(x)
    made[2, ...] = x[2]
    return made


def product(xp: Any, factors: Any) -> Any:
    """The matrix again, from its singular values and vectors."""
    u, s, vh = factors
    return (u * s) @ vh


def plain(tree: Any) -> Any:
    """The result of array-api-strict as NumPy arrays."""
    if isinstance(tree, (tuple, list)):
        return [plain(x) for x in tree]
    return np.asarray(tree) if not isinstance(tree, np.dtype | type) else tree


@pytest.mark.parametrize("name", [*ROWS])
def test_results_are_the_loops_and_those_of_array_api_strict(name: str) -> None:
    if name in NEWER and not hasattr(np, name):
        return
    f, batches = ROWS[name]

    def run(*args: Any) -> Any:
        found = f(args[0].__array_namespace__(), *args)
        return args[0] * (found == np.float64) if name == "result_type" else found

    check(run, *batches)  # in one batch, or it fails
    if name == "result_type":
        return
    found = vmap(run, strict=True)(*batches)
    for lane in range(3):
        args = [strict.asarray(batch[lane, ...]) for batch in batches]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            expected = plain(f(strict, *args))
        ours = list(found) if isinstance(found, (tuple, list)) else [found]
        theirs = expected if isinstance(expected, list) else [expected]
        for mine, other in zip(ours, theirs, strict=True):
            assert mine[lane].dtype == other.dtype
            assert mine[lane].shape == other.shape
            np.testing.assert_allclose(mine[lane], other, rtol=1e-12, atol=1e-13)


def test_every_function_of_the_standard_has_a_row() -> None:
    assert set(STANDARD) - set(ROWS) == {"__array_namespace_info__"}


# ---- values ----


@pytest.mark.parametrize("f", [
    lambda x: x.__array_namespace__(api_version="2022.12").sum(x.mT.to_device("cpu")),
    lambda x: x * (x.device == "cpu"),
    lambda x: x * x.__dlpack_device__()[0],
    lambda x: x.to_device("gpu"),
    lambda x: x.__array_namespace__(api_version="1999.12"),
    lambda x: x[0, 0].mT,
    lambda x: x[0, 0].__array_namespace__().exp(x[0, 0]),
    lambda x: x[0, 0].item().__array_namespace__(),
    lambda x: x[0, 0].item().device,
    lambda x: lnp.zeros(2, device="gpu"),
    lambda x: lnp.asarray(x, copy=False),
    lambda x: lnp.asarray(x, copy=False, dtype=np.float32),
    lambda x: lnp.asarray([x[0, 0]], copy=False),
    lambda x: lnp.asarray(x, device="gpu"),
    lambda x: lnp.from_dlpack(x, copy=True),
    lambda x: lnp.from_dlpack(x, device="gpu"),
    lambda x: lnp.from_dlpack(x[0, 0]),
])  # fmt: skip
def test_attributes_of_the_standard(f: Callable[..., Any]) -> None:
    check(f, X)


def test_the_namespace_of_lane_values_is_lanewise_numpy() -> None:
    seen = []
    vmap(lambda x: seen.append(x.__array_namespace__()) or x)(V)
    assert seen == [lnp]


def through_dlpack(x):
    y = lnp.from_dlpack(x)
    y[0] = 5.0
    return x * 2


def at_home(x):
    table = lnp.asarray(np.arange(9.0))
    return table[x[0]] + table[x]


def kept(x):
    array = np.full(3, 1.0)
    again = lnp.asarray(array)
    again[0] = 7.0
    return x + array + again


def grown(x):
    y = lnp.asarray([0.0, 0.0])
    y[0] = x[0]
    return y


@pytest.mark.parametrize("f", [
    through_dlpack, grown, kept, lambda x: lnp.asarray(x) is x and x, lambda x: lnp.tril(np.ones((3, 3))) * x,
    lambda x: lnp.fromiter((value for value in x), float), lambda x: lnp.fromiter([x[0], 2.0, 3.0], float, 2),
    lambda x: lnp.fromiter([x[0]], float, 2), lambda x: lnp.fromfunction(lambda i: i * x[0], (3,)),
    lambda x: lnp.meshgrid(np.arange(2.0), x)[1], lambda x: lnp.full_like(x, x[0], shape=(2, 2)),
])  # fmt: skip
def test_creation(f: Callable[..., Any]) -> None:
    check(f, V)


def test_a_table_brought_in_by_asarray_is_read_by_lane_indices() -> None:
    check(at_home, K[:, 0])


@pytest.mark.parametrize("f", [
    lambda n: lnp.arange(n).sum(),
    lambda n: lnp.arange(n, dtype="f4").sum(),
    lambda n: lnp.arange(n.item(), 8, 2).sum(),
    lambda n: lnp.arange(0, n * 1.0, 0.3).sum(),
    lambda n: lnp.arange(0, n * 1.0, 0.3, dtype="i4").sum(),
    lambda n: lnp.arange(n.astype("u1"), 9, dtype="u1").sum(),
    lambda n: lnp.arange(start=n, stop=9, step=n).sum(),
    lambda n: lnp.arange(9, n, -1).sum(),
    lambda n: lnp.arange(n, n + 3),
    lambda n: lnp.arange(n, n),
    lambda n: lnp.arange(0, n, 0),
    lambda n: lnp.arange(0.0, 1.0, n * 0.0),
    lambda n: lnp.eye(4, k=n),
    lambda n: lnp.full(n, n).sum(),
    lambda n: lnp.linspace(n, 2 * n, 4),
])  # fmt: skip
def test_bounds_that_are_lane_values(f: Callable[..., Any]) -> None:
    check(f, np.array([2, 3, 3, 5]))


def test_dlpack_goes_lane_by_lane() -> None:
    with pytest.warns(PerformanceWarning, match="DLPack"):
        found = vmap(lambda x: np.asarray(strict.from_dlpack(x)) * 2)(V)  # another library asks for the memory
    np.testing.assert_array_equal(found, V * 2)
    check(lambda x: np.from_dlpack(lnp.ones(3)) * x, V)  # what varies over no lanes is one array


# ---- code that is written for the standard ----


def logsumexp(x, /, axis=-1):
    """As one would write it for any library."""
    xp = x.__array_namespace__()
    top = xp.max(x, axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, xp.zeros_like(top))
    return xp.squeeze(top, axis=axis) + xp.log(xp.sum(xp.exp(x - top), axis=axis))


def ranks(x, /):
    xp = x.__array_namespace__()
    out = xp.empty(x.shape, dtype=xp.int64, device=x.device)
    for n in range(x.shape[0]):
        out[n] = xp.count_nonzero(x < x[n])
    return out


def whitened(x, /):
    xp = x.__array_namespace__()
    centred = x - xp.mean(x, axis=0)
    cov = centred.mT @ centred / x.shape[0] + xp.eye(x.shape[1], dtype=x.dtype)
    return xp.linalg.solve(xp.linalg.cholesky(cov), centred.mT).mT


def counted(x, /):
    xp = x.__array_namespace__()
    values, counts = xp.unique_counts(xp.astype(xp.floor(x), xp.int64))
    return xp.sum(values * xp.astype(counts, xp.int64))


@pytest.mark.parametrize(("f", "x"), [(logsumexp, V), (ranks, V), (whitened, X), (counted, X)])
def test_code_for_the_standard_runs_on_lanes(f: Callable[..., Any], x: Any) -> None:
    check(f, x)
    np.testing.assert_allclose(
        vmap(f, strict=True)(x), np.stack([np.asarray(f(strict.asarray(row))) for row in x]), rtol=1e-12
    )


def test_code_for_the_standard_in_nested_maps() -> None:
    np.testing.assert_array_equal(vmap(vmap(ranks))(X), loop(loop(ranks))(X))
    np.testing.assert_allclose(vmap(vmap(logsumexp))(X), logsumexp(X), rtol=1e-14)
