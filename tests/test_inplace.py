"""Everything that changes an array, on arguments, fresh arrays, views, and arrays that do not vary yet.

A step is run in a function of an array ``a``, a vector ``v`` and an index ``i``, which are mapped or shared in every
combination. ``b`` is the array to be written, of one of several origins. What is returned, and what is left in the
arguments, must be what the loop gives; without falling back, where the table does not say why.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from law import BATCHES, FIXED, Batch, Row, check, loop
from steps import GROUPS, ORIGINS, Step

import lanewise.numpy as lnp
from lanewise import PerformanceWarning, vmap


def run(step: Step, origin: str, batch: Batch, *, refused: bool = False) -> None:
    """Check one step in one kind of batch."""
    row = Row(step.code, step.function(origin), (step.a, step.v, step.i))
    args, axes, masks = row.operands(batch)
    alone = origin != "argument" or all(mask & 1 for mask in masks)  # else the lanes share what they write
    strict = alone and not step.slow and not refused and batch.layout != "readonly"
    try:
        check(row.f, *args, in_axes=[tuple(level) for level in axes], strict=strict)
    except AssertionError as error:
        error.add_note(f"{step.code}, {origin}: {batch}")
        raise


CASES = [pytest.param(name, n, id=f"{name}: {step.code}") for name in GROUPS for n, step in enumerate(GROUPS[name])]


@pytest.mark.parametrize(("name", "number"), CASES)
def test_steps(name, number):
    step = GROUPS[name][number]
    # ufunc.at writes to read-only arrays
    batches = [batch for batch in FIXED if batch.size and not (name == "at" and batch.layout == "readonly")]
    for n, origin in enumerate(ORIGINS):  # arguments in every batch, other origins in every third
        for batch in batches if origin == "argument" else batches[(n + number) % 3 :: 3]:
            run(step, origin, batch, refused=name == "refused")


@settings(max_examples=150, deadline=None)
@given(data=st.data(), origin=st.sampled_from(list(ORIGINS)), batch=BATCHES.filter(lambda batch: batch.size))
def test_steps_at_random(data, origin, batch):
    name = data.draw(st.sampled_from(list(GROUPS)))
    step = data.draw(st.sampled_from(GROUPS[name]))._replace(slow="it may be")  # strict is the fixed batches' task
    assume(name != "at" or batch.layout != "readonly")
    run(step, origin, batch)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (1, 1), (2, 0)])
def test_small_and_empty_arrays(shape):
    def f(x, y):
        z = lnp.zeros(shape)
        z[...] = y
        x[...] = x + z
        x += y
        np.multiply(x, 2, out=x)
        x.fill(y)
        np.copyto(x, z, where=x > 0)
        if shape:
            x.sort()
            x[:1] = y
        return x, z

    x = np.arange(3 * np.prod(shape, dtype=int), dtype=float).reshape(3, *shape)
    if shape:
        check(f, x, np.arange(3.0) - 1)
    else:  # one example of a vector is a scalar, which can't be written
        check(lambda x, y: f(lnp.array(x), y), x, np.arange(3.0) - 1)


def test_views_of_an_array_follow_when_it_starts_to_differ():
    def f(x, k):
        table = lnp.zeros((3, 4))
        row, column, corner, flat = table[1], table[:, 2], table[1:, 1:].T, table.ravel()
        other = lnp.ones(3)
        table[0, 0] = 1.0
        row[2] = x[0]
        column += x[1]
        corner[0, 0] = k
        flat[k] = -5
        other[0] = x[0]
        return table, row * 1, column * 1, corner * 1, flat * 1, other, row.sum() + other.sum()

    check(f, np.arange(6.0).reshape(3, 2), np.arange(3))
    check(f, np.arange(12.0).reshape(2, 3, 2), np.arange(6).reshape(2, 3), in_axes=[0, 0])
    check(f, np.arange(8.0).reshape(4, 2), np.arange(3), in_axes=[(0, None), (None, 0)])


def test_what_an_inner_function_makes_of_outer_values_is_its_own():
    def inner(x, y):
        mine = x * 2
        tail = mine[1:]
        mine[0] = y
        tail += y
        return mine, x.sum()

    def outer(x, ys):
        return vmap(inner, in_axes=(None, 0), strict=True)(x, ys)

    x, y = np.arange(6.0).reshape(2, 3), np.arange(4.0)
    found = vmap(outer, in_axes=(0, None), strict=True)(x, y)
    expected = loop(loop(inner, (None, 0)), (0, None))(x, y)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))

    def spoils(x, y):
        mine = x * 2
        mine[0] = y
        x[1] += y  # the inner lanes share it
        return mine + x

    mine, theirs = x.copy(), x.copy()
    with pytest.warns(PerformanceWarning):
        found = vmap(lambda x: vmap(spoils, in_axes=(None, 0))(x, y))(mine)
    assert np.array_equal(found, loop(lambda x: loop(spoils, (None, 0))(x, y))(theirs))
    assert np.array_equal(mine, theirs)


def test_a_row_found_by_a_lane_index_is_a_view():
    def f(x, k):
        row = x[k]
        row[0] = 10
        x[0] = x[0] + 1
        part = row[1:]
        part *= 2
        pair = x[k, 1], x[k, ..., 1]
        x[k] -= 1
        return row * 1, part * 1, *(p * 1 for p in pair), x

    x = np.arange(24.0).reshape(4, 2, 3)
    k = np.array([0, 1, 1, 0])
    check(f, x, k)
    check(lambda x, k: f(x * 1, k), x, k)
    check(lambda x, k: f(lnp.array(x), k), x[0], k, in_axes=(None, 0), strict=False)


def test_a_copy_found_by_an_array_is_none():
    def f(x, k):
        row = x[[k]]
        other = x[k, [0, 1]]
        row[0] = 10
        other[0] = 20
        return row, other, x

    check(f, np.arange(24.0).reshape(4, 2, 3), np.array([0, 1, 1, 0]))


def test_fields_are_views():
    def f(x, y):
        x["a"][0] = y
        x["b"] += 1
        x["a"][1] = 5
        part = x["b"][1:]
        part[...] = y
        return x["a"] * 1, x["b"] * 1

    x = np.zeros((3, 2), [("a", "f8"), ("b", "f4")])
    mine, theirs = x.copy(), x.copy()
    y = np.arange(3.0)
    found = vmap(f)(mine, y)
    expected = [f(row, value) for row, value in zip(theirs, y, strict=True)]
    for n in range(2):
        assert np.array_equal(found[n], np.stack([e[n] for e in expected]))
    assert np.array_equal(mine, theirs)


def test_a_failed_write_leaves_what_it_leaves_in_the_loop():
    def f(x):
        x[0] = 1
        x[np.argmax(x)] = 2
        np.put(x, [1, 7 if x[2] > 3 else 2], 9.0)
        return x.sum()

    check(f, np.arange(12.0).reshape(4, 3) - 4, strict=False)


def test_errors_of_floating_point_do_not_do_half_of_the_work_twice():
    def f(x, y):
        with np.errstate(divide="raise"):
            try:
                x /= y
            except FloatingPointError:
                x += 100
        return x

    mine, theirs = np.ones((3, 2)), np.ones((3, 2))
    y = np.array([[1.0, 2.0], [0.0, 4.0], [5.0, 2.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        found = vmap(f)(mine, y)
    expected = np.stack([f(a, b) for a, b in zip(theirs, y, strict=True)])
    assert np.array_equal(found, expected)
    assert np.array_equal(mine, theirs)


def test_a_complex_value_loses_its_imaginary_part_with_numpys_warning():
    def f(x, z):
        x[0] = z
        return x

    with pytest.warns(np.exceptions.ComplexWarning):
        found = vmap(f, strict=True)(np.zeros((2, 2)), np.array([1 + 2j, 3j]))
    assert found.tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_an_array_passed_twice_is_written_in_order():
    def f(x, y):
        x[0] += y[1]
        y[1] *= 2
        return x.sum()

    mine, theirs = np.arange(6.0).reshape(3, 2), np.arange(6.0).reshape(3, 2)
    with pytest.warns(PerformanceWarning, match="overlaps"):
        found = vmap(f)(mine, mine)
    assert found.tolist() == [f(row, row) for row in theirs]
    assert np.array_equal(mine, theirs)


def test_results_that_are_a_shared_array_show_what_is_in_it_at_the_end():
    def f(x, total):
        total += x
        return total

    with pytest.warns(PerformanceWarning):
        found = vmap(f, in_axes=(0, None))(np.arange(4.0), np.zeros(2))
    assert np.array_equal(found, loop(f, (0, None))(np.arange(4.0), np.zeros(2)))
