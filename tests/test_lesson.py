"""The lesson, as written, by its shapes and values: for lanewise, and for JAX, whose lesson it is."""

from __future__ import annotations

import types
from typing import Any

import jax as real_jax
import jax.numpy as real_jnp
import numpy as np
import pytest

import lanewise
import lanewise.numpy

real_jax.config.update("jax_enable_x64", True)

PEERS = {"lanewise": (lanewise, lanewise.numpy), "jax": (real_jax, real_jnp)}


@pytest.fixture(params=PEERS, autouse=True)
def imports(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two lines on top of the lesson: ``import ... as jax`` and ``import ....numpy as jnp``."""
    for name, module in zip(("jax", "jnp"), PEERS[request.param], strict=True):
        monkeypatch.setitem(globals(), name, module)


jax: Any = types.ModuleType("jax")  # set for each test
jnp: Any = types.ModuleType("jnp")


def same(found: Any, expected: Any) -> None:
    """Check shape and values."""
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-12)


def numbers(*shape: int) -> Any:
    """Numbers that are all different."""
    return np.linspace(-1.0, 2.0, int(np.prod(shape))).reshape(shape)


# ---- two arguments ----


def add(x, y):
    return x + y


def test_add():
    x, y = numbers(4, 3), numbers(4, 3) ** 2
    same(jax.vmap(add)(x, y), x + y)
    same(jax.vmap(add, in_axes=(0, 1))(x, y.T), x + y)
    same(jax.vmap(add, in_axes=(0, None))(x, y[0]), x + y[0])


# ---- parameters ----


def linear(params, x):
    return x @ params["W"] + params["b"]


@pytest.mark.parametrize("in_axes", [({"W": None, "b": None}, 0), (None, 0)])
def test_linear(in_axes):
    params, x = {"W": numbers(3, 2), "b": numbers(2)}, numbers(4, 3)
    same(jax.vmap(linear, in_axes=in_axes)(params, x), x @ params["W"] + params["b"])


def test_parameters_mapped_in_part():
    params, x = {"W": numbers(3, 2), "b": numbers(4, 2)}, numbers(4, 3)
    same(jax.vmap(linear, in_axes=({"W": None, "b": 0}, 0))(params, x), x @ params["W"] + params["b"])


# ---- where the results go ----


def powers(x):
    return jnp.array([x, x**2])


def test_out_axes():
    x = np.arange(10.0)
    same(jax.vmap(powers, out_axes=0)(jnp.arange(10.0)), np.stack([x, x**2], 1))
    same(jax.vmap(powers, out_axes=1)(jnp.arange(10.0)), np.stack([x, x**2], 0))


def test_an_axis_out_of_range_is_an_error():
    with pytest.raises(ValueError, match=r"out of (bounds|range)"):
        jax.vmap(powers, out_axes=2)(jnp.arange(10.0))


def test_a_scalar_result_has_one_place_for_the_batch_axis():
    x = np.arange(10.0)
    mapped = jax.vmap(lambda x: (x**2, x**3), out_axes=(0, 1))
    if jax is real_jax:
        with pytest.raises(ValueError, match="out of bounds"):
            mapped(x)
    else:
        squares, cubes = mapped(x)
        same(squares, x**2)
        same(cubes, x**3)


# ---- patterns ----


def loss(params, x, target):
    return jnp.sum((linear(params, x) - target) ** 2)


def attention(q, k, v):
    scores = k @ q / jnp.sqrt(q.shape[-1])
    weights = jnp.exp(scores - jnp.max(scores))
    return weights / jnp.sum(weights) @ v


def dot(x, y):
    return x @ y


def test_loss_for_each_example():
    params, x, target = {"W": numbers(3, 2), "b": numbers(2)}, numbers(4, 3), numbers(4, 2)
    expected = ((x @ params["W"] + params["b"] - target) ** 2).sum(axis=1)
    same(jax.vmap(loss, in_axes=(None, 0, 0))(params, x, target), expected)


def test_attention():
    q, k, v = numbers(5, 4), numbers(6, 4), numbers(6, 2)
    weights = np.exp(q @ k.T / 2)
    weights /= weights.sum(axis=1, keepdims=True)
    same(jax.vmap(attention, in_axes=(0, None, None))(q, k, v), weights @ v)


def test_two_batch_axes():
    x, y = numbers(4, 3), numbers(5, 3)
    over_y = jax.vmap(dot, in_axes=(None, 0))
    same(jax.vmap(over_y, in_axes=(0, None))(x, y), x @ y.T)


# ---- shapes ----


def test_eval_shape():
    params, x = {"W": numbers(3, 2), "b": numbers(2)}, numbers(4, 3)
    found = jax.eval_shape(jax.vmap(linear, in_axes=(None, 0)), params, x)
    assert found.shape == (4, 2)
    assert found.dtype == np.float64


# ---- when sizes differ ----


def test_the_mismatch_is_an_error():
    with pytest.raises(ValueError, match=r"(?s)(size.*10.*20)"):
        jax.vmap(dot)(jnp.ones((10, 3)), jnp.ones((20, 3)))


def test_first_cure_two_maps():
    x, y = numbers(10, 3), numbers(20, 3)
    same(jax.vmap(jax.vmap(dot, in_axes=(None, 0)), in_axes=(0, None))(x, y), x @ y.T)


def mean_of_first(row, length):
    inside = jnp.arange(row.shape[0]) < length
    return jnp.sum(jnp.where(inside, row, 0.0)) / length


def test_second_cure_padding():
    sequences = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0, 8.0], [9.0, 10.0]]
    lengths = jnp.array([3, 5, 2])
    padded = jnp.array([row + [0.0] * (5 - len(row)) for row in sequences])
    same(jax.vmap(mean_of_first)(padded, lengths), [2.0, 6.0, 9.5])


def follow(state, sequence):
    for step in sequence:
        state = 0.5 * state + 0.5 * step
    return state


def test_third_cure_a_loop_over_the_sequence():
    states, sequence = numbers(10, 3), numbers(20, 3)
    same(jax.vmap(follow, in_axes=(0, None))(states, sequence), [follow(state, sequence) for state in states])


# ---- four small problems ----


def scale_and_add(x, scale, offset):
    return scale * x + offset


def test_dot_products_of_rows():
    a = jnp.array([[0.5, 0.5, 0.5], [1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])
    same(jax.vmap(dot)(a, jnp.ones((3, 3))), [1.5, 3.0, 6.0])
    rows = jnp.array([[1.5, 3.0, 6.0], [1.5, 3.0, 6.0]])
    same(jax.vmap(jnp.dot)(rows, rows), [47.25, 47.25])


def test_scale_and_add():
    x = numbers(4, 3)
    same(jax.vmap(scale_and_add, in_axes=(0, None, None))(x, 2.0, 1.0), 2 * x + 1)


def test_five_matrices_times_five_vectors():
    matrices = jax.random.normal(jax.random.PRNGKey(0), (5, 3, 4))
    vectors = numbers(5, 4)
    same(matrices, real_jax.random.normal(real_jax.random.PRNGKey(0), (5, 3, 4)))
    expected = np.einsum("nij,nj->ni", np.asarray(matrices), vectors)
    same(jax.vmap(dot)(matrices, vectors), expected)
    same(jax.vmap(dot, out_axes=1)(matrices, vectors), expected.T)


# ---- the exercise ----


def affine(matrix, vector, bias):
    return matrix @ vector + bias


def test_the_exercise():
    matrix, vectors, bias, matrices = numbers(2, 3), numbers(7, 3), numbers(2), numbers(7, 2, 3)
    same(jax.vmap(affine, in_axes=(None, 0, None))(matrix, vectors, bias), vectors @ matrix.T + bias)
    expected = np.einsum("nij,nj->ni", matrices, vectors) + bias
    same(jax.vmap(affine, in_axes=(0, 0, None))(matrices, vectors, bias), expected)
    with pytest.raises(ValueError, match="size"):
        jax.vmap(affine, in_axes=(0, 0, None))(matrix, vectors, bias)
