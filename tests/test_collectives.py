"""Collectives over named axes, against `jax.lax`."""

from __future__ import annotations

import pickle
from typing import Any

import jax
import numpy as np
import pytest
from loops import numbers, same

from lanewise import CollectiveError, PerformanceWarning, lax, vmap

jax.config.update("jax_enable_x64", True)

X = numbers(4, 6)
FOLDS = ["psum", "pmean", "pmax", "pmin"]
CALLS: dict[str, Any] = {
    **{f"gather {axis} {tiled}": lambda L, x, a=axis, t=tiled: L.all_gather(x, "i", axis=a, tiled=t)
       for axis in (0, 1, -1) for tiled in (False, True)},
    **{f"all_to_all {s} {c}": lambda L, x, s=s, c=c: L.all_to_all(x, "i", s, c) for s in (1,) for c in (0, 1, 2)},
    **{f"all_to_all tiled {s} {c}": lambda L, x, s=s, c=c: L.all_to_all(x, "i", s, c, tiled=True)
       for s in (1, 2) for c in (0, 1, 2)},
    "ppermute": lambda L, x: L.ppermute(x, "i", [(0, 1), (1, 0), (2, 3), (3, 2)]),
    "pshuffle": lambda L, x: L.pshuffle(x, "i", [3, 1, 0, 2]),
    "axis_index": lambda L, x: x * L.axis_index("i"),
    "axis_size": lambda L, x: x * L.axis_size("i"),
    "softmax": lambda L, x: x / L.psum(x, "i") - L.pmax(x, "i"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDS)
@pytest.mark.parametrize("dtype", [float, np.float32, int])
def test_folds_as_in_jax(name: str, dtype: Any) -> None:
    x = X.astype(dtype)
    expected = jax.vmap(lambda x: getattr(jax.lax, name)(x, "i"), axis_name="i", in_axes=1)(x)
    found = vmap(lambda x: getattr(lax, name)(x, "i"), axis_name="i", in_axes=1, strict=True)(x)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_exchanges_as_in_jax(call: Any) -> None:
    x = numbers(4, 3, 4, 8) if "all_to_all" in str(call) or call.__defaults__ else numbers(4, 3)
    expected = jax.vmap(lambda x: call(jax.lax, x), axis_name="i")(x)
    same(vmap(lambda x: call(lax, x), axis_name="i", strict=True)(x), expected)


@pytest.mark.parametrize("names", ["i", "j", ("i", "j"), ("j", "i")])
@pytest.mark.parametrize("call", [
    lambda L, x, n: L.psum(x, n),
    lambda L, x, n: L.pmax(x, n) - L.pmin(x, n),
    lambda L, x, n: L.pmean(x * x, n),
    lambda L, x, n: L.psum(L.psum(x, "j"), n),
    lambda L, x, n: x * L.axis_index(n) + L.axis_size(n),
    lambda L, x, n: L.all_to_all(x, n, 0, 1, tiled=True),
])  # fmt: skip
def test_nested_as_in_jax(names: Any, call: Any) -> None:
    x = numbers(2, 3, 6, 4)

    def twice(v: Any, L: Any) -> Any:
        return v(v(lambda x: call(L, x, names), axis_name="j"), axis_name="i")(x)

    same(twice(lambda f, **k: vmap(f, strict=True, **k), lax), twice(jax.vmap, jax.lax))


def test_gathers_and_permutations_over_several_axes() -> None:
    x = numbers(2, 3, 5)

    def twice(f: Any) -> Any:
        return vmap(vmap(f, axis_name="j"), axis_name="i")(x)

    everyone = x.reshape(6, 5)
    for order, rows in ((("i", "j"), everyone), (("j", "i"), np.swapaxes(x, 0, 1).reshape(6, 5))):
        found = twice(lambda x, order=order: lax.all_gather(x, order))
        same(found, np.broadcast_to(rows, (2, 3, 6, 5)))
        found = twice(lambda x, order=order: lax.all_gather(x, order, axis=-1, tiled=True))
        same(found, np.broadcast_to(rows.reshape(-1), (2, 3, 30)))
    found = twice(lambda x: lax.pshuffle(x, ("i", "j"), [5, 4, 3, 2, 1, 0]))
    same(found, everyone[::-1].reshape(x.shape))


def test_partial_permutations_leave_zeros() -> None:
    same(vmap(lambda x: lax.ppermute(x, "i", [(0, 2)]), axis_name="i")(X), X[0] * np.eye(4)[:, 2:3])


def test_pytrees() -> None:
    x = {"a": X, "b": [X[:, 0].astype(int)]}
    for name in FOLDS:
        expected = jax.vmap(lambda x, name=name: getattr(jax.lax, name)(x, "i"), axis_name="i")(x)
        same(vmap(lambda x, name=name: getattr(lax, name)(x, "i"), axis_name="i")(x), expected)
    expected = jax.vmap(lambda x: jax.lax.all_gather(x, "i"), axis_name="i")(x)
    same(vmap(lambda x: lax.all_gather(x, "i"), axis_name="i")(x), expected)


def test_what_does_not_vary() -> None:
    ones = np.ones(2)

    def f(x: Any) -> Any:
        assert type(lax.psum(1, "i")) is int
        assert lax.psum(1, "i") == lax.axis_size("i") == 4
        assert np.zeros(lax.psum(1, "i")).shape == (4,)
        return lax.psum(2.5, "i"), lax.pmax(3, "i"), lax.pmean(2, "i"), lax.psum(ones, "i"), lax.all_gather(1.0, "i")

    ten, three, two, fours, gathered = vmap(f, axis_name="i", out_axes=None)(X)
    assert (ten, three, two) == (10.0, 3, 2.0)
    same((fours, gathered), (np.full(2, 4.0), np.ones(4)))


def test_booleans_count() -> None:
    same(vmap(lambda x: lax.psum(x[0] > 5, "i"), axis_name="i")(X), np.full(4, 3))
    same(vmap(lambda x: lax.pmax(x[0] > 5, "i"), axis_name="i")(X), np.full(4, True))


def test_empty_batches() -> None:
    for name in FOLDS:
        for dtype in (float, int, bool):
            found = vmap(lambda x, name=name: getattr(lax, name)(x, "i"), axis_name="i")(np.zeros((0, 3), dtype))
            assert found.shape == (0, 3)
    total = vmap(lambda x: (lax.psum(x, "i"), lax.pmax(x, "i"), lax.pmin(x, "i")), axis_name="i", out_axes=None)
    same(total(np.zeros((0, 2))), (np.zeros(2), np.full(2, -np.inf), np.full(2, np.inf)))
    assert vmap(lambda x: lax.all_gather(x, "i"), axis_name="i")(np.zeros((0, 3))).shape == (0, 0, 3)
    assert vmap(lambda x: lax.ppermute(x, "i", []), axis_name="i")(np.zeros((0, 3))).shape == (0, 3)


def test_the_innermost_axis_of_a_name_counts() -> None:
    x = numbers(2, 3)
    same(vmap(vmap(lambda x: lax.psum(x, "i"), axis_name="i"), axis_name="i")(x), np.repeat(x.sum(1)[:, None], 3, 1))


def test_results_share_no_memory_with_what_was_sent() -> None:
    x = numbers(2, 2)

    def f(x: Any) -> Any:
        for y in (lax.all_gather(x, "i"), lax.all_to_all(x, "i", 0, 0), lax.pmax(np.ones(2), "i"), lax.psum(x, "i")):
            y[...] = -1.0
        return x

    same(vmap(f, axis_name="i", strict=True)(x), numbers(2, 2))
    same(x, numbers(2, 2))


# ---- where lanes are missing ----


@pytest.mark.parametrize("call", [
    lambda x: lax.psum(x, "i"), lambda x: lax.pmean(x, "i"), lambda x: lax.pmax(x, "i"), lambda x: lax.pmin(x, "i"),
    lambda x: lax.all_gather(x, "i"), lambda x: lax.all_to_all(x, "i", 0, 0), lambda x: lax.ppermute(x, "i", []),
    lambda x: lax.pshuffle(x, "i", [1, 0, 3, 2]),
])  # fmt: skip
def test_a_collective_after_a_split_or_in_chunks_names_the_fact(call: Any) -> None:
    def after_a_split(x: Any) -> Any:
        text = f"{x[0] > 10}"
        return call(x) if text == "True" else x

    x = numbers(4, 4)
    with pytest.raises(CollectiveError, match=r"over 'i' needs all lanes(.|\n)*text of a value differs(.|\n)*:\d+"):
        vmap(after_a_split, axis_name="i")(x)
    with pytest.raises(CollectiveError, match=r"over 'i' needs all lanes(.|\n)*chunks(.|\n)*chunk_size"):
        vmap(call, axis_name="i", chunk_size=2)(x)
    with pytest.raises(CollectiveError, match=r"some have gone another way at .*test_collectives.py:\d+"):
        vmap(lambda x: lax.cond(x[0] > 10, call, lambda x: x, x), axis_name="i")(x)


def test_after_a_split_is_too_late() -> None:
    def f(x: Any) -> Any:
        text = f"{x > 2}"
        return lax.psum(x * len(text), "i")

    with pytest.raises(CollectiveError, match="Call the collective before the branch"):
        vmap(f, axis_name="i")(numbers(4))


def test_where_the_lanes_have_met_again_is_in_time() -> None:
    def f(x: Any) -> Any:
        return lax.psum(lax.cond(x > 2, lambda: x * 2, lambda: x), "i")

    same(vmap(f, axis_name="i", strict=True)(numbers(4)), np.full(4, 17.0))


def test_before_the_branch_is_fine() -> None:
    def f(x: Any) -> Any:
        total = lax.psum(x, "i")
        return x / total if x > 2 else total

    same(vmap(f, axis_name="i", strict=True)(numbers(4)), np.array([10.0, 10.0, 0.3, 0.4]))


def test_index_and_size_need_no_other_lane() -> None:
    def f(x: Any) -> Any:
        if x > 2:
            return lax.axis_index("i") * 10 + lax.axis_size("i")
        return lax.axis_index("i")

    expected = np.array([0, 1, 25, 35, 45])
    same(vmap(f, axis_name="i")(numbers(5)), expected)
    same(vmap(f, axis_name="i", chunk_size=2)(numbers(5)), expected)
    with pytest.warns(PerformanceWarning):
        same(vmap(lambda x: (f(x), pickle.dumps(x))[0], axis_name="i")(numbers(5)), expected)


def test_an_error_of_the_functions_own_stays() -> None:
    def f(x: Any) -> Any:
        raise KeyError(lax.psum(x, "i").shape)

    with pytest.raises(KeyError):
        vmap(f, axis_name="i")(X)


@pytest.mark.parametrize(("call", "kind", "text"), [
    (lambda x: lax.psum(x, "k"), NameError, "unbound axis name: 'k'. The enclosing vmaps have 'j', 'i'."),
    (lambda x: lax.axis_index("k"), NameError, "unbound axis name: 'k'"),
    (lambda x: lax.axis_size(None), NameError, "unbound axis name: None"),
    (lambda x: lax.psum(x, ("i", "k")), NameError, "unbound axis name: 'k'"),
    (lambda x: lax.psum(x, ("i", "i")), ValueError, "a collective over ('i', 'i') names an axis twice"),
    (lambda x: lax.all_to_all(x, "j", 0, 0), ValueError, "axis 0 of the example has size 5, which must be the size 3"),
    (lambda x: lax.all_to_all(x, "j", 0, 0, tiled=True), ValueError, "must be a multiple of the size 3 of axis 'j'"),
    (lambda x: lax.all_to_all(x, "j", 4, 0), ValueError, "axis 4 is out of range for values with 1 axes"),
    (lambda x: lax.all_gather(x, "j", axis=3), ValueError, "axis 3 is out of range"),
    (lambda x: lax.ppermute(x, "j", [(0, 1), (2, 1)]), ValueError, "each destination must be one of the lanes 0 to 2"),
    (lambda x: lax.ppermute(x, "j", [(0, 1), (0, 2)]), ValueError, "each source must be one of the lanes 0 to 2"),
    (lambda x: lax.ppermute(x, "j", [(0, 3)]), ValueError, "at most once, not [3]"),
    (lambda x: lax.pshuffle(x, "j", [0, 1]), ValueError, "perm must be a permutation of 0 to 2, not [0, 1]"),
])  # fmt: skip
def test_wrong_arguments(call: Any, kind: Any, text: str) -> None:
    with pytest.raises(kind) as caught:
        vmap(vmap(call, axis_name="j"), axis_name="i")(numbers(2, 3, 5))
    assert text in str(caught.value)


def test_outside_of_any_vmap() -> None:
    with pytest.raises(NameError, match="No enclosing vmap has an axis_name"):
        lax.psum(1, "i")


@pytest.mark.parametrize("dtype", [np.int8, np.int32, bool, np.uint64])
def test_the_mean_of_integers_has_the_dtype_of_numpys(dtype: Any) -> None:
    x = X.astype(dtype)
    same(vmap(lambda x: lax.pmean(x, "i"), axis_name="i", out_axes=None)(x), x.sum(0) / 4)
