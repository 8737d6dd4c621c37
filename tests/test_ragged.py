"""Lists of examples of different shapes, in and out, against the loop; and padding."""

from __future__ import annotations

import collections
import copy
import dataclasses
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lanewise
from lanewise import CollectiveError, PerformanceWarning, TraceError, eval_shape, lax, pad, ragged, tree, vmap

Pair = collections.namedtuple("Pair", "first second")


@dataclasses.dataclass
class Record:
    name: str
    data: Any


def arrays() -> list[Any]:
    """Examples in four classes: two lengths, another dtype, an array that is empty."""
    return [np.arange(3.0), np.arange(2.0), np.array([5.0, -1.0, 2.0]), np.arange(4), np.array([]), np.arange(2.0) + 7]


def same(found: Any, expected: Any) -> None:
    """Check that two pytrees are alike, down to the types of scalars."""
    ours, spec = tree.flatten(found, is_leaf=lambda x: x is None)
    theirs, other = tree.flatten(expected, is_leaf=lambda x: x is None)
    assert spec == other
    for mine, its in zip(ours, theirs, strict=True):
        assert type(mine) is type(its)
        np.testing.assert_array_equal(mine, its)
        if isinstance(its, np.ndarray):
            assert mine.dtype == its.dtype
            assert mine.flags.writeable


# ---- in ----


def spread(x: Any) -> Any:
    return x.max() - x.min() if len(x) else 0.0


def piecewise(x: Any) -> Any:
    total = x.sum()
    return -total if total > 4 else total + len(x)


def writes(x: Any) -> Any:
    x[:2] += 10
    return x.sum()


def writes_on_a_branch(x: Any) -> Any:
    if x.sum() > 3:
        x[0] = -1
    return x.sum()


@pytest.mark.parametrize("f", [np.sum, spread, piecewise, writes, writes_on_a_branch, len])
def test_a_list_of_arrays(f: Any) -> None:
    ours, theirs = arrays()[:4], arrays()[:4]
    found = vmap(f, in_axes=ragged, strict=True)(ours)
    same(found, np.stack([f(x) for x in theirs]))
    same(ours, theirs)  # what it wrote is written


@pytest.mark.parametrize("chunk", [1, 2, 4, 100])
def test_chunks(chunk: int) -> None:
    ours, theirs = arrays(), arrays()
    found = vmap(lambda x, y: (x[x > 0] * y, x.sum()), (ragged, 0), (ragged, 0), chunk_size=chunk)(ours, np.arange(6.0))
    expected = [x[x > 0] * y for x, y in zip(theirs, np.arange(6.0), strict=True)]
    same(found, (expected, np.array([x.sum() for x in theirs], float)))


def test_beside_other_arguments() -> None:
    xs, ys = arrays(), np.arange(12.0).reshape(2, 6)
    expected = [x.sum() * y.sum() + 3 for x, y in zip(xs, ys.T, strict=True)]
    same(vmap(lambda x, y, z: x.sum() * y.sum() + z, (ragged, 1, None), strict=True)(xs, ys, 3), np.stack(expected))
    found = vmap(lambda x, *, y, z: x.sum() * y.sum() + z, {"x": ragged, "y": 1}, strict=True)(xs, y=ys, z=3)
    same(found, np.stack(expected))


def test_writes_beside_other_arguments() -> None:
    def f(x: Any, y: Any) -> Any:
        y += x.sum()
        x *= 2
        return y.sum()

    xs, ys = arrays(), np.arange(12.0).reshape(6, 2)
    others, zs = copy.deepcopy(xs), ys.copy()
    same(vmap(f, (ragged, 0), strict=True)(xs, ys), np.stack([f(x, z) for x, z in zip(others, zs, strict=True)]))
    same((xs, ys), (others, zs))


def test_writes_end_with_the_first_lane_that_raises() -> None:
    def f(x: Any) -> Any:
        x[0] = 9
        return x[3 - len(x)]

    ours, theirs = arrays()[:4], arrays()[:4]
    ours[1], theirs[1] = np.ones(1), np.ones(1)
    with pytest.raises(IndexError, match="index 2 is out of bounds") as caught:
        vmap(f, in_axes=ragged)(ours)
    assert "lane 1 of 4" in caught.value.__notes__[0]
    for x in theirs[:2]:
        x[0] = 9
    same(ours, theirs)


def test_one_array_twice_is_written_in_order() -> None:
    x = np.ones(2)
    with pytest.warns(PerformanceWarning, match="overlaps other memory"):
        found = vmap(writes, in_axes=ragged)([x, np.zeros(3), x])
    same(found, np.array([22.0, 20.0, 42.0]))
    same(x, np.full(2, 21.0))


def test_writes_to_very_many_examples() -> None:
    xs = [np.ones(n % 3 + 1) for n in range(20_000)]
    same(vmap(writes, in_axes=ragged, strict=True)(xs)[:3], np.array([11.0, 22.0, 23.0]))
    assert all(x[0] == 11.0 for x in xs)


def test_a_read_only_example_can_not_be_written() -> None:
    xs = [np.ones(2), np.ones(3), np.ones(2)]
    xs[2].flags.writeable = False
    with pytest.raises(ValueError, match="read-only") as caught:
        vmap(writes, in_axes=ragged)(xs)
    assert "lane 2" in caught.value.__notes__[0]
    assert xs[0][0] == 11.0


def test_layouts_are_kept() -> None:
    def f(x: Any) -> Any:
        x.reshape(-1)[0] = 5  # writes to a copy where x does not lie in one piece
        return x.sum()

    def examples() -> list[Any]:
        return [np.ones((2, 3)), np.ones((3, 2)).T, np.ones((2, 6))[:, ::2], np.ones((3, 2)).T, np.ones((1, 4))]

    ours, theirs = examples(), examples()
    same(vmap(f, in_axes=ragged, strict=True)(ours), np.stack([f(x) for x in theirs]))
    same([x.copy() for x in ours], [x.copy() for x in theirs])


@pytest.mark.parametrize("scalars", [[1, 2, 3, 4, 5, 6], [1.0, 2, np.float32(3), True, 2**70, 0.5j]])
def test_scalars_keep_their_kinds(scalars: list[Any]) -> None:
    seen = vmap(lambda x, s: (x * s, isinstance(s, (int, float))), (ragged, ragged), ragged)(arrays(), scalars)
    same(seen, [(x * s, isinstance(s, (int, float))) for x, s in zip(arrays(), scalars, strict=True)])


def test_text_and_objects_are_handed_on() -> None:
    names = ["a", "b", "a", None, "b", "a"]
    found = vmap(lambda x, name: x.sum() if name == "a" else len(x), (ragged, ragged), strict=True)(arrays(), names)
    same(found, np.array([3.0, 2.0, 6.0, 4.0, 0.0, 15.0]))


def test_pytrees() -> None:
    xs = arrays()
    expected = np.stack([x.sum() + len(x) for x in xs])
    same(vmap(lambda p: p["a"].sum() + len(p["b"][0]), ragged, strict=True)([{"a": x, "b": [x]} for x in xs]), expected)
    same(vmap(lambda p: p["a"].sum() + len(p["b"][0]), ragged, strict=True)({"a": xs, "b": (xs,)}), expected)
    same(
        vmap(lambda p: p.first.sum() + len(p.second), (Pair(ragged, 0),))(Pair(xs, np.ones((6, 1)))),
        [x.sum() + 1 for x in xs] * np.array(1.0),
    )
    records = [Record("r", x) for x in xs]
    same(vmap(lambda r: r.data.sum() + len(r.data), ragged, strict=True)(records), expected)
    same(
        vmap(lambda p: sum(len(x) for x in p), ragged, strict=True)([[xs[0]], [xs[1], xs[0]], []]), np.array([3, 5, 0])
    )


def test_an_array_of_objects_is_a_list() -> None:
    packed = np.empty(6, object)
    packed[:] = arrays()
    same(vmap(np.sum, ragged, strict=True)(packed), np.stack([x.sum() for x in arrays()]))


def test_facts_split_the_classes() -> None:
    def f(x: Any, n: Any) -> Any:
        while x.sum() > 3:
            x = x / 2
        return x[: int(n)].sum() if n > 1 else x.min(initial=0)

    rng = np.random.default_rng(0)
    xs = [rng.normal(size=rng.integers(1, 4)) * 8 for _ in range(40)]
    n = rng.integers(0, 4, 40)
    np.testing.assert_allclose(vmap(f, (ragged, 0), strict=True)(xs, n), [f(x, k) for x, k in zip(xs, n, strict=True)])


def test_what_has_no_batched_form_runs_lane_by_lane() -> None:
    def f(x: Any) -> Any:
        return float(str(x.sum()))

    xs = [np.random.default_rng(n).normal(size=n % 3) for n in range(300)]
    with pytest.warns(PerformanceWarning):
        found = vmap(f, in_axes=ragged)(xs)
    same(found, np.array([f(x) for x in xs]))


def test_shared_state_is_written_in_the_order_of_lanes() -> None:
    def f(x: Any, total: Any) -> Any:
        total += x.sum()
        return total.copy()

    ours, theirs = np.zeros(1), np.zeros(1)
    with pytest.warns(PerformanceWarning):
        found = vmap(f, (ragged, None))(arrays(), ours)
    same(found, np.stack([f(x, theirs) for x in arrays()]))
    same(ours, theirs)


def test_many_shapes_are_no_split() -> None:
    xs = [np.ones(n) for n in range(100)] * 2
    same(vmap(np.sum, in_axes=ragged, strict=True)(xs), np.arange(100.0).tolist() * 2 * np.array(1.0))


def test_collectives_need_the_whole_axis() -> None:
    def f(x: Any) -> Any:
        return x.sum() - lax.pmax(x.sum(), "i")

    same(vmap(f, ragged, axis_name="i")([np.ones(2), np.zeros(2)]), np.array([0.0, -2.0]))
    with pytest.raises(CollectiveError, match="the examples of a ragged argument differ in shape"):
        vmap(f, ragged, axis_name="i")(arrays())


# ---- in nested maps ----


def test_a_shared_list_in_an_inner_map() -> None:
    xs = arrays()[:4]
    v = np.arange(5.0)
    expected = np.array([[(x * k).sum() if k > 2 else (x * k).max() for x in xs] for k in v])

    def f(k: Any) -> Any:
        return vmap(lambda x: (x * k).sum() if k > 2 else (x * k).max(), ragged)(xs)

    same(vmap(f, strict=True)(v), expected)


def test_a_list_of_lane_values_in_an_inner_map() -> None:
    xs = arrays()[:4]

    def f(k: Any, inner: Any) -> Any:
        return inner([x * k for x in xs])

    def g(y: Any) -> Any:
        return y.sum() if y.max() > 3 else y.min()

    v = np.arange(5.0)
    found = vmap(lambda k: f(k, vmap(g, ragged)), strict=True)(v)
    same(found, np.array([f(k, lambda ys: [g(y) for y in ys]) for k in v]))


def test_a_list_of_lists() -> None:
    xs = arrays()
    lists = [xs[:4], xs[4:5], xs[1:3] * 2, [], xs[:4]]
    same(
        vmap(vmap(np.sum, ragged), ragged, ragged, strict=True)([x for x in lists if x]),
        [np.stack([y.sum() for y in x]) for x in lists if x],
    )
    doubled = vmap(vmap(lambda y: y * 2, ragged, ragged), ragged, ragged, strict=True)(lists)
    same(doubled, [[y * 2 for y in x] for x in lists])


def test_writes_in_an_inner_map() -> None:
    def f(k: Any, xs: Any) -> Any:
        return vmap(writes, ragged)([x * k for x in xs])

    xs = arrays()[:3]
    with pytest.warns(PerformanceWarning, match="an inner function writes its ragged arguments"):
        found = vmap(f, (0, None))(np.arange(3.0), xs)
    same(found, np.array([[writes(x * k) for x in xs] for k in np.arange(3.0)]))


# ---- out ----


def positive(x: Any) -> Any:
    return x[x > 0]


X = np.array([[1.0, -2.0, 3.0], [-1.0, -5.0, -6.0], [4.0, 5.0, 6.0], [0.0, 7.0, -1.0], [2.0, 2.0, -3.0]])


def test_results_of_different_shapes() -> None:
    same(vmap(positive, out_axes=ragged, strict=True)(X), [positive(x) for x in X])
    assert [x.tolist() for x in vmap(np.flatnonzero, out_axes=ragged, strict=True)(X)] == [
        np.flatnonzero(x).tolist() for x in X
    ]


def test_a_place_in_the_results() -> None:
    def f(x: Any) -> Any:
        return {"all": x, "some": (positive(x), x.sum())}

    found = vmap(f, out_axes={"all": 1, "some": (ragged, 0)}, strict=True)(X)
    same(found, {"all": X.T.copy(), "some": ([positive(x) for x in X], X.sum(1))})
    found = vmap(f, out_axes={"all": ragged, "some": ragged}, strict=True)(X)
    same(found, {"all": [x.copy() for x in X], "some": [(positive(x), x.sum()) for x in X]})


def test_whole_results_in_a_list() -> None:
    def f(x: Any) -> Any:
        return (positive(x), x.sum(), len(x), "text", None, Record("r", x))

    found = vmap(f, out_axes=ragged, strict=True)(X)
    assert [r[5].name for r in found] == ["r"] * 5
    same(found, [f(x.copy()) for x in X])


def test_structures_may_differ() -> None:
    def f(x: Any) -> Any:
        if x[0] > 1:
            return [x, {"sum": x.sum()}]
        return "none" if x[0] < 0 else None if x[0] == 0 else x[:1]

    same(vmap(f, out_axes=ragged)(X), [f(x.copy()) if x[0] > 1 or x[0] <= 0 else x[:1].copy() for x in X])


def test_scalars_in_a_list_are_those_of_the_loop() -> None:
    def f(x: Any) -> Any:
        return x.item() if x > 1 else x if x > 0 else x.reshape(())

    same(vmap(f, out_axes=ragged)(np.arange(4.0)), [f(x) for x in np.arange(4.0)])


def test_results_share_no_memory() -> None:
    made = vmap(lambda x: x, out_axes=ragged)(X)
    made[0][:] = 100
    assert X[0, 0] == 1.0
    shared = vmap(lambda x: X[0], out_axes=ragged)(X)
    shared[0][:] = 100
    assert X[0, 0] == 1.0
    assert shared[1][0] == 1.0


def test_lane_by_lane() -> None:
    def f(x: Any) -> Any:
        return np.array([float(t) for t in str(x.tolist())[1:-1].split(",") if float(t) > 0])

    big = np.random.default_rng(1).normal(size=(200, 3))
    with pytest.warns(PerformanceWarning):
        found = vmap(f, out_axes=ragged)(big)
    same(found, [f(x) for x in big])


def test_lists_from_inner_maps_are_used_by_the_outer_function() -> None:
    def f(x: Any, inner: Any) -> Any:
        parts = inner(x)
        return np.concatenate(parts).sum() + len(parts[0])

    data = np.random.default_rng(2).integers(-2, 3, (12, 3, 2))
    found = vmap(lambda x: f(x, vmap(positive, out_axes=ragged)), strict=True)(data)
    same(found, np.stack([f(x, lambda rows: [positive(r) for r in rows]) for x in data]))


def test_lists_of_an_inner_map_that_the_outer_lanes_agree_on() -> None:
    xs = arrays()[:4]

    def f(k: Any) -> Any:
        parts, sums = vmap(lambda x: (x * k, x.sum()), ragged, (ragged, 0))(xs)
        return np.concatenate(parts), sums

    found = vmap(f, strict=True)(np.arange(3.0))
    same(found[0], np.array([np.concatenate([x * k for x in xs]) for k in np.arange(3.0)]))
    same(found[1], np.array([[x.sum() for x in xs]] * 3))


def test_lists_of_lists_out() -> None:
    data = np.random.default_rng(3).normal(size=(7, 4, 3))
    found = vmap(vmap(positive, out_axes=ragged), out_axes=ragged)(data[:, :2, :1])
    same(found, [[positive(row) for row in x] for x in data[:, :2, :1]])


def test_inner_lanes_split_by_values_of_outer_lanes() -> None:
    def f(a: Any, xs: Any, inner: Any) -> Any:
        parts = inner(lambda x: x[:2] if a > 1 else x[:1], xs)
        return sum(p.sum() for p in parts)

    def loop(g: Any, xs: Any) -> Any:
        return [g(x) for x in xs]

    found = vmap(lambda a: f(a, X, lambda g, xs: vmap(g, out_axes=ragged)(xs)), strict=True)(np.arange(4.0))
    same(found, np.array([f(a, X, loop) for a in np.arange(4.0)]))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_random_nests(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = rng.integers(-2, 3, (rng.integers(1, 5), rng.integers(1, 4), 2)).astype(float)
    shift = rng.integers(-1, 2, len(data)).astype(float)

    def inner(x: Any, s: Any) -> Any:
        y = x[x > s]
        if x.sum() > s:
            return y, y.sum() + s
        return y * 2, s

    def outer(x: Any, s: Any) -> Any:
        return vmap(inner, (0, None), (ragged, 0))(x, s)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        found = vmap(outer, out_axes=ragged)(data, shift)
    for (parts, sums), x, s in zip(found, data, shift, strict=True):
        expected = [inner(row, s) for row in x]
        same(parts, [part for part, _ in expected])
        np.testing.assert_array_equal(sums, [total for _, total in expected])


def test_shapes_without_values() -> None:
    found = eval_shape(vmap(lambda x: x * 2, ragged, ragged), [np.ones(2), np.ones(3)])
    assert [s.shape for s in found] == [(2,), (3,)]


# ---- empty lists ----


def test_no_lanes() -> None:
    assert vmap(positive, ragged, ragged)([]) == []
    assert vmap(positive, out_axes=ragged)(X[:0]) == []
    same(vmap(lambda x: (x, x.sum()), out_axes=(ragged, 0))(X[:0]), ([], np.zeros(0)))
    with pytest.raises(TraceError, match="no examples") as caught:
        vmap(np.sum, ragged)([])
    assert "out_axes=lanewise.ragged" in str(caught.value)


# ---- messages ----


def message(error: type[Exception], call: Any) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_sizes_that_differ() -> None:
    text = message(ValueError, lambda: vmap(lambda xs, y: xs, (ragged, 0))(arrays(), np.ones((3, 2))))
    assert "xs  a list of 6       -> 6" in text
    assert "y   axis 0 of (3, 2)  -> 3" in text
    text = message(ValueError, lambda: vmap(lambda p: p, ({"a": ragged, "b": ragged},))({"a": [1], "b": [1, 2]}))
    assert "p['a']  a list of 1  -> 1" in text
    text = message(ValueError, lambda: vmap(np.sum, ragged, axis_size=3)(arrays()))
    assert "axis_size is 3" in text
    assert "a list of 6" in text


def test_what_is_no_list() -> None:
    text = message(TypeError, lambda: vmap(lambda xs: xs, ragged)(np.ones(3)))
    assert "in_axes is lanewise.ragged for xs, which must be a list with one example for each lane" in text
    text = message(TypeError, lambda: vmap(lambda xs: xs, ragged)((np.ones(3), np.ones(2))))
    assert "xs[0]" in text
    assert "list(...) makes a list of a tuple" in text


def test_shapes_that_differ_without_ragged() -> None:
    text = message(ValueError, lambda: vmap(positive)(X))
    assert "    (2,)  lanes 0, 4\n    (0,)  lane 1\n    (3,)  lane 2\n    (1,)  lane 3\n" in text
    assert "out_axes=lanewise.ragged" in text
    text = message(ValueError, lambda: vmap(lambda x: (x[:1],) if x[0] > 1 else x[:1])(X))
    assert "differ in structure" in text
    assert "out_axes=lanewise.ragged" in text
    text = message(ValueError, lambda: vmap(positive, chunk_size=1)(X))
    assert "out_axes=lanewise.ragged" in text


def test_the_names_of_places() -> None:
    text = message(ValueError, lambda: vmap(lambda x: (x, {"k": x}), out_axes=(ragged, None))(X))
    assert "out_axes is None for result[1]['k']" in text
    text = message(ValueError, lambda: vmap(lambda x: (x, x), out_axes=(ragged, 4))(X))
    assert "out_axes=4 is out of range for result[1]" in text


def test_ragged_is_one_of_a_kind() -> None:
    assert repr(ragged) == "lanewise.ragged"
    assert copy.deepcopy(ragged) is ragged
    assert pickle.loads(pickle.dumps(ragged)) is ragged
    assert lanewise.ragged is ragged


# ---- padding ----


def test_pad() -> None:
    batch, mask = pad([[1.0, 2.0, 3.0], [], [4.0]], np.nan)
    np.testing.assert_array_equal(batch, [[1, 2, 3], [np.nan] * 3, [4, np.nan, np.nan]])
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, ~np.isnan(batch))


def test_pad_in_several_dimensions() -> None:
    batch, mask = pad([np.ones((2, 1)), np.ones((1, 3))], -1)
    assert batch.tolist() == [[[1, -1, -1], [1, -1, -1]], [[1, 1, 1], [-1, -1, -1]]]
    np.testing.assert_array_equal(mask, batch == 1)
    batch, mask = pad([1, 2, 3])
    assert (batch.tolist(), mask.tolist()) == ([1, 2, 3], [True] * 3)


@pytest.mark.parametrize(("dtypes", "fill", "expected"), [
    (("f4", "i2"), 0, "f4"), (("f4", "f8"), 0, "f8"), (("i4",), np.nan, "f8"), (("f4",), np.nan, "f4"),
    (("i2",), -1, "i2"),
    (("?",), False, "?"), (("?",), 0, "i8"), (("f4",), np.float64(0), "f8"), (("c8",), 1.0, "c8"), (("i4",), 1j, "c16"),
])  # fmt: skip
def test_pad_promotes(dtypes: Any, fill: Any, expected: str) -> None:
    batch, mask = pad([np.ones(n + 1, dtype) for n, dtype in enumerate(dtypes)], fill)
    assert batch.dtype == expected
    assert np.where(mask, np.ones(1, np.result_type(*dtypes)), fill).dtype == expected


def test_pad_for_a_maximum() -> None:
    xs = [x for x in arrays() if len(x)]
    found = vmap(np.max, strict=True)(pad(xs, -np.inf)[0])
    same(found, np.array([x.max() for x in xs], float))


def test_pad_refuses() -> None:
    assert "pad: there are no arrays" in message(ValueError, lambda: pad([]))
    assert "arrays[1] has 2" in message(ValueError, lambda: pad([[1], [[2]]]))
    assert "fill must be a scalar" in message(ValueError, lambda: pad([[1]], [1, 2]))
