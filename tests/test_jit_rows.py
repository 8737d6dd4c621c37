"""Long axes of examples under jit: loops over rows, folds, views as forms."""

import random

import numpy as np
import pytest

from lanewise import jit, vmap
from lanewise.compile.lift import Lift, Row
from lanewise.compile.passes import simplify
from lanewise.compile.plan import KernelStep
from lanewise.compile.whole import trace

RNG = np.random.default_rng(3)


def close(found, wanted, rtol=1e-12):
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    rtol = 2e-5 if found.dtype in (np.float32, np.complex64) else rtol
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol * (1 + np.nanmax(np.abs(wanted), initial=0)))


def kernels(compiled):
    """The steps of the one program that a function was compiled to."""
    (program,) = compiled.known.values()
    assert program is not None
    return [type(step) for step in program.plan.steps]


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def layer_norm(x):
    centred = x - np.mean(x)
    return centred / np.sqrt(np.mean(centred**2) + 1e-5)


def stencil(u):
    return u[1:-1] + 0.1 * (u[2:] - 2.0 * u[1:-1] + u[:-2])


ROWS = {
    "softmax": softmax,
    "layer norm": layer_norm,
    "stencil": stencil,
    "twice": lambda x: stencil(stencil(x)) * 2,
    "thrice, dear": lambda x: stencil(np.exp(stencil(np.sin(stencil(x))))),
    "flip": lambda x: x + x[::-1] * 2,
    "every third": lambda x: np.sqrt(np.abs(x[1::3])) - x[::3][: x[1::3].size],
    "one element": lambda x: x * x[3] + x[-1],
    "outer": lambda x: (x[:, None] * x[None, :17]).sum(axis=0),
    "outer, whole": lambda x: x[:, None] - x,
    "sums of sums": lambda x: (x - x.sum()).sum() + (x * x.max()).min(),
    "truth": lambda x: np.where(np.any(x > 2) | np.all(x < 3), x, 0.0),
    "product": lambda x: np.prod(1 + x * 1e-3),
    "integers": lambda x: (x * 100).astype(np.int64) // 7 % 5,
    "counts": lambda x: np.sum(x > 0),
    "two results": lambda x: np.max(x) - x,
    "centred twice": lambda x: (x - x.mean()) - (x - x.mean()).mean(),
    "var": lambda x: np.var(x) + np.std(x),
    "complex": lambda x: ((x + 2j * x) * (1 - 1j)).sum(),
    "clip": lambda x: np.clip(x, -0.5, x[0]),
    "reshape": lambda x: x.reshape(1, -1).sum(axis=0) - x,
    "float32": lambda x: softmax(x.astype(np.float32)),
    "rows and numbers": lambda x: x[:3].sum() * x,
    "many": lambda x: np.sin(x) * np.cos(x) + np.sin(x).sum() - np.cos(x).max(),
}


@pytest.mark.parametrize("size", [17, 64, 301])
@pytest.mark.parametrize("name", ROWS)
def test_rows(name, size):
    f = ROWS[name]
    if size == 301 and "outer" in name:
        size = 40
    x = RNG.normal(size=(7, size))
    compiled = jit(vmap(f))
    close(compiled(x), np.stack([f(row) for row in x]))
    assert set(kernels(compiled)) <= {KernelStep}


@pytest.mark.parametrize("name", ["softmax", "layer norm", "stencil", "flip", "many", "sums of sums"])
def test_layouts(name):
    f = ROWS[name]
    x = RNG.normal(size=(70, 40))
    wanted = np.stack([f(row) for row in x])
    close(jit(vmap(f, in_axes=1))(np.ascontiguousarray(x.T)), wanted)
    close(jit(vmap(f))(np.asfortranarray(x)), wanted)
    close(jit(vmap(f))(np.repeat(x, 2, axis=1)[:, ::2]), wanted)
    close(jit(vmap(f))(x[:, ::-1][:, ::-1]), wanted)
    if wanted.ndim > 1:
        close(jit(vmap(f, out_axes=1))(x), wanted.T)
        close(jit(vmap(f, in_axes=1, out_axes=1))(np.ascontiguousarray(x.T)), wanted.T)


def test_nested_maps():
    x, y = RNG.normal(size=(9, 50)), RNG.normal(size=(11, 50))
    f = lambda a, b: np.sqrt(np.sum((a - b) ** 2)) + np.max(a)  # noqa: E731
    inner = vmap(f, in_axes=(None, 0))
    close(jit(vmap(inner, in_axes=(0, None)))(x, y), [[f(a, b) for b in y] for a in x])


PLAIN = {
    "elementwise": lambda x: np.maximum(x * 2.0 + 1.0, 0.0),
    "all": lambda x: (x * x).sum(),
    "rows": lambda x: x / np.abs(x).sum(axis=-1, keepdims=True),  # a sum near 0 would be all rounding
    "columns": lambda x: x - x.mean(axis=0),
    "turned": lambda x: x.T * 2 + x.T.max(axis=0),
    "softmax": lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum(),
    "middle": lambda x: x[1:-1, 2:] - x[:-2, :-2],
}


@pytest.mark.parametrize("shape", [(20, 30), (300, 400), (17, 3), (3, 1000), (5000, 4), (64, 64)])
@pytest.mark.parametrize("name", PLAIN)
def test_without_lanes(name, shape):
    f, x = PLAIN[name], RNG.normal(size=shape)
    compiled = jit(f)
    close(compiled(x), f(x))
    close(compiled(x), f(x))
    assert set(kernels(compiled)) <= {KernelStep}


@pytest.mark.parametrize("size", [20, 1000, 4097, 20000, 100_003])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32, np.complex128, bool, np.uint8])
def test_long_sums(size, dtype):
    x = np.abs(RNG.normal(size=size) * 9).astype(dtype) if dtype is not bool else RNG.normal(size=size) > 0
    close(jit(np.sum)(x), np.sum(x))
    close(jit(lambda x: np.sum(x, axis=0, keepdims=True) + 1)(x), np.sum(x, keepdims=True) + 1)
    if dtype is not np.complex128:
        close(jit(np.max)(x), np.max(x))
        close(jit(lambda x: x.min())(x), x.min())


def test_nan_and_infinity_in_folds():
    x = np.array([[1.0, np.nan] + [2.0] * 30, [np.inf] + [3.0] * 31, [-np.inf] * 32, [-0.0] * 32])
    for f in (np.max, np.min, np.sum, np.prod):
        np.testing.assert_array_equal(jit(vmap(f))(x), [f(row) for row in x])
        y = np.tile(x, 5)[:, :77]
        np.testing.assert_array_equal(jit(vmap(f))(y), [f(row) for row in y])
    assert np.signbit(jit(vmap(np.sum))(x)[3]) == np.signbit(np.sum(x[3]))


def test_loops_beside_rows():
    def f(x):
        total = np.sum(x)
        while total > 1.0:
            total = total / 2.0
        return x * total

    x = np.abs(RNG.normal(size=(50, 40)))
    close(jit(vmap(f))(x), np.stack([f(row) for row in x]))


def test_what_a_branch_does_to_rows():
    def f(x):
        if x[0] > 0:
            x = np.exp(x) - x.sum()
        else:
            x = x * 2
        return x.max() + x

    x = RNG.normal(size=(50, 40))
    close(jit(vmap(f))(x), np.stack([f(row) for row in x]))


def test_a_long_axis_is_a_loop():
    program = Lift(simplify(trace(vmap(softmax), (np.ones((5, 100)),), {}).program)).run()
    assert [axis.size for axis in program.axes() if type(axis) is Row] == [100]
    assert "fold" in str(program)
    short = simplify(trace(vmap(softmax), (np.ones((5, 10)),), {}).program)
    assert not any(map(Lift(short).lifts, short.nodes))


def random_function(seed):
    """A chain of functions of long arrays."""
    rng = random.Random(seed)
    one = [np.sin, np.abs, np.negative, lambda x: x * 2.0, lambda x: x - 0.5, np.square]
    two = [np.add, np.subtract, np.multiply, np.maximum, lambda x, y: np.where(x > y, x, y * 0.5)]
    views = [
        lambda x: x[..., ::-1], lambda x: x.T, lambda x: x[..., 1:], lambda x: x[:-1], lambda x: x[::2],
        lambda x: x[None], lambda x: x[..., None], lambda x: x[2], lambda x: x.reshape(-1),
        lambda x: np.expand_dims(x, 0),
    ]  # fmt: skip
    folds = [np.sum, np.max, np.mean, lambda x, **kw: np.any(x > 1, **kw) * 1.0]
    steps = [(rng.random(), *(rng.randrange(100) for _ in range(3))) for _ in range(rng.randint(2, 9))]

    def f(x, y):
        found = [x, y]
        for kind, a, b, c in steps:
            u, v = found[a % len(found)], found[b % len(found)]
            if kind < 0.3:
                found.append(one[c % len(one)](u))
            elif kind < 0.6:
                pairs = list(zip(np.shape(u)[::-1], np.shape(v)[::-1], strict=False))
                if all(a == b or 1 in (a, b) for a, b in pairs) and u.size * v.size < 50_000:
                    found.append(two[c % len(two)](u, v))
            elif kind < 0.85:
                if 0 < np.ndim(u) < 4 and min(u.shape) > 2:
                    found.append(views[c % len(views)](u))
            elif np.ndim(u):
                axis = None if a % 3 == 0 else b % u.ndim
                found.append(folds[c % len(folds)](u, axis=axis, **({"keepdims": True} if b % 2 else {})))
        return tuple(found[2:][-3:]) or (x,)

    return f


@pytest.mark.parametrize("seed", range(60))
def test_random_functions(seed):
    f = random_function(seed)
    rng = np.random.default_rng(seed)
    shapes = [((40, 23), (23,)), ((100,), (100,)), ((21, 21), (21, 21)), ((3, 70), (3, 1)), ((19, 5, 4), (5, 1))]
    a, b = shapes[seed % len(shapes)]
    x, y = rng.normal(size=(6, *a)), rng.normal(size=(6, *b))
    wanted = [f(*pair) for pair in zip(x, y, strict=True)]
    found = jit(vmap(f))(x, y)
    for n, value in enumerate(found):
        close(value, np.stack([np.asarray(row[n]) for row in wanted]), rtol=1e-10)
    for value, plain in zip(jit(f)(x[0], y[0]), wanted[0], strict=True):
        close(value, plain, rtol=1e-10)


def test_products():
    x, y, m = RNG.normal(size=(6, 50)), RNG.normal(size=(6, 50)), RNG.normal(size=(6, 30, 50))
    for f in (np.dot, np.vecdot, np.inner, np.matmul, lambda a, b: a @ b):
        close(jit(vmap(f))(x, y), [f(a, b) for a, b in zip(x, y, strict=True)])
    for f in (np.dot, lambda a, b: np.tanh(a @ b) + 1):
        compiled = jit(vmap(f))
        close(compiled(m, y), [f(a, b) for a, b in zip(m, y, strict=True)])
        assert set(kernels(compiled)) == {KernelStep}
    close(jit(vmap(np.count_nonzero))(np.round(m)), [np.count_nonzero(np.round(a)) for a in m])


@pytest.mark.parametrize("shape", [(100_003,), (300, 400), (5, 90_000), (90_000, 5), (70_000, 20)])
def test_sums_in_parts(shape):
    x = RNG.normal(size=shape)
    for axis in (None, *range(len(shape))):
        for f in (np.sum, np.max, lambda x, axis: np.sum(x * x, axis, keepdims=True)):
            close(jit(lambda x: f(x, axis=axis))(x), f(x, axis=axis))
    close(jit(vmap(np.sum))(np.stack([x, x * 2])), [x.sum(), 2 * x.sum()])
    close(jit(lambda x: x / np.sqrt(np.sum(x * x)))(x), x / np.sqrt(np.sum(x * x)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(30, 40), (16, 33), (70, 17), (128, 64)])
def test_shared_matrices(shape, dtype):
    m, x = RNG.normal(size=shape).astype(dtype), RNG.normal(size=(50, shape[1])).astype(dtype)
    y = RNG.normal(size=(50, shape[0])).astype(dtype)
    for f in (lambda m, x: m @ x, np.dot, lambda m, x: np.tanh(m @ x + 1) * 2, lambda m, x: np.inner(x, m)):
        compiled = jit(vmap(f, in_axes=(None, 0)))
        close(compiled(m, x), [f(m, row) for row in x])
        close(compiled(np.asfortranarray(m), x), [f(m, row) for row in x])
        assert {type(step) for found in compiled.known.values() for step in found.plan.steps} == {KernelStep}
    close(jit(vmap(lambda y: y @ m))(y), [row @ m for row in y])
    f = lambda x, y: m @ np.exp(x) + y @ m @ x  # noqa: E731
    close(jit(vmap(f))(x, y), [f(*pair) for pair in zip(x, y, strict=True)])


def test_a_network():
    w1, w2, b, x = RNG.normal(size=(80, 40)), RNG.normal(size=(12, 80)), RNG.normal(size=80), RNG.normal(size=(90, 40))
    f = lambda x: w2 @ softmax(np.tanh(w1 @ x + b))  # noqa: E731
    close(jit(vmap(f))(x), [f(row) for row in x])


@pytest.mark.parametrize(("dtype", "lanes"), [("i1", 70), ("f4", 70), ("f8", 5), ("f8", 70), ("c16", 70)])
@pytest.mark.parametrize("places", [range(3, 20), [0, 1, 2, 5, 6, 30, 31, 39], range(0, 40, 2)])
def test_elements_that_lie_side_by_side(dtype, places, lanes):
    data = np.arange(lanes * 3 * 40).reshape(lanes, 3, 40).astype(dtype)

    def some(x, k):
        total = x[1, places[0]]
        for n, place in enumerate(places):
            total = total * k + x[n % 2, place]
        return total

    for x in (data, data[:, :, ::-1], np.asfortranarray(data)):
        found = jit(vmap(some, in_axes=(0, None)))(x, x.dtype.type(1))
        np.testing.assert_array_equal(found, vmap(some, in_axes=(0, None))(x, x.dtype.type(1)))


@pytest.mark.parametrize("size", [17, 31, 33, 40, 41, 63, 66, 98, 100, 127, 131, 200])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16])
def test_what_is_left_of_a_row_takes_narrower_vectors(size, dtype):
    x = (np.random.default_rng(size).normal(size=(5, size)) * 100).astype(dtype)

    def f(row):
        return row * 2 + row[::-1], row > row[::-1], np.where(row > 0, row, -row), row - np.max(row)

    found = jit(vmap(f))(x)
    for one, other in zip(found, vmap(f)(x), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_arrays_that_are_written_stay_in_registers():
    def paths(grid):
        table = np.zeros((9, 9))
        for i in range(1, 9):
            for j in range(1, 9):
                table[i, j] = max(table[i - 1, j], table[i, j - 1]) + grid[i - 1, j - 1]
        return table[8, 8], table[3]

    compiled, data = jit(vmap(paths)), RNG.normal(size=(40, 8, 8))
    for found, wanted in zip(compiled(data), zip(*map(paths, data), strict=True), strict=True):
        np.testing.assert_array_equal(found, wanted)
    (step,) = next(iter(compiled.known.values())).plan.steps
    assert step.text.count("\n") < 4000  # the table is not written and read for each of its elements


def test_lists_of_numbers_are_joined():
    def joined(x, v):
        return np.concatenate([[x, 1.0], v * x, (2.0,)]), np.stack([[x, 2.0, x], v])

    x, v = RNG.normal(size=5), RNG.normal(size=(5, 3))
    compiled = jit(vmap(joined))
    for found, wanted in zip(compiled(x, v), zip(*map(joined, x, v), strict=True), strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert kernels(compiled) == [KernelStep]


def test_loops_are_written_out_as_far_as_they_have_to_be():
    def sums(x):
        found = [0.0] * 12
        for i in range(12):
            found[i] = 0.0
            for j in range(100):
                found[i] = found[i] + x * j
            found = found[::-1]
        return found[0] + found[3] * 2

    program = trace(vmap(sums), (np.ones(3),), {}).program
    assert len(program.nodes) < 200
    np.testing.assert_allclose(jit(vmap(sums))(np.arange(3.0)), [sums(x) for x in np.arange(3.0)])
