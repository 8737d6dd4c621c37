"""Control flow under JAX's names: against the loop on plain values, against `jax.lax`, on no lanes, and its errors."""

from __future__ import annotations

import re
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from loops import loop, same

import lanewise
from lanewise import PerformanceWarning, ShapeDtypeStruct, TraceError, eval_shape, jit, lax, vmap

jax.config.update("jax_enable_x64", True)

N = np.array([0, 3, 1, 5, 2, 2, 0])
X = np.random.default_rng(1).integers(-8, 9, (7, 3)) / 4
E = np.full(7, 0.5)

# What each case does, written once for both libraries: ``case(lax, numpy, vmap, n, x)``.
CASES: dict[str, Any] = {
    "cond": lambda L, np, v, n, x: L.cond(x.sum() > 0, lambda x: x * 2, lambda x: -x, x),
    "cond operand": lambda L, np, v, n, x: L.cond(n > 1, lambda x: x + 1, lambda x: x, operand=x),
    "cond of two operands": lambda L, np, v, n, x: L.cond(n > 1, lambda n, x: x * n, lambda n, x: x - n, n, x),
    "cond without operands": lambda L, np, v, n, x: L.cond(n > 1, lambda: x, lambda: x * 0),
    "cond of a pytree": lambda L, np, v, n, x: L.cond(
        n > 1, lambda p: {"a": p["b"], "b": (p["a"], 1.0)}, lambda p: {"a": p["b"] + 1, "b": (p["a"], 2.0)},
        {"a": x, "b": x[0]},
    ),
    "cond of a number": lambda L, np, v, n, x: L.cond(n, lambda: 1, lambda: 2),
    "cond that all lanes share": lambda L, np, v, n, x: L.cond(True, lambda x: x, lambda x: x[:2], x)
    if L is lax else x,
    "cond in cond": lambda L, np, v, n, x: L.cond(
        n > 1, lambda: L.cond(x[0] > 0, lambda: x + 1, lambda: x + 2), lambda: L.cond(x[0] > 0, lambda: x, lambda: -x)
    ),
    "switch": lambda L, np, v, n, x: L.switch(n, [lambda x: x, lambda x: x * 2, lambda x: abs(x)], x),
    "switch below and above": lambda L, np, v, n, x: L.switch(n * 3 - 4, [lambda x: x, lambda x: -x], operand=x),
    "switch of one": lambda L, np, v, n, x: L.switch(n, [lambda: x]),
    "while": lambda L, np, v, n, x: L.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, c[1] * 2 + c[0]), (0, x)),
    "while on a value": lambda L, np, v, n, x: L.while_loop(lambda x: x.sum() > -5, lambda x: x - n - 1, x),
    "while, a number becomes float": lambda L, np, v, n, x: L.while_loop(lambda c: c < 4, lambda c: c + 0.5 + n, 0),
    "while of a dict": lambda L, np, v, n, x: L.while_loop(
        lambda c: c["count"] < n, lambda c: {"count": c["count"] + 1, "x": c["x"][::-1], "same": c["same"]},
        {"count": n * 0, "x": x, "same": 7.0},
    ),
    "while in while": lambda L, np, v, n, x: L.while_loop(
        lambda c: c[0] < n,
        lambda c: (c[0] + 1, L.while_loop(lambda y: y.sum() < c[0] * 3, lambda y: y + 1, c[1])), (0, x),
    ),
    "fori": lambda L, np, v, n, x: L.fori_loop(0, n, lambda i, c: c * 2 + i, x),
    "fori from": lambda L, np, v, n, x: L.fori_loop(n, 4, lambda i, c: c * 2 + i, x),
    "fori of all": lambda L, np, v, n, x: L.fori_loop(0, 3, lambda i, c: c * n + i, x, unroll=True),
    "fori of none": lambda L, np, v, n, x: L.fori_loop(3, 1, lambda i, c: c * n + i, x),
    "scan": lambda L, np, v, n, x: L.scan(lambda c, t: (c + t * n, (c, {"k": t})), 0.0, x),
    "scan reversed": lambda L, np, v, n, x: L.scan(lambda c, t: (c + t * n, c), 0.0, x, reverse=True, unroll=2),
    "scan of a dict": lambda L, np, v, n, x: L.scan(
        lambda c, t: ({"sum": c["sum"] + t[0], "count": c["count"] + 1}, t[1] * c["sum"]),
        {"sum": 0.0, "count": n}, (x, x[::-1]),
    ),
    "scan of rows": lambda L, np, v, n, x: L.scan(lambda c, t: (c @ t, c), x, np.ones((4, 3, 3)) * n),
    "scan without xs": lambda L, np, v, n, x: L.scan(lambda c, _: (c * 2, c.sum()), x, None, length=4),
    "scan without ys": lambda L, np, v, n, x: L.scan(lambda c, t: (c + t, None), n * 1.0, x, 3)[0],
    "scan of nothing": lambda L, np, v, n, x: L.scan(lambda c, t: (c + t, (c > t, t * n)), 0.5, x[:0]),
    "scan of constants": lambda L, np, v, n, x: (x, L.scan(lambda c, t: (c, (t * 2, np.ones(2))), n, np.arange(3.0))),
    "map": lambda L, np, v, n, x: L.map(lambda t: (t * n, {"a": t + 1}), x),
    "map in batches": lambda L, np, v, n, x: L.map(lambda t: (t * n, {"a": t + 1}), x, batch_size=2),
    "map of a pytree": lambda L, np, v, n, x: L.map(lambda p: p["a"] * p["b"], {"a": x, "b": x + n}),
    "cond in scan": lambda L, np, v, n, x: L.scan(
        lambda c, t: (L.cond(t > c, lambda: t, lambda: c - n), c), -9.0, x
    ),
    "while in cond in fori": lambda L, np, v, n, x: L.fori_loop(0, n, lambda i, c: L.cond(
        c[0] > i, lambda c: L.while_loop(lambda d: d.sum() > -5, lambda d: d - 1, c), lambda c: c + 1, c), x),
    "vmap of while": lambda L, np, v, n, x: v(
        lambda t: L.while_loop(lambda c: c < 3 * n, lambda c: c + t * t + 0.5, 0.0))(x),
    "vmap of cond on both": lambda L, np, v, n, x: v(
        lambda t: L.cond(n > 2, lambda: L.cond(t > 0, lambda: t, lambda: 0.0), lambda: -t))(x),
    "vmap of fori with an outer count": lambda L, np, v, n, x: v(
        lambda t: L.fori_loop(0, n, lambda i, c: c + t, 0.0))(x),
    "vmap in cond": lambda L, np, v, n, x: L.cond(
        n > 2, lambda: v(lambda t: L.fori_loop(0, n, lambda i, c: c + t, 0.0))(x), lambda: x),
    "vmap in while": lambda L, np, v, n, x: L.while_loop(
        lambda c: c.sum() < n, lambda c: v(lambda t: L.cond(t < n, lambda: t + 1, lambda: t))(c), x - x),
    "associative": lambda L, np, v, n, x: L.associative_scan(lambda a, b: a * b + b, np.ones_like(x) * n),
    "associative of pairs": lambda L, np, v, n, x: L.associative_scan(
        lambda a, b: (a[0] * b[0], a[1] * b[0] + b[1]), (x, x[::-1]), reverse=True),
    "associative along 1": lambda L, np, v, n, x: L.associative_scan(
        np.add, np.ones((2, 5)) * n, axis=1),
    "select": lambda L, np, v, n, x: L.select(x > n, x, x * 0),
    "select by a scalar": lambda L, np, v, n, x: L.select(n > 1, x, x * 0),
    "select_n": lambda L, np, v, n, x: L.select_n(np.clip(x.astype(int), 0, 2), x, x + 1, x * n),
    "select_n by a bool": lambda L, np, v, n, x: L.select_n(n > 1, x, x + 1),
    **{f"{name} {reverse}": lambda L, np, v, n, x, name=name, reverse=reverse: getattr(L, name)(x + n, reverse=reverse)
       for name in ("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp") for reverse in (False, True)},
    "cumsum along 1": lambda L, np, v, n, x: L.cumsum(x[:, None] + x, axis=1),
    "dynamic_slice": lambda L, np, v, n, x: L.dynamic_slice(x, (n - 2,), (2,)),
    "dynamic_slice of a table": lambda L, np, v, n, x: L.dynamic_slice(
        np.arange(20.0).reshape(4, 5), (n, 2 * n - 7), (2, 3)) * n,
    "dynamic_slice_in_dim": lambda L, np, v, n, x: L.dynamic_slice_in_dim(x[:, None] * x, n, 2, axis=1),
    "dynamic_index": lambda L, np, v, n, x: L.dynamic_index_in_dim(x, n, 0, keepdims=False),
    "dynamic_index keepdims": lambda L, np, v, n, x: L.dynamic_index_in_dim(x[:, None] * x, n, axis=1),
    "dynamic_update_slice": lambda L, np, v, n, x: L.dynamic_update_slice(x, x[1:] * 9, (n,)),
    "dynamic_update_slice of a table": lambda L, np, v, n, x: L.dynamic_update_slice(np.zeros((3, 4)), x[None], (n, n)),
    "dynamic_update_slice_in_dim": lambda L, np, v, n, x: L.dynamic_update_slice_in_dim(x, x[:1] * 9, n, 0),
    "dynamic_update_index": lambda L, np, v, n, x: L.dynamic_update_index_in_dim(x[:, None] * x, x, n, 1),
    "clamp": lambda L, np, v, n, x: L.clamp(-1.0, x, 1.0) + L.stop_gradient(n) + L.rsqrt(n + 1.0),
    "names of NumPy's": lambda L, np, v, n, x: L.add(L.mul(x, x), L.max(x, L.neg(x))) * L.exp(L.sub(x, x)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_is_the_loop_and_what_jax_gives(name: str) -> None:
    case = CASES[name]
    expected = jax.vmap(lambda n, x: case(jax.lax, jnp, jax.vmap, n, x))(N, X)
    ours = vmap(lambda n, x: case(lax, lanewise.numpy, vmap, n, x), strict=True)(N, X)
    same(ours, loop(lambda n, x: case(lax, np, vmap, n, x))(N, X))
    same(ours, jax.tree.map(np.asarray, expected))


@pytest.mark.parametrize("name", CASES)
def test_on_two_nested_axes_of_which_each_value_has_its_own(name: str) -> None:
    case = CASES[name]
    f = vmap(lambda n, x: case(lax, lanewise.numpy, vmap, n, x), in_axes=(None, 0), strict=True)
    found = vmap(f, in_axes=(0, None), strict=True)(N[:4], X[:3])
    rows = [loop(lambda x, n=n: case(lax, np, vmap, n, x))(X[:3]) for n in N[:4]]
    same(found, jax.tree.map(lambda *row: np.stack(row), *rows))


EAGER = {"vmap in while", "dynamic_update_slice of a table", "dynamic_update_index"}  # which have no kernels yet


@pytest.mark.parametrize("name", CASES)
def test_compiled(name: str) -> None:
    case = CASES[name]
    with warnings.catch_warnings():
        if name in EAGER:
            warnings.simplefilter("ignore", PerformanceWarning)
        expected = vmap(lambda n, x: case(lax, np, vmap, n, x))(N, X)
        same(jit(vmap(lambda n, x: case(lax, np, vmap, n, x)))(N, X), expected)
        same(vmap(jit(lambda n, x: case(lax, np, vmap, n, x)))(N, X), expected)


def test_lists_are_pytrees_when_compiled() -> None:
    def f(x):
        state = lax.while_loop(lambda c: c["k"] < 3, lambda c: {"k": c["k"] + 1, "x": [c["x"][1], c["x"][0] * 2]},
                               {"k": 0, "x": [x, x + 1]})  # fmt: skip
        pair = lax.cond(x[0] > 0, lambda v: [v, v * 2], lambda v: [v * 3, v], state["x"][0])
        return lax.scan(lambda c, y: ([c[0] + y, c[1]], [y]), [0.0, 1.0], x), lax.fori_loop(0, 2, lambda i, c: c, pair)

    same(jit(vmap(f))(X), vmap(f)(X))


NO_SHAPES = {"cond that all lanes share"}


@pytest.mark.parametrize("name", [name for name in CASES if name not in NO_SHAPES])
def test_shapes_come_from_no_lanes(name: str) -> None:
    case = CASES[name]
    expected = jax.eval_shape(lambda n, x: case(jax.lax, jnp, jax.vmap, n, x), N[0], X[0])
    found = eval_shape(lambda n, x: case(lax, lanewise.numpy, vmap, n, x), ShapeDtypeStruct((), int), X[0])
    same_types(found, expected)
    empty = vmap(lambda n, x: case(lax, lanewise.numpy, vmap, n, x))(N[:0], X[:0])
    whole = vmap(lambda n, x: case(lax, lanewise.numpy, vmap, n, x))(N, X)
    same_types(empty, jax.tree.map(lambda x: x[:0], whole))


def same_types(found: Any, expected: Any) -> None:
    ours, theirs = jax.tree.leaves(found), jax.tree.leaves(expected)
    assert [(x.shape, x.dtype) for x in ours] == [(x.shape, x.dtype) for x in theirs]


def test_the_body_of_a_loop_is_visited_once_where_there_are_no_lanes() -> None:
    calls = []

    def body(i: int, c: Any) -> Any:
        calls.append(i)
        return c * 2

    assert eval_shape(lambda x: lax.fori_loop(0, 10**9, body, x), X[0]) == ShapeDtypeStruct((3,), float)
    assert len(calls) == 1
    # what a turn counts has no value then, so no shape comes of it
    with pytest.raises(TraceError):
        eval_shape(lambda x: range(lax.fori_loop(0, 5, lambda i, c: (c[0] + 1, c[1] + x), (0, x))[0]), X[0])
    # plain numbers are counted as ever
    counted = eval_shape(lambda x: x + np.zeros((lax.fori_loop(0, 5, lambda i, c: c + 1, 0), 3)), X[0])
    assert counted == ShapeDtypeStruct((5, 3), float)


# ---- random programs of these forms, nested in each other ----

LEAVES = st.sampled_from([("add",), ("halve",), ("flip",)])


def nested(inner: Any) -> Any:
    one = st.tuples(st.sampled_from(["while", "until", "fori", "from", "scan", "map", "vmap", "held"]), inner)
    two = st.tuples(st.sampled_from(["seq", "cond", "cond x"]), inner, inner)
    three = st.tuples(st.just("switch"), inner, inner, inner)
    return st.one_of(one, two, three)


PROGRAMS = st.recursive(LEAVES, nested, max_leaves=5)

ACTS: dict[str, Any] = {
    "add": lambda L, v, n, x: x + n,
    "halve": lambda L, v, n, x: x * 0.5 - 1,
    "flip": lambda L, v, n, x: x[::-1] * -1,
    "seq": lambda L, v, n, x, a, b: b(n, a(n, x)),
    "cond": lambda L, v, n, x, a, b: L.cond(n > 1, a, b, n, x),
    "cond x": lambda L, v, n, x, a, b: L.cond(x[0] > x[1], lambda: a(n, x), lambda: b(n, x)),
    "switch": lambda L, v, n, x, a, b, c: L.switch(n - 1, [a, b, c], n, x),
    "while": lambda L, v, n, x, a: L.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, a(n, c[1])), (0, x))[1],
    "until": lambda L, v, n, x, a: L.while_loop(
        lambda c: (c[1][0] < n) & (c[0] < 3), lambda c: (c[0] + 1, a(c[0], c[1])), (0, x))[1],
    "fori": lambda L, v, n, x, a: L.fori_loop(0, n, a, x),
    "from": lambda L, v, n, x, a: L.fori_loop(n, 2, lambda i, c: a(n, c) + i, x),
    "scan": lambda L, v, n, x, a: sum(L.scan(lambda c, t: (a(n, c), c.sum() + t), x, x, reverse=True)),
    "map": lambda L, v, n, x, a: L.map(lambda t: a(n, x * t).sum(), x),
    "vmap": lambda L, v, n, x, a: v(lambda t: a(n, x + t).sum())(x),
    "held": lambda L, v, n, x, a: L.fori_loop(0, 2, lambda i, c: a(n, c), x),
}  # fmt: skip


def program(L: Any, v: Any, tree: Any) -> Any:
    """The function of ``(n, x)`` that a tree stands for."""
    name, *parts = tree
    inner = [program(L, v, part) for part in parts]
    return lambda n, x: ACTS[name](L, v, n, x, *inner)


@settings(max_examples=60, deadline=None)
@example(tree=("switch", ("add",), ("add",), ("vmap", ("until", ("add",)))), seed=5)
@given(tree=PROGRAMS, seed=st.integers(0, 5))
def test_random_programs_are_the_loop(tree: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, x = rng.integers(0, 4, 5), rng.integers(-8, 9, (5, 3)) / 2
    f = program(lax, vmap, tree)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numbers may grow without bound
        same(vmap(f, strict=True)(n, x), loop(f)(n, x))
        pairs = vmap(vmap(f, in_axes=(0, None), strict=True), in_axes=(None, 0), strict=True)(n, x)
        same(pairs, np.stack([[f(a, b) for a in n] for b in x]))


# ---- what plain values and writes do ----


def test_on_plain_values_it_is_python() -> None:
    def never() -> Any:
        raise AssertionError

    assert lax.cond(True, lambda: "a", never) == "a"
    assert lax.switch(-3, [lambda: 1, never]) == 1
    assert lax.while_loop(lambda c: c < 10**30, lambda c: c * 10, 1) == 10**30
    assert lax.fori_loop(0, 4, lambda i, c: [c[0] + i], [0]) == [6]
    assert lax.cond(np.zeros(()), never, lambda: 2) == 2
    carry, ys = lax.scan(lambda c, x: (c + x, None), 0, np.arange(4))
    assert (carry, ys) == (6, None)


def test_branches_write_to_the_lanes_of_their_own() -> None:
    def f(n: Any, x: Any) -> Any:
        def write(y: Any) -> Any:
            y[n] = 7.0
            return y.sum()

        y = x * 1
        total = lax.cond(n < 3, write, lambda y: y[0], y)
        return y, total

    same(vmap(f, strict=True)(N, X), loop(f)(N, X))


def test_carries_are_written_in_place() -> None:
    def f(n: Any, x: Any) -> Any:
        def body(c: Any) -> Any:
            count, y = c
            y[count % 3] += 1
            return count + 1, y

        return lax.while_loop(lambda c: c[0] < n, body, (0, x * 1))

    same(vmap(f, strict=True)(N, X), loop(f)(N, X))


def test_an_error_in_a_branch_is_that_of_the_first_lane() -> None:
    def fail() -> Any:
        raise KeyError("two")

    def f(n: Any) -> Any:
        return lax.cond(n == 2, fail, lambda: n)

    with pytest.raises(KeyError, match="two") as caught:
        vmap(f)(N)
    assert "lane 4" in "".join(caught.value.__notes__)
    same(vmap(f, strict=True)(np.array([1, 3])), np.array([1, 3]))


def test_a_fact_inside_of_a_loop_splits() -> None:
    def f(n: Any, x: Any) -> Any:
        return lax.fori_loop(0, n, lambda i, c: c + len(f"{n > 2}"), x)

    same(vmap(f, strict=True)(N, X), loop(f)(N, X))


def test_what_a_branch_gives_is_scalar_where_one_is_a_python_number() -> None:
    def f(x: Any) -> Any:
        found = lax.cond(x > 0, lambda: x, lambda: 0.0)
        assert found.dtype == np.float32
        return found + 0.1

    x = np.array([1.0, -1.0, 0.0], np.float32)
    same(vmap(f, strict=True)(x), np.array([1.0, 0.0, 0.0], np.float32) + np.float32(0.1))


def test_named_tuples_dataclasses_and_none_are_pytrees() -> None:
    from collections import OrderedDict, namedtuple

    from loops import Layer

    Pair = namedtuple("Pair", "a b")

    def f(n: Any, x: Any) -> Any:
        found = lax.while_loop(
            lambda c: c.a < n, lambda c: Pair(c.a + 1, Layer(c.b.w * 2, (None, c.b.b[1]))), Pair(0, Layer(x, (None, n)))
        )
        return lax.cond(n > 1, lambda: OrderedDict(a=found.b.w), lambda: OrderedDict(a=x))["a"], found.a, found.b.w

    same(vmap(f, strict=True)(N, X), loop(f)(N, X))


def sign(n: Any, x: Any) -> Any:
    if x[0] > 0:
        return x * n
    while n > 2:
        n -= 1
        x = x + 1
    return -x


def test_functions_that_are_handed_over_may_be_plain_python() -> None:
    def f(n: Any, x: Any) -> Any:
        a = lax.cond(n > 1, sign, lambda n, x: x, n, x)
        b = lax.fori_loop(0, n, sign, x)
        c = lax.scan(lambda c, t: (sign(n, c), t if t > 0 else 0.0), x, x)
        d = vmap(lambda t: lax.while_loop(lambda c: c < n, lambda c: c + 1 if c > t else c + 2, 0))(x)
        return a, b, c, d, lax.map(lambda t: abs(t) if t > n else t, x, batch_size=2)

    same(vmap(f, strict=True)(N, X), loop(f)(N, X))
    g = vmap(lambda n, x: lax.switch(n, [sign, lambda n, x: sign(x[0], x)], n, x), strict=True)
    same(g(N, X), np.stack([sign(n if n < 1 else x[0], x) for n, x in zip(N, X, strict=True)]))


# ---- errors ----

ERRORS: dict[str, tuple[Any, type, str]] = {
    "cond shape": (lambda n, x: lax.cond(n > 2, lambda: {"a": x}, lambda: {"a": x[:2]}), TypeError, """
lax.cond: result['a'] differs in shape between true_fun and false_fun:
    true_fun   float64 of shape (3,)
    false_fun  float64 of shape (2,)
  Make them alike: """),
    "cond dtype": (lambda n, x: lax.cond(n > 2, lambda: x[0], lambda: 0), TypeError, """
lax.cond: result differs in dtype between true_fun and false_fun:
    true_fun   float64 of shape ()
    false_fun  Python int
  Make them alike: write 0.0 instead of 0, """),
    "cond structure": (lambda n, x: lax.cond(n > 2, lambda: (x, x), lambda: {"a": x}), TypeError, """
lax.cond: result differs in structure between true_fun and false_fun:
    true_fun   (*, *)
    false_fun  {'a': *}
  Return one structure: """),
    "cond in cond": (lambda n, x: lax.cond(
        n > 1, lambda: lax.cond(n > 2, lambda: x, lambda: x[0]), lambda: x), TypeError, "lax.cond: result differs"),
    "cond None": (lambda n, x: lax.cond(n > 2, lambda: None, lambda: x), TypeError, "    true_fun   None\n"),
    "cond bool": (lambda n, x: lax.cond(n > 2, lambda: True, lambda: 1), TypeError, "Python int"),
    "cond text": (lambda n, x: lax.cond(n > 2, lambda: "a", lambda: 1), TypeError, "str"),
    "pred vector": (lambda n, x: lax.cond(x > 2, lambda: x, lambda: x), TypeError,
        "lax.cond: pred must be a scalar, but it is bool of shape (3,).\n  np.any or np.all makes one of it"),
    "pred text": (lambda n, x: lax.cond("no", lambda: x, lambda: x), TypeError,
        "lax.cond: pred must be a scalar, true or false, not a str."),
    "no function": (lambda n, x: lax.cond(n > 2, x, lambda: x), TypeError,
        "lax.cond: true_fun must be a function, not "),
    "operands twice": (lambda n, x: lax.cond(n > 2, abs, abs, x, operand=x), TypeError, "not both"),
    "switch float": (lambda n, x: lax.switch(n * 1.0, [lambda: x]), TypeError,
        "lax.switch: index must be an integer scalar, not float64 of shape ()."),
    "switch bool": (lambda n, x: lax.switch(n > 1, [lambda: x]), TypeError, "lax.switch: index must be an integer"),
    "switch empty": (lambda n, x: lax.switch(n, []), ValueError, "lax.switch: branches is empty"),
    "switch dtype": (lambda n, x: lax.switch(n, [lambda: x, lambda: x, lambda: n * x.astype(int)]), TypeError, """
lax.switch: result differs in dtype between branches[0] and branches[2]:
    branches[0]  float64 of shape (3,)
    branches[2]  int64 of shape (3,)
"""),
    "while dtype": (lambda n, x: lax.while_loop(
        lambda c: c["k"] < n, lambda c: {"k": c["k"] + 0.5}, {"k": n * 0}), TypeError, """
lax.while_loop: body_fun changes the dtype of init_val['k']:
    before  int64 of shape ()
    after   float64 of shape ()
  Make them alike: """),
    "while structure": (lambda n, x: lax.while_loop(lambda c: c[0] < n, lambda c: c[0] + 1, (0, x)), TypeError,
        "lax.while_loop: body_fun changes the structure of init_val:\n    before  (*, *)\n    after   *\n"),
    "while in while": (lambda n, x: lax.while_loop(lambda c: c < n, lambda c: lax.while_loop(
        lambda d: d < c + 1, lambda d: d + 0.5, c), 0 * n), TypeError, "lax.while_loop: body_fun changes the dtype"),
    "while test": (lambda n, x: lax.while_loop(lambda c: c > 0, lambda c: c - 1, x), TypeError,
        "lax.while_loop: what cond_fun returns must be a scalar, but it is bool of shape (3,)."),
    "fori shape": (lambda n, x: lax.fori_loop(0, n, lambda i, c: np.concatenate([c, c]), x), TypeError,
        "lax.fori_loop: body_fun changes the shape of init_val:"),
    "fori float": (lambda n, x: lax.fori_loop(0, n * 0.5, lambda i, c: c, x), TypeError,
        "lax.fori_loop: upper must be an integer scalar, not float64 of shape ()."),
    "scan lengths": (lambda n, x: lax.scan(lambda c, t: (c, t), 0, {"a": x, "b": x[:2]}), ValueError, """
lax.scan: the leading axes differ in length:
    xs['a']  3
    xs['b']  2
"""),
    "scan length": (lambda n, x: lax.scan(lambda c, t: (c, t), 0, x, length=9), ValueError, """
    xs  3
    length  9
"""),
    "scan scalar": (lambda n, x: lax.scan(lambda c, t: (c, t), 0, n), ValueError,
        "lax.scan: xs is an int64 without axes, and there is no leading axis to run over."),
    "scan nothing": (lambda n, x: lax.scan(lambda c, t: (c, t), 0), ValueError, "length is not given"),
    "scan less": (lambda n, x: lax.scan(lambda c, t: (c, t), 0, length=-1), ValueError, "must be 0 or more, not -1"),
    "scan pair": (lambda n, x: lax.scan(lambda c, t: c, 0, x), TypeError,
        "lax.scan: f must return a pair, the next carry and y, not an int."),
    "scan carry": (lambda n, x: lax.scan(lambda c, t: ((c[0], 0), t), (0, 0.5), x), TypeError,
        "lax.scan: f changes the dtype of init[1]:\n    before  Python float\n    after   Python int\n"),
    "scan ys": (lambda n, x: lax.scan(lambda c, t: (c + 1, x[:c]), 1, x), TypeError,
        "lax.scan: y differs in shape between turns:"),
    "map lengths": (lambda n, x: lax.map(lambda p: p, (x, x[:2])), ValueError, "lax.map: the leading axes differ"),
    "map batch": (lambda n, x: lax.map(lambda p: p, x, batch_size=0), ValueError,
        "lax.map: batch_size must be 1 or more, not 0."),
    "associative lengths": (lambda n, x: lax.associative_scan(np.add, (x, x[:2])), ValueError,
        "lax.associative_scan: the arrays differ in length along axis 0:\n    elems[0]  3\n    elems[1]  2"),
    "select dtype": (lambda n, x: lax.select(n > 1, x, x.astype(int)), TypeError,
        "lax.select: the cases differ in dtype:\n    on_false  int64 of shape (3,)\n    on_true   float64"),
    "select shape": (lambda n, x: lax.select(n > 1, x, 0.0), TypeError, "lax.select: the cases differ in shape:"),
    "select pred": (lambda n, x: lax.select((x > 1)[:2], x, x), TypeError, "it is bool of shape (2,)"),
    "select_n nothing": (lambda n, x: lax.select_n(n), ValueError, "no cases"),
    "cumsum bool": (lambda n, x: lax.cumsum(x > 1), TypeError, "lax.cumsum: operand must hold numbers, not bool"),
    "slice size": (lambda n, x: lax.dynamic_slice(x, (n,), (4,)), TypeError, "does not fit in an array of shape (3,)"),
    "slice starts": (lambda n, x: lax.dynamic_slice(x, (n, n), (2,)), TypeError, "a start and a size for each of"),
    "slice float": (lambda n, x: lax.dynamic_slice(x, (0.5,), (2,)), TypeError, "must be an integer scalar"),
    "update dtype": (lambda n, x: lax.dynamic_update_slice(x, n.reshape(1), (n,)), TypeError, "update has dtype int64"),
    "top_k": (lambda n, x: lax.top_k(x, 4), ValueError, "lax.top_k: k must be 0 to 3, the length of the last axis"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_to_do(name: str) -> None:
    f, kind, text = ERRORS[name]
    with pytest.raises(kind, match=re.escape(text.strip("\n"))):
        vmap(f)(N, X)


@pytest.mark.parametrize("name", [name for name in ERRORS if "cond" not in name and name not in (
    "switch dtype", "while in while", "map batch")])  # fmt: skip
def test_plain_values_raise_the_same(name: str) -> None:
    f, kind, text = ERRORS[name]
    with pytest.raises(kind, match=re.escape(text.strip("\n"))):
        f(N[3], X[3])


# ---- single names ----


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.float32, np.complex128])
def test_cumulative_functions_keep_the_dtype(dtype: Any) -> None:
    x = np.arange(1, 7).reshape(2, 3).astype(dtype)
    for name in ("cumsum", "cumprod"):
        for axis in (0, 1):
            ours, theirs = getattr(lax, name), getattr(jax.lax, name)
            expected = np.asarray(theirs(jnp.asarray(x), axis))
            same(ours(x, axis), expected)
            same(vmap(lambda x, axis=axis, ours=ours: ours(x, axis), strict=True)(x[None]), expected[None])


@pytest.mark.parametrize("length", range(9))
def test_associative_scan_of_any_length(length: int) -> None:
    x = np.arange(length) + 2.0
    calls = []

    def combine(a: Any, b: Any) -> Any:
        calls.append(a.shape)
        return a * b

    same(lax.associative_scan(combine, x), np.cumprod(x))
    assert len(calls) <= 2 * length.bit_length()


def test_top_k() -> None:
    x = np.array([[1.0, np.nan, 3.0, 3.0, np.inf], [0.0, -0.5, 0.0, 2.0, -np.inf]])
    expected = [np.asarray(found) for found in jax.lax.top_k(x, 4)]
    same(list(lax.top_k(x, 4)), expected)
    same(list(vmap(lambda x: lax.top_k(x, 4), strict=True)(x)), expected)


def test_every_public_name_that_jax_has_is_jax_s() -> None:
    ours = set(lax.__all__)
    assert ours <= set(dir(jax.lax))
