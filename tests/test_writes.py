"""Writes: to mapped arguments they are committed once; to what lanes share, in the order of lanes."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from law import check

import lanewise.numpy as lnp
from lanewise import PerformanceWarning, vmap

A = np.arange(12.0).reshape(4, 3) - 5


def assigns(x):
    x[0] = x[1] * 2
    if x[2] > 0:
        x[1] = 7
    return x.sum()


def writes_through_a_view(x):
    tail = x[1:]
    tail[0] = 5
    x[2] = tail[0] + 1
    return x * 1


def writes_then_raises(x):
    x[0] = 1
    if x[2] > 0:
        raise KeyError("positive")
    return x.sum()


def raises_in_the_middle(x):
    x[0] = 100
    if x[1] > 3:
        raise ValueError("too large")
    x[2] = 200
    return x.sum()


def writes_after_a_split(x):
    y = x * 2
    if y[0] > 0:
        y[1] = 0
    return y


def writes_a_view_after_a_split(x):
    y = x * 2
    tail = y[1:]
    if x[0] > -3:
        tail[0] = 100
    return y


def writes_an_argument_after_a_split(x):
    if x[0] > -3:
        x[1] = 50
    return x.sum()


def adds_in_place(x):
    x += 1
    x *= 2
    x[1:] -= x[:-1]
    return x.max()


def uses_out(x):
    np.add(x, 1, out=x)
    np.sin(x[:2], out=x[:2])
    return x.sum()


def sorts(x):
    x.sort()
    return x[0]


def fills(x):
    x.fill(x[1])
    return x[0]


def writes_by_a_lane_index(x):
    x[np.argmax(x)] = -1
    return x.sum()


def writes_by_a_mask(x):
    x[x < 0] = 0
    return x.sum()


WRITERS = [
    assigns, writes_through_a_view, writes_then_raises, raises_in_the_middle, writes_after_a_split,
    writes_a_view_after_a_split, writes_an_argument_after_a_split, adds_in_place, uses_out, sorts, fills,
    writes_by_a_lane_index, writes_by_a_mask,
]  # fmt: skip


@pytest.mark.parametrize("function", WRITERS)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_writes_to_mapped_arguments_are_committed(function, axis):
    check(function, np.ascontiguousarray(np.moveaxis(A, 0, axis)), in_axes=axis)


@pytest.mark.parametrize("function", WRITERS)
def test_writes_in_nested_maps(function):
    strict = "raises" not in function.__name__  # an inner function that writes and raises: in the order of lanes
    check(function, np.arange(24.0).reshape(2, 4, 3) - 9, in_axes=[0, 0], strict=strict)
    check(function, np.arange(24.0).reshape(3, 4, 2) - 9, in_axes=[2, 1], strict=strict)


def test_writes_of_an_inner_call_reach_the_outer_argument():
    def outer(x):
        def inner(row):
            if row[0] > 8:
                row[0] = -row[1]
            return row.sum()

        total = 0.0
        for row in x:
            total = total + inner(row)
        return total + x.sum()

    def mapped(x):
        def inner(row):
            if row[0] > 8:
                row[0] = -row[1]
            return row.sum()

        return vmap(inner)(x).sum() + x.sum()

    x = np.arange(24.0).reshape(4, 3, 2)
    mine, theirs = x.copy(), x.copy()
    assert np.array_equal(vmap(mapped)(mine), [outer(row) for row in theirs])
    assert np.array_equal(mine, theirs)


def test_a_read_only_argument_raises_as_in_numpy():
    x = A.copy()
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        vmap(assigns)(x)


def test_unmapped_arrays_are_written_in_the_order_of_lanes():
    def count(x, total):
        total[0] += x
        return total[0]

    total = np.zeros(2)
    with pytest.warns(PerformanceWarning, match="an array that the lanes share is written"):
        found = vmap(count, in_axes=(0, None))(np.arange(4.0), total)
    assert found.tolist() == [0.0, 1.0, 3.0, 6.0]
    assert total.tolist() == [6.0, 0.0]
    with pytest.raises(PerformanceWarning):
        vmap(count, in_axes=(0, None), strict=True)(np.arange(4.0), total)
    assert total.tolist() == [6.0, 0.0], "a refused call leaves nothing behind"


def test_arrays_inside_unmapped_pytrees_are_shared_too():
    def count(x, state):
        state["total"][0] += x
        return state["total"][0]

    state = {"total": np.zeros(1), "name": "sum"}
    with pytest.warns(PerformanceWarning):
        found = vmap(count, in_axes=(0, None))(np.arange(4.0), state)
    assert found.tolist() == [0.0, 1.0, 3.0, 6.0]
    assert state["total"][0] == 6.0


TOTALS = np.zeros(3)


def counts_in_a_global(x):
    TOTALS[0] += 1
    return x + TOTALS[0]


def test_closures_and_globals_are_written_in_the_order_of_lanes():
    totals = np.zeros(2)

    def counts_in_a_closure(x):
        totals[1] += 1
        return x + totals[1]

    TOTALS[:] = 0
    with pytest.warns(PerformanceWarning, match="an array that the lanes share is written"):
        assert vmap(counts_in_a_closure)(np.zeros(3)).tolist() == [1.0, 2.0, 3.0]
    assert totals.tolist() == [0.0, 3.0]
    with pytest.warns(PerformanceWarning, match="an array that the lanes share is written"):
        assert vmap(counts_in_a_global)(np.zeros(3)).tolist() == [1.0, 2.0, 3.0]
    assert TOTALS.tolist() == [3.0, 0.0, 0.0]
    with pytest.raises(PerformanceWarning):
        vmap(counts_in_a_global, strict=True)(np.zeros(3))
    assert TOTALS.tolist() == [3.0, 0.0, 0.0]


def test_a_write_that_restores_the_old_value_is_noticed():
    flag = np.zeros(1)

    def toggles(x):
        if x > 0:
            flag[0] = 1.0
        else:
            flag[0] = 0.0
        return x + flag[0]

    x = np.array([1.0, -1.0, 2.0, -2.0, 0.0])
    expected = [toggles(v) for v in x]
    flag[0] = 0.0
    with pytest.warns(PerformanceWarning):
        assert vmap(toggles)(x).tolist() == expected


def test_a_write_behind_a_handler_is_noticed():
    total = np.zeros(1)

    def swallows(x):
        try:
            total[0] += 1
        except ValueError:
            return -1.0
        return x + total[0]

    with pytest.warns(PerformanceWarning, match="catches exceptions"):
        assert vmap(swallows)(np.zeros(3)).tolist() == [1.0, 2.0, 3.0]


def test_a_write_through_another_view_is_undone_and_done_in_order():
    total = np.zeros(2)
    views = {"tail": total[1:], "hidden": lambda: None}
    views["hidden"].array = total[1:]

    def through(x):
        views["hidden"].array[0] += 1
        return x + total[1]

    with pytest.warns(PerformanceWarning):
        assert vmap(through)(np.zeros(3)).tolist() == [1.0, 2.0, 3.0]
    assert total.tolist() == [0.0, 3.0]
    assert total.flags.writeable
    assert views["tail"].flags.writeable


def test_a_local_array_of_an_outer_function_is_shared_by_inner_lanes():
    def outer(x):
        seen = np.zeros(1)

        def inner(y):
            seen[0] += 1
            return y * seen[0]

        return vmap(inner)(np.ones(3)).sum() + x

    with pytest.warns(PerformanceWarning):
        assert vmap(outer)(np.zeros(2)).tolist() == [6.0, 6.0]


def test_a_scalar_does_not_follow_the_array_that_it_was_read_from():
    def swaps(x):
        first = x[0]
        x[0] = x[1]
        x[1] = first
        return x[0] - x[1]

    check(swaps, A)
    check(lambda x: (lambda y: (y[0], y.fill(3.0), y[0])[0])(x * 1.0), A)


def test_an_outer_value_stays_shared_after_an_inner_split():
    def outer(x):
        def inner(y):
            if y > x[0]:
                x[-1] += y
            return x[-1]

        return vmap(inner)(np.array([0.0, 1.0, 2.0])).sum()

    def plain(x):
        total = 0.0
        for y in (0.0, 1.0, 2.0):
            if y > x[0]:
                x[-1] += y
            total += x[-1]
        return total

    mine, theirs = A.copy(), A.copy()
    with pytest.warns(PerformanceWarning):
        assert vmap(outer)(mine).tolist() == [plain(row) for row in theirs]
    assert np.array_equal(mine, theirs)


class Counter:
    def __init__(self):
        self.count = np.zeros(1)

    def step(self, x):
        self.count[0] += 1
        return x + self.count[0]


def test_arrays_of_objects_and_partials_are_written_in_the_order_of_lanes():
    counter = Counter()
    with pytest.warns(PerformanceWarning):
        assert vmap(counter.step)(np.zeros(3)).tolist() == [1.0, 2.0, 3.0]

    def step(total, x):
        total[0] += 1
        return x + total[0]

    total = np.zeros(1)
    with pytest.warns(PerformanceWarning):
        assert vmap(functools.partial(step, total))(np.zeros(3)).tolist() == [1.0, 2.0, 3.0]
    assert total[0] == 3.0


def test_overlapping_arguments_are_written_in_the_order_of_lanes():
    def smear(window):
        window[2] = window[0] + window[1]
        return window.sum()

    def windows():
        base = np.arange(6.0)
        return base, np.lib.stride_tricks.sliding_window_view(base, 3, writeable=True)

    base, x = windows()
    other, y = windows()
    with pytest.warns(PerformanceWarning, match="overlaps"):
        found = vmap(smear)(x)
    assert found.tolist() == [smear(row) for row in y]
    assert base.tolist() == other.tolist()


def test_an_argument_that_is_written_and_read_whole():
    def step(row, table):
        row[0] = table.sum()
        return row[0]

    table, other = A.copy(), A.copy()
    with pytest.warns(PerformanceWarning):
        found = vmap(step, in_axes=(0, None))(table, table)
    assert found.tolist() == [step(row, other) for row in other]
    assert np.array_equal(table, other)


def test_arrays_made_inside_take_lane_values():
    def filled(x):
        out = lnp.zeros(3)
        out[0] = x
        out[1:] = x * 2
        return out

    check(filled, np.array([1.0, 2.0]))
    check(filled, np.arange(6.0).reshape(2, 3), in_axes=[0, 0])

    def like(x):
        out = np.zeros_like(x)
        for n in range(len(x)):
            out[n] = x[: n + 1].sum()
        return out

    check(like, A)


def test_plain_arrays_that_take_lane_values_are_right_if_slow():
    def filled(x):
        out = np.zeros(3)
        out[0] = x
        return out

    check(filled, np.arange(100.0), strict=False)

    def accumulated(x):
        out = np.zeros(3)
        out += x
        return out

    check(accumulated, A, strict=False)


def test_results_are_fresh():
    x = A.copy()
    wide = lambda v: np.broadcast_to(v, (2, 3))  # noqa: E731
    for function in (lambda v: v, lambda v: v[1:], lambda v: v.T, lambda v: (v, v), wide):
        found = vmap(function)(x)
        leaves = found if isinstance(found, tuple) else (found,)
        for n, result in enumerate(leaves):
            assert result.flags.writeable
            assert not np.shares_memory(result, x)
            assert not any(np.shares_memory(result, other) for other in leaves[:n])
    shared = np.ones(3)
    result = vmap(lambda v: shared)(x)
    result[...] = 5
    assert shared.tolist() == [1.0, 1.0, 1.0]


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.sampled_from(
            ["x[0] = x[1]", "x[1] += 2", "x *= 2", "y = x[1:]", "y[0] = 3", "x[-1] = y[0] * 2", "y = x * 1.0",
             "if x[0] > x[1]: x[0] = 0", "if y[0] > 2: y[0] -= 1", "x = x + y[0]", "x[x > 4] = 1", "z = x[::-1]",
             "z[0] = y[0]", "while x[1] > 3: x[1] -= 2", "y = z.copy()", "y, z = z, y"]
        ),
        max_size=8,
    ),
    nested=st.booleans(),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_random_writes(steps, nested, seed):
    lines = ["def f(x):", "y = x[:]", "z = x[:]", *steps, "return x.sum() + y[0]"]
    source = "\n    ".join(lines)
    namespace = {}
    exec(source, namespace)
    x = np.random.default_rng(seed).integers(-3, 6, (2, 4, 3) if nested else (5, 3)).astype(float)
    check(namespace["f"], x, in_axes=[0, 0] if nested else [0], strict=False)
