"""Products of many vectors with a shared matrix under jit, and kernels in chains."""

import numpy as np
import pytest

from lanewise import jit, num_threads, vmap
from lanewise.compile.gemm import packed, tiling
from lanewise.compile.plan import KernelStep, PackStep

RNG = np.random.default_rng(11)


def close(found, wanted):
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    rtol = 1e-4 if found.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol * (1 + np.nanmax(np.abs(wanted), initial=0)))


def steps(compiled):
    """The kinds of the steps of the one plan, for batches of all sizes."""
    (plan,) = {id(program.plan): program.plan for program in compiled.known.values()}.values()
    return [type(step) for step in plan.steps]


def normal(*shape, dtype=np.float32):
    return RNG.normal(size=shape).astype(dtype)


def network(x, w1, b1, w2, b2):
    return w2 @ np.tanh(w1 @ x + b1) + b2


def attention(query, keys, values):
    scores = keys @ query / 32**0.5
    weights = np.exp(scores - np.max(scores))
    return weights @ values / np.sum(weights)


LANES = (64, 65, 97, 191, 192, 193, 400, 1001)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("columns", [11, 15, 16, 17, 31, 33, 48, 79, 128, 200])
def test_every_number_of_columns(columns, dtype):
    size = 512 // columns + 8 + columns % 3
    x, w = normal(70, size, dtype=dtype), normal(size, columns, dtype=dtype)
    shift = normal(columns, dtype=dtype)
    for f in (lambda x, w, b: np.abs(x @ w) + b * x[0], lambda x, w, b: np.abs(np.dot(x, w)) * b):
        compiled = jit(vmap(f, in_axes=(0, None, None)))
        close(compiled(x, w, shift), np.stack([f(row, w, shift) for row in x]))
    close(jit(vmap(lambda x, w: np.abs(w @ x) * 2, in_axes=(0, None)))(x, w.T.copy()), np.abs(x @ w) * 2)


def test_short_rows_pass_by_as_they_lie():
    x, w, b = normal(100, 40), normal(10, 40), normal(10)
    compiled = jit(vmap(lambda x, w, b: np.maximum(w @ x + b, 0.0), in_axes=(0, None, None)))
    close(compiled(x, w, b), np.maximum(x @ w.T + b, 0.0))
    (plan,) = {id(program.plan): program.plan for program in compiled.known.values()}.values()
    assert all("i32 1, i32 9" not in step.text for step in plan.steps if type(step) is KernelStep)  # no transpose
    for f in (lambda x, w, b: (w @ x + b, (w @ x * 2).sum()), lambda x, w, b: (w @ x + b) * (w @ x - b)[::-1]):
        compiled = jit(vmap(f, in_axes=(0, None, None), out_axes=-1))
        wanted = vmap(f, in_axes=(0, None, None), out_axes=-1)(x, w, b)
        pairs = zip(compiled(x, w, b), wanted, strict=True) if type(wanted) is tuple else [(compiled(x, w, b), wanted)]
        for pair in pairs:
            close(*pair)


def test_tiles():
    for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        for columns in range(1, 300):
            tiles = tiling(columns, dtype)
            ends = [0]
            for start, count, width in tiles.parts:
                assert start == ends[-1]
                ends.append(start + count * width * tiles.vector)
            assert ends[-1] == tiles.columns
            assert 0 <= tiles.columns - columns < tiles.vector
    m = normal(3, 5)
    found = packed(m.T, 8)
    assert found.ctypes.data % 64 == 0
    np.testing.assert_array_equal(found, np.pad(m.T, ((0, 0), (0, 5))))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_network(threads):
    weights = normal(128, 64) / 8, normal(128), normal(10, 128) / 11, normal(10)
    compiled = jit(vmap(network, in_axes=(0, None, None, None, None)))
    with num_threads(threads):
        for lanes in LANES[::-1]:
            x = normal(lanes, 64)
            close(compiled(x, *weights), np.stack([network(row, *weights) for row in x]))
    assert steps(compiled) == [PackStep, PackStep, KernelStep]  # one kernel for all layers
    large = normal(20_000, 64)
    w1, b1, w2, b2 = weights
    with num_threads(threads):
        close(compiled(large, *weights), np.tanh(large @ w1.T + b1) @ w2.T + b2)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_attention(dtype):
    keys, values = normal(64, 32, dtype=dtype), normal(64, 30, dtype=dtype)
    compiled = jit(vmap(attention, in_axes=(0, None, None)))
    for lanes in LANES:
        x = normal(lanes, 32, dtype=dtype)
        close(compiled(x, keys, values), np.stack([attention(row, keys, values) for row in x]))
    assert steps(compiled) == [PackStep, PackStep, KernelStep]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [24, 32, 64, 100])
def test_layers_of_one_size(size, dtype):
    """What passes has a place of its own as long as it is needed, whatever was there before."""
    w = normal(3, size, size, dtype=dtype) / 8

    def deep(x):
        first = np.tanh(x @ w[0])
        second = np.tanh(first @ w[1])
        third = second @ w[2]
        return third

    def crossed(x):
        first, second = np.sin(x @ w[0]), np.cos(x @ w[1])
        both = first @ w[2] + second @ w[0]
        return both * first - second

    x = normal(500, size, dtype=dtype)
    for f in (deep, crossed):
        close(jit(vmap(f))(x), f(x))


ROWS = {
    "x @ w": lambda x, w: np.tanh(x @ w) @ w.T,
    "dot": lambda x, w: np.dot(x, w) - np.dot(x, w).mean(),
    "inner": lambda x, w: np.abs(np.inner(x, w.T)),
    "matvec": lambda x, w: np.matvec(w.T, np.sin(x)) * 2,
    "vecmat": lambda x, w: np.vecmat(np.sin(x), w) * 2,
    "both sides": lambda x, w: w[: x.shape[-2]] @ np.tanh(x @ w).swapaxes(-1, -2),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("shape", [(70, 3, 24), (9, 17, 20), (3, 2, 40, 24), (1, 90, 33)])
def test_rows_of_examples(shape, name, dtype):
    """The rows of an example's matrix are vectors like those of other lanes."""
    f = ROWS[name]
    if name == "both sides" and (len(shape) > 3 or shape[1] > shape[2]):
        shape = (shape[0], 7, shape[-1])
    x, w = normal(*shape, dtype=dtype), normal(shape[-1], 24, dtype=dtype)
    compiled = jit(vmap(f, in_axes=(0, None)))
    close(compiled(x, w), np.stack([f(one, w) for one in x]))
    if len(shape) == 3:
        found = jit(vmap(f, in_axes=(2, None), out_axes=1))(np.ascontiguousarray(np.moveaxis(x, 0, 2)), w)
        close(found, np.stack([f(one, w) for one in x], axis=1))


def test_matrices_that_are_no_shared_ones():
    a, x = normal(70, 24, 30), normal(20, 30)
    close(jit(vmap(lambda a: np.matvec(a[0], 1 + np.zeros(30, np.float32)) * x[0, 0]))(a[:, None]), a.sum(2) * x[0, 0])
    close(jit(vmap(lambda a: np.abs(x @ a.T)))(a), np.abs(x @ a.swapaxes(1, 2)))
    close(jit(vmap(lambda a, b: np.abs(a @ b.T)))(a, a), np.abs(a @ a.swapaxes(1, 2)))
    large = normal(600, 500)
    close(jit(vmap(lambda v: np.tanh(v @ large) @ large.T))(normal(70, 600) * 0), np.zeros((70, 600), np.float32))
    v = normal(70, 600) / 25
    close(jit(vmap(lambda v: np.tanh(v @ large) @ large.T))(v), np.tanh(v @ large) @ large.T)


def test_few_numbers_of_a_larger_dtype():
    """Vectors are as wide as most numbers ask for."""
    w, b = normal(10, 32), normal(10)

    def loss(x, label, scale):
        logits = w @ x + b
        shifted = logits - np.max(logits)
        return np.log(np.sum(np.exp(shifted))) - shifted[label], scale * label, label

    compiled = jit(vmap(loss))
    for lanes in (1, 7, 16, 33, 64, 130):
        x, labels, scale = normal(lanes, 32), RNG.integers(-10, 10, lanes), normal(lanes, dtype=np.float64)
        wanted = zip(*[loss(*row) for row in zip(x, labels, scale, strict=True)], strict=True)
        for found, column in zip(compiled(x, labels, scale), wanted, strict=True):
            close(found, np.stack(column))


def test_what_passes_and_is_a_result():
    w, v = normal(40, 30), normal(20, 40)

    def f(x):
        hidden = np.maximum(w @ x, 0)
        return hidden, v @ hidden, hidden.sum()

    x = normal(130, 30)
    for found, wanted in zip(jit(vmap(f))(x), zip(*[f(row) for row in x], strict=True), strict=True):
        close(found, np.stack(wanted))


def test_layouts():
    w1, w2 = normal(40, 30), normal(20, 40)
    f = lambda x: w2 @ np.tanh(w1 @ x)  # noqa: E731
    x = normal(30, 150)
    wanted = np.stack([f(row) for row in x.T])
    close(jit(vmap(f, in_axes=1))(x), wanted)
    close(jit(vmap(f, in_axes=1, out_axes=1))(x), wanted.T)
    close(jit(vmap(f))(np.repeat(x.T, 2, axis=1)[:, ::2]), wanted)
    close(jit(vmap(f))(x.T[::-1]), wanted[::-1])
    close(jit(vmap(lambda x: w1 @ x, in_axes=1, out_axes=1))(x), (x.T @ w1.T).T)


def test_nested_lanes():
    w1, w2 = normal(40, 30), normal(20, 40)
    f = lambda x, shift: w2 @ np.tanh(w1 @ x + shift)  # noqa: E731
    for shape in ((3, 40), (40, 3), (9, 200), (200, 1)):
        x, shift = normal(*shape, 30), normal(shape[1], 40)
        wanted = np.stack([[f(row, s) for row, s in zip(rows, shift, strict=True)] for rows in x])
        close(jit(vmap(vmap(f), in_axes=(0, None)))(x, shift), wanted)


def test_long_examples_do_not_pass_by_the_stack():
    w, v = normal(20, 3000, dtype=np.float64), normal(5, 20, dtype=np.float64)
    x = normal(100, 3000, dtype=np.float64)
    f = lambda x: v @ np.tanh(w @ np.cumsum(np.sin(x)))  # noqa: E731
    close(jit(vmap(f))(x), np.stack([f(row) for row in x]))


def test_lanes_that_need_each_other():
    """What reads other lanes than its own is in no chain."""
    w, v = normal(40, 30), normal(20, 40)

    def f(x):
        hidden = np.tanh(vmap(lambda row: w @ row)(x))
        hidden = hidden - hidden[::-1] + hidden.mean(axis=0)
        return vmap(lambda row: v @ row)(hidden)

    x = normal(300, 30)
    close(jit(f)(x), f(x))


def test_an_index_out_of_range():
    w, v = normal(40, 30), normal(20, 40)

    def f(x, label):
        return (v @ np.tanh(w @ x))[label]

    x, labels = normal(130, 30), RNG.integers(0, 20, 130)
    compiled = jit(vmap(f))
    close(compiled(x, labels), np.stack([f(*pair) for pair in zip(x, labels, strict=True)]))
    labels[77] = 20
    with pytest.raises(IndexError) as caught:
        compiled(x, labels)
    assert "lane 77" in caught.value.__notes__[0]


def test_a_check_that_no_product_can_make():
    w = normal(40, 30)

    def f(x, n):
        1 // n
        return w @ x

    x, n = normal(70, 30), np.ones(70, np.int64)
    compiled = jit(vmap(lambda x, n: f(x, n.item())))
    close(compiled(x, n), x @ w.T)
    n[3] = 0
    with pytest.raises(ZeroDivisionError):
        compiled(x, n)


def test_weights_may_change_between_calls():
    w, v = normal(40, 30), normal(20, 40)
    f = lambda x: v @ np.tanh(w @ x)  # noqa: E731
    compiled, x = jit(vmap(f)), normal(100, 30)
    before = compiled(x)
    w *= 2
    close(compiled(x), np.tanh(x @ w.T) @ v.T)
    assert not np.array_equal(before, compiled(x))
