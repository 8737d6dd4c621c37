"""`lanewise.random` under `vmap`: what the loop draws, which is what JAX draws, all lanes at once.

``strict=True`` makes it an error if a function has to run lane by lane.
"""

from __future__ import annotations

import jax
import numpy as np
import pytest

from lanewise import random, vmap
from lanewise.random import _threefry

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_threefry_partitionable", True)


pytestmark = pytest.mark.usefixtures("quick_xla")

N = 5
KEYS = random.split(random.key(1), N)
ROWS = np.random.default_rng(0).normal(size=(N, 4))
P = np.random.default_rng(1).uniform(0.1, 0.9, size=(N, 4))
COUNTS = np.arange(3, 3 + N)

def check(function, *args, in_axes=0):
    """Assert that `function`, of a random module and its arguments, draws in lanes what it draws in a loop.

    Returns the result, for more comparisons.
    """
    axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
    size = next(arg.shape[axis] for arg, axis in zip(args, axes, strict=True) if axis is not None)
    ours = vmap(lambda *args: function(random, *args), in_axes=axes, strict=True)(*args)
    lanes = [
        [arg if axis is None else arg.take(i, axis) for arg, axis in zip(args, axes, strict=True)]
        for i in range(size)
    ]
    loop = np.stack([function(random, *lane) for lane in lanes])
    assert (ours.shape, ours.dtype) == (loop.shape, loop.dtype)
    tolerance = 0 if ours.dtype.kind in "biu" else 4 * np.finfo(ours.dtype).eps
    np.testing.assert_allclose(ours, loop, rtol=tolerance, atol=0)
    return ours


DRAWS = {
    "bits": lambda r, key: r.bits(key, (3,)),
    "bits of 8": lambda r, key: r.bits(key, (3,), np.uint8),
    "uniform": lambda r, key: r.uniform(key, (2, 3)),
    "uniform, no dimensions": lambda r, key: r.uniform(key),
    "uniform, float32, bounds": lambda r, key: r.uniform(key, (3,), np.float32, -1, 2),
    "normal": lambda r, key: r.normal(key, (40,)),
    "normal, no dimensions": lambda r, key: r.normal(key),
    "normal, float32": lambda r, key: r.normal(key, (3,), np.float32),
    "truncated normal": lambda r, key: r.truncated_normal(key, -1.0, 2.0, (3,)),
    "exponential": lambda r, key: r.exponential(key, (3,)),
    "gumbel": lambda r, key: r.gumbel(key, (3,)),
    "gumbel, high": lambda r, key: r.gumbel(key, (3,), mode="high"),
    "laplace": lambda r, key: r.laplace(key, (3,)),
    "logistic": lambda r, key: r.logistic(key, (3,)),
    "randint": lambda r, key: r.randint(key, (3,), 0, 100),
    "randint, no dimensions": lambda r, key: r.randint(key, (), 0, 100),
    "randint, int8": lambda r, key: r.randint(key, (3,), -3, 100, np.int8),
    "bernoulli": lambda r, key: r.bernoulli(key, 0.3, (9,)),
    "bernoulli, high": lambda r, key: r.bernoulli(key, 0.3, (9,), "high"),
    "rademacher": lambda r, key: r.rademacher(key, (3,)),
    "permutation": lambda r, key: r.permutation(key, 6),
    "permutation of an array": lambda r, key: r.permutation(key, ROWS[:3], 1),
    "permutation, independent": lambda r, key: r.permutation(key, ROWS[:3], 1, independent=True),
    "choice": lambda r, key: r.choice(key, 6, (4,)),
    "choice of rows": lambda r, key: r.choice(key, ROWS, (2,)),
    "choice without replacement": lambda r, key: r.choice(key, ROWS[0], (2,), replace=False),
    "choice by p": lambda r, key: r.choice(key, ROWS[0], (6,), p=P[0]),
    "choice by p without replacement": lambda r, key: r.choice(key, 4, (3,), replace=False, p=P[0]),
    "categorical": lambda r, key: r.categorical(key, ROWS),
    "categorical without replacement": lambda r, key: r.categorical(key, ROWS[0], shape=(2,), replace=False),
    "split": lambda r, key: r.split(key, 3),
    "fold_in": lambda r, key: r.fold_in(key, 7),
    "split, then draw": lambda r, key: r.normal(r.split(key)[1], (2,)),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_key_for_each_lane(name):
    check(DRAWS[name], KEYS)


@pytest.mark.parametrize("name", ["normal", "randint", "permutation", "choice by p", "split, then draw"])
def test_lanes_draw_what_jax_draws(name):
    ours = check(DRAWS[name], KEYS)
    theirs = np.asarray(jax.jit(jax.vmap(lambda key: DRAWS[name](jax.random, key)))(KEYS))
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


MAPPED = {
    "uniform": (lambda r, key, x: r.uniform(key, (4,), minval=x, maxval=x + 1), ROWS),
    "uniform, one bound": (lambda r, key, x: r.uniform(key, (), maxval=x), P[:, 0]),
    "truncated normal": (lambda r, key, x: r.truncated_normal(key, x, x + 1), ROWS),
    "randint": (lambda r, key, n: r.randint(key, (3,), 0, n), COUNTS),
    "randint, int32": (lambda r, key, x: r.randint(key, (2, 1), -1, x, np.int32), COUNTS.reshape(N, 1)),
    "bernoulli": (lambda r, key, p: r.bernoulli(key, p), P),
    "permutation": (lambda r, key, x: r.permutation(key, x), ROWS),
    "choice": (lambda r, key, x: r.choice(key, x, (3,)), ROWS),
    "choice by p": (lambda r, key, p: r.choice(key, 4, (6,), p=p), P),
    "choice by p without replacement": (lambda r, key, p: r.choice(key, 4, (3,), replace=False, p=p), P),
    "categorical": (lambda r, key, x: r.categorical(key, x), ROWS),
    "categorical, many": (lambda r, key, x: r.categorical(key, x, shape=(7,)), ROWS),
    "fold_in": (lambda r, key, n: r.fold_in(key, n), COUNTS),
    "shifted": (lambda r, key, x: x + r.normal(key, x.shape), ROWS),
}  # fmt: skip


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("name", MAPPED)
def test_a_parameter_for_each_lane(name, shared):
    function, values = MAPPED[name]
    if shared:
        check(function, KEYS[0], values, in_axes=(None, 0))
    else:
        check(function, KEYS, values)


def test_a_seed_for_each_lane():
    check(lambda r, seed: r.PRNGKey(seed), np.array([0, -1, 2**40 + 3]))
    check(lambda r, seed: r.uniform(r.PRNGKey(seed), (2,)), np.array([0, 1, 2], np.int32))


def test_python_scalars_as_parameters():
    """``x.item()`` is a Python number for each lane."""

    def function(key, x, n):
        drawn = random.uniform(random.fold_in(key, n.item()), (2,), minval=x.item(), maxval=3)
        return drawn * random.bernoulli(key, x.item()) + random.randint(key, (2,), 0, n.item())

    ours = vmap(function, strict=True)(KEYS, P[:, 0], COUNTS)
    loop = np.stack([function(*row) for row in zip(KEYS, P[:, 0], COUNTS, strict=True)])
    np.testing.assert_allclose(ours, loop, rtol=1e-15)


def test_keys_along_another_axis():
    check(lambda r, key: r.normal(key, (3,)), KEYS.T, in_axes=1)


def test_nested_maps():
    keys = random.split(random.key(0), (2, 3))
    ours = vmap(vmap(lambda key: random.normal(key, (2,)), strict=True), strict=True)(keys)
    theirs = jax.vmap(jax.vmap(lambda key: jax.random.normal(key, (2,))))(keys)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)
    pairs = vmap(vmap(lambda key, n: random.fold_in(key, n), in_axes=(None, 0)), in_axes=(0, None))(
        KEYS, COUNTS
    )
    expected = [[random.fold_in(key, n) for n in COUNTS] for key in KEYS]
    np.testing.assert_array_equal(pairs, expected)


def test_long_draws():
    """Beyond the block that a plain key's samples are made in."""
    size = _threefry.BLOCK + 1
    check(lambda r, key: r.uniform(key, (size,)), KEYS[:2])
    check(lambda r, x: r.uniform(r.PRNGKey(0), (size,), maxval=x), P[:2, 0])
    check(lambda r, x: r.truncated_normal(r.PRNGKey(0), -x, x, (size,)), P[:2, 0])


def test_no_lanes():
    for name, draw in DRAWS.items():
        one = draw(random, KEYS[0])
        none = vmap(lambda key, draw=draw: draw(random, key))(KEYS[:0])
        assert (none.shape, none.dtype) == ((0, *one.shape), one.dtype), name


def test_a_random_walk_with_a_branch():
    """Lanes that go different ways draw on from their own keys."""

    def walk(key):
        place = 0.0
        for step in range(4):
            draw = random.fold_in(key, step)
            if random.bernoulli(draw):
                place += random.uniform(draw)
            else:
                place -= random.exponential(draw)
        return place

    np.testing.assert_allclose(vmap(walk)(KEYS), [walk(key) for key in KEYS], rtol=1e-14)


def test_errors_in_lanes():
    with pytest.raises(ValueError, match=r"normal: key has shape \(3, 2\), an array of keys"):
        vmap(lambda keys: random.normal(keys))(random.split(KEYS[0], (2, 3)))
    with pytest.raises(TypeError, match="bernoulli: p has dtype int64"):
        vmap(lambda key, p: random.bernoulli(key, p))(KEYS, COUNTS)
