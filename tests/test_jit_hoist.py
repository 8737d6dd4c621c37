"""What lanes share in loops of so many turns is computed once for all of them, under `jit`."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from lanewise import PerformanceWarning, jit, make_program, vmap
from lanewise.compile.passes import simplify

N = 67
RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=N).round(3), RNG.normal(size=N).round(3)
TABLE = RNG.normal(size=(40, 3)).round(3)


def held(f, *args, in_axes=0):
    """Compare with the loop, bit by bit; nothing falls back."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerformanceWarning)
        found = jit(vmap(f, in_axes=in_axes))(*args)
    np.testing.assert_array_equal(found, vmap(f, in_axes=in_axes)(*args))
    axes = (in_axes,) * len(args) if isinstance(in_axes, int) else in_axes
    rows = [[x if axis is None else x[n] for x, axis in zip(args, axes, strict=True)] for n in range(N)]
    np.testing.assert_array_equal(found, [f(*row) for row in rows])


def loops(f, *args, in_axes=0):
    """The loops of the program of a function: for each, how many values it carries, and reads row by row."""
    program = simplify(make_program(vmap(f, in_axes=in_axes))(*args))
    return [
        (len(node.args[2]), len(node.args[3])) if node.function == "scan" else "while"
        for node in program.nodes if node.function in ("while", "scan")
    ]  # fmt: skip


def smoothed(x, a):
    weight = np.ones(2)
    for _ in range(30):
        weight = np.array([weight[1] * a + 0.5, weight[0] / (a + 2.0)])
        x = x * weight[0] - weight[1]
    return x


def test_what_lanes_share_has_a_loop_of_its_own():
    assert loops(smoothed, X, 0.25, in_axes=(0, None)) == [(1, 0), (1, 2)]
    held(smoothed, X, 0.25, in_axes=(0, None))


def test_where_lanes_share_nothing_there_is_one_loop():
    assert loops(smoothed, X, Y) == ["while"]
    held(smoothed, X, Y)


def test_a_loop_that_lanes_leave_apart_is_one():
    def f(x, a):
        w = np.float64(1.0)
        for _ in range(30):
            w = w * a + 0.5 / (a + w)
            if x > 4.0:
                break
            x = x + w
        return x

    assert loops(f, X, 0.25, in_axes=(0, None)) == ["while"]
    held(f, X, 0.25, in_axes=(0, None))


@pytest.mark.parametrize("numbers", [range(3, 60, 4), range(40, 0, -1), range(-9, 9), range(0, 30, 29)], ids=str)
def test_counters(numbers):
    def f(x, a):
        w = a * 1
        for n in numbers:
            w = w * 0.5 + n / (w * w + 1.0)
            x = x * w + n + TABLE[n % 40, 1]
        return x

    held(f, X, np.float64(0.25), in_axes=(0, None))


def test_what_is_shared_after_the_loop():
    def f(x, a):
        w, old = a * 1, a * 1
        for _ in range(25):
            old = w
            w = w * w * 0.25 + a / (1.0 + w * w)
            x = x * w + old
        return np.stack([x, w, old])

    held(f, X, np.float64(0.5), in_axes=(0, None))


def test_masks_complex_numbers_and_integers_are_stacked():
    def f(x, a):
        z, n = np.complex128(0.5 + 0.25j) * a, np.int64(7)
        for _ in range(25):
            z = z * z * 0.5 + a * 0.25j
            n = (n * 5 + 3) % 11
            big = (z.real > 0.01) & (n > 4)
            x = np.where(big, x * 0.5 + n, x + z.imag)
        return x

    held(f, X, np.float64(0.5), in_axes=(0, None))


def test_what_is_shared_may_raise():
    def f(x, a):
        w = a
        for n in range(20):
            w = w - 1.0
            x = x + 1.0 / w + w * w * n
        return x

    held(f, X, 0.5, in_axes=(0, None))
    with pytest.raises(ZeroDivisionError):
        jit(vmap(f, in_axes=(0, None)))(X, 7.0)


def test_what_a_table_has_for_each_turn():
    def f(x, table):
        for n in range(40):
            row = table[n]
            x = x * math.cos(row[0]) + row[1] * row[2]
        return x

    np.testing.assert_allclose(
        jit(vmap(f, in_axes=(0, None)))(X, TABLE), [f(x, TABLE) for x in X], rtol=1e-13, atol=1e-13
    )


def test_nested_maps_share_what_the_inner_one_does_not_change():
    def f(x, a):
        w = a * 1
        for _ in range(25):
            w = w * w * 0.25 + a / (1.0 + w * w)
            x = x * w + 0.5
        return x

    pairs = vmap(vmap(f, in_axes=(0, None)), in_axes=(None, 0))
    expected = [[f(x, a) for x in X] for a in Y]
    np.testing.assert_array_equal(jit(pairs)(X, Y), expected)
    turned = vmap(vmap(f, in_axes=(None, 0)), in_axes=(0, None))
    np.testing.assert_array_equal(jit(turned)(X, Y), np.transpose(expected))


def test_a_loop_that_lanes_share_runs_before_theirs():
    def f(x, a):
        w = a * 1
        while w * w - a > 1e-9:
            w = (w + a / w) / 2
        return x * w

    held(f, X, np.float64(7.0), in_axes=(0, None))


def test_rows_of_an_array_are_a_loop():
    def f(rows, q):
        total, spread = np.zeros(2), np.eye(2)
        for row in rows:
            spread = spread * 0.5 + q * np.outer(total * 0.0 + 1.0, np.array([1.0, 2.0]))
            gain = spread[:, 0] / (spread[0, 0] + 1.0)
            total = total + gain * (row - total)
        return total

    rows = RNG.normal(size=(N, 60, 2)).round(3)
    assert len(make_program(vmap(f, in_axes=(0, None)))(rows, 0.5).nodes) < 60
    held(f, rows, 0.5, in_axes=(0, None))


# ---- loops over plain numbers ----

FLOATS = [float(x) for x in RNG.normal(size=600).round(3)]
INTEGERS = tuple([int(n) for n in RNG.integers(0, 9, 600)])
NUMPYS = list(RNG.normal(size=600).round(3))
ROWS = RNG.normal(size=(300, 3)).round(3)
TEXTS = ["a", "b"] * 150


def of_floats(x):
    for c in FLOATS:
        x = x * 0.5 + c
    return x


def of_integers(x):
    total = 0
    for k in INTEGERS:
        total += k
        x = x + k * 0.5 - total % 3
    return np.stack([x, x * 0 + total])


def of_numpys(x):
    for c in NUMPYS:
        x = x * 0.5 + c
    return x


def of_rows(x):
    for row in ROWS:
        x = x * row[0] + row[1] * row[2]
    return x


def of_several(x):
    for c, (n, row) in zip(FLOATS, enumerate(ROWS), strict=False):
        x = x * row[0] + n * c
    return x


def by_number(x):
    for k in INTEGERS[:300]:
        x = x * 0.5 + FLOATS[k]
    return x


def to_one_power(x):
    for k in INTEGERS:
        x = np.where(k == 3, x * 0.5, x + [k, 1][k > 4])
    return x


def of_texts(x):
    for text in TEXTS:
        x = x + (0.5 if text == "a" else 0.25)
    return x


def plainly(x):
    known = {}
    total = 0.0
    for n, c in enumerate(FLOATS):
        total += c
        known[n] = total
    return x * known[7]


@pytest.mark.parametrize(
    "f", [of_floats, of_integers, of_numpys, of_rows, of_several, by_number, to_one_power, of_texts, plainly],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_loops_over_many_plain_numbers(f):
    held(f, X)


@pytest.mark.parametrize("f", [of_floats, of_integers, of_numpys, of_rows, of_several], ids=lambda f: f.__name__)
def test_loops_over_many_plain_numbers_are_loops(f):
    assert len(make_program(vmap(f))(X).nodes) < 60


@pytest.mark.parametrize("size", [12, 400])
def test_items_of_a_global_array_are_read_at_each_call(size):
    table = np.linspace(0, 1, size)

    def f(x):
        for c in table:
            x = x * 0.5 + c
        return x

    g = jit(vmap(f))
    g(X)
    table += 3.0
    np.testing.assert_array_equal(g(X), [f(x) for x in X])


def test_items_of_a_global_array_that_python_must_know():
    sizes = np.arange(1, 13)

    def f(x):
        for n in sizes:
            x = x * 0.5 + np.ones(n).sum()
        return x

    held(f, X)
