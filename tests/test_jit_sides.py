"""Long sides of an ``if`` in compiled functions: jumped over where no lane of a vector comes to them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from compiled import same
from wild import WILD

from lanewise import jit, lax, vmap
from lanewise.compile import jumps, sides

pytestmark = pytest.mark.filterwarnings("error::lanewise.PerformanceWarning")
RNG = np.random.default_rng(17)
NORMAL = RNG.normal(size=700)
BATCHES = {
    "one side": np.abs(NORMAL) + 0.1,
    "the other": -np.abs(NORMAL) - 0.1,
    "mixed": NORMAL,
    "sorted": np.sort(NORMAL),
    "alternating": np.where(np.arange(300) % 2, 1.5, -1.5),
    "one lane": np.where(np.arange(200) == 77, 1.5, -1.5),
    "a lane": np.array([0.25]),
    "three lanes": np.array([-1.0, 0.0, 2.0]),
    "nan": np.resize([np.nan, 1.0, -2.0, 0.0, -0.0], 99),
    "all nan": np.full(70, np.nan),
    "infinite": np.resize([np.inf, -np.inf, 1.0], 66),
}
each_batch = pytest.mark.parametrize("x", BATCHES.values(), ids=BATCHES)


def slow(x):
    return np.exp(-x * x) * np.sin(x) + np.cos(x) * np.tanh(x) + np.sqrt(np.abs(x)) / (1.0 + x * x)


def slower(x):
    return np.log1p(x * x) * np.cos(x) - np.arctan(x) * np.exp(-np.abs(x)) + np.cbrt(x)


def code_of(compiled):
    (plan,) = [known.plan for known in compiled.known.values()]
    return "\n".join(step.text for step in plan.steps)


def two(x):
    if x > 0:
        return slow(x) * x
    return slower(x) - 1.0


def early(x):
    if x > 1.0:
        return slow(x)
    y = slower(x) + x
    if y < -1.0:
        return y * slow(y)
    return slow(y + 1.0) - slower(y)


def chain(x):
    if x < -1:
        kind, y = 0, slow(x)
    elif x < 0.2:
        kind, y = 1, slower(x)
    elif x < 1:
        kind, y = 2, slow(x) - slower(x)
    else:
        kind, y = 3, x
    return kind, y


def nested(x):
    y = x
    if x > -0.5:
        y = slow(x) + 1.0
        if y > 1.2:
            y = slower(y) * slow(x)
            if x > 1.0:
                y = slow(y) - slower(x)
        else:
            y = y - slow(y)
    return y * 2.0


def with_loops(x):
    y = x
    if x > 0:
        n = 0
        while y > 0.01 and n < 30:
            y = y * 0.7 - 0.01 * np.sin(y)
            n += 1
    else:
        for _ in range(4):
            y = np.cos(y) + 0.1 * np.exp(-y * y)
    return y


def in_a_loop(x):
    z, n = x, 0
    while n < 25:
        z = z * 1.3 + 0.1
        if z > 9.0:
            return n + 1.0 - np.log(np.log(z)) / np.log(2.0) + slow(z)
        n += 1
    return -1.0 * slower(x)


def tuples(x):
    a, b, c = x, 0.0, True
    if x > 0.3:
        a, b, c = slow(x), slower(x), slow(x) > slower(x)
    return a, b, c


def shared(x):
    both = slow(x)
    if x > 0:
        y = both + slower(x) * slow(both)
    else:
        y = both * slower(both) - slow(x)
    return y + both


def writes(x):
    found = np.zeros(3)
    if x > 0:
        found[0] = slow(x)
        found[1:] += slower(x) + slow(x * 2)
    else:
        found[2] = slower(x) * slow(-x)
    return found


def by_lax(x):
    return lax.cond(x > 0, lambda x: slow(x) + slower(x), lambda x: slower(x) * slow(x) * x, x)


FUNCTIONS = [two, early, chain, nested, with_loops, in_a_loop, tuples, shared, writes, by_lax]
each_function = pytest.mark.parametrize("function", FUNCTIONS)


@each_batch
@each_function
def test_lanes_take_their_sides(function, x):
    same(function, x, tol=1e-11)


@each_function
def test_an_empty_batch(function):
    found, wanted = jit(vmap(function))(np.zeros(0)), vmap(function)(np.zeros(0))
    for a, b in zip(np.atleast_1d(found), np.atleast_1d(wanted), strict=True):
        assert (np.shape(a), np.asarray(a).dtype) == (np.shape(b), np.asarray(b).dtype)


@pytest.mark.parametrize("function", [two, early, nested, shared])
def test_single_precision(function):
    x = NORMAL.astype(np.float32)
    same(function, x, tol=1e-4)


def test_the_code_jumps():
    compiled = jit(vmap(two))
    compiled(NORMAL)
    assert code_of(compiled).count(".in:\n") == 2


def test_cheap_sides_are_computed_for_all_lanes():
    compiled = jit(vmap(lambda x: x * 2.0 + 1.0 if x > 0 else np.exp(x)))
    compiled(NORMAL)
    assert ".in:\n" not in code_of(compiled)


def test_a_side_is_written_once():
    def branch(x):
        if x > 0:
            return slow(x)
        return slower(x)

    def straight(x):
        return slow(x) + slower(x)

    texts = []
    for function in (branch, straight):
        compiled = jit(vmap(function))
        compiled(NORMAL)
        texts.append(code_of(compiled))
    assert len(texts[0]) < 1.2 * len(texts[1])


def test_what_is_chosen_for_all_is_not_part_of_the_last_side():
    """The result is chosen among two under the mask of the second: lanes of the first need it, too."""
    x = np.ones(64)
    np.testing.assert_allclose(jit(vmap(two))(x), [two(n) for n in x], rtol=1e-13)


def root(x):
    if x > 0:
        y = slow(x) + slower(x)
        return math.sqrt(y - 0.5) * slow(x)
    return slower(x) * slow(x)


@pytest.mark.parametrize("bad", [0, 40, 199])
def test_an_error_is_for_lanes_that_take_the_side(bad):
    x = np.full(200, 1.0)
    assert slow(1.0) + slower(1.0) > 0.5
    low = next(n for n in np.linspace(0.01, 9, 900) if slow(n) + slower(n) < 0.45)
    same(root, x, tol=1e-12)
    compiled = jit(vmap(root))
    x[bad] = -low  # would be an error on the other side
    np.testing.assert_allclose(compiled(x), [root(n) for n in x], rtol=1e-12)
    x[bad] = low
    with pytest.raises(ValueError, match="math domain error"):
        root(low)
    with pytest.raises(ValueError, match="math domain error"):
        compiled(x)


def test_a_raise_in_a_side_within_a_side():
    def checked(x):
        y = x
        if x > 0:
            y = slow(x) * slower(x) + x
            if y > 5:
                z = slow(y) + slower(y) + slow(z_of(y))
                if z > -100:
                    raise ValueError("too large")
                y = z
        return y

    def z_of(y):
        return y * 0.5

    x = np.linspace(-3, 3, 150)
    same(checked, x, tol=1e-12)
    compiled = jit(vmap(checked))
    compiled(x)
    x[100] = 7.5
    with pytest.raises(ValueError, match="too large"):
        compiled(x)


def test_rows_and_shared_operands():
    def f(row, w):
        total = row @ w
        if total > 0:
            return slow(total) + slower(row[0]) * slow(row[1])
        return slower(total * w[0])

    rows, w = RNG.normal(size=(130, 3)), np.array([0.5, -1.0, 2.0])
    compiled = jit(vmap(f, in_axes=(0, None)))
    np.testing.assert_allclose(compiled(rows, w), [f(row, w) for row in rows], rtol=1e-11)


def test_maps_within_maps():
    def f(x, y):
        if x > 0:
            if y > x:
                return slow(x) * slower(y) + slow(y)
            return slower(x) + slow(x) * slow(x + 1)
        return y

    x, y = NORMAL[:9], NORMAL[10:83]
    compiled = jit(vmap(vmap(f, in_axes=(None, 0)), in_axes=(0, None)))
    np.testing.assert_allclose(compiled(x, y), [[f(a, b) for b in y] for a in x], rtol=1e-11)


def test_each_value_of_a_test_that_all_lanes_share():
    def f(x, threshold):
        if threshold > 0:
            return slow(x) + slower(x) * slow(threshold)
        return slower(x) * x + slow(x)

    compiled = jit(vmap(f, in_axes=(0, None)))
    for threshold in (1.0, -1.0):
        np.testing.assert_allclose(compiled(NORMAL, threshold), [f(x, threshold) for x in NORMAL], rtol=1e-11)


BRANCHING = [entry for entry in WILD if entry.name in {
    "quadratic_roots", "rgb_to_lab", "implied_volatility", "vincenty", "kepler_bisection", "slerp", "matrix_to_euler",
    "matrix_to_quaternion", "circle_overlap_area", "point_segment_distance", "mandelbrot_smooth", "normal_quantile",
    "lambert_w", "nelder_mead",
    "incomplete_gamma", "gamma_lanczos", "erf_series", "romberg", "xirr", "colebrook_brent", "adaptive_simpson_stack",
    "jacobi_eigenvalues", "quickselect_median", "is_prime", "gradient_descent_backtracking", "cusum", "roc_auc",
}]  # fmt: skip


@pytest.mark.parametrize("entry", BRANCHING, ids=lambda entry: entry.name)
def test_many_short_sides(entry, monkeypatch):
    """As if every side were long."""
    from wild.compare import disagreement, stack

    for module, name, value in ((jumps, "DEAR", 2), (jumps, "OFTEN", 1), (sides, "PASSED", 0), (sides, "LOST", 0)):
        monkeypatch.setattr(module, name, value)
    slow_args, fast_args = entry.arguments(150), entry.arguments(150)
    expected = stack(entry.loop(*slow_args))
    found = jit(vmap(entry.fun, in_axes=entry.in_axes))(*fast_args)
    assert not (text := disagreement((expected, slow_args), (found, fast_args), max(entry.tol, 1e-9))), text


def test_masks_that_are_joined_many_times_take_no_longer():
    """Each turn's mask is made of the one before, twice."""

    def f(x):
        total, up = 0.0, 0.0
        for n in range(60):
            up = max(0.0, up + x - 0.1 * n)
            if up > 4 or total > 9:
                return n
            total += np.sin(x + n)
        return -1

    same(f, np.linspace(-1, 8, 100))


def test_a_side_that_does_not_change_in_a_loop_stays_in_it():
    """What is in it is computed under the mask of the lanes that are still in the loop."""

    def f(x, y, k, v):
        n = 0
        while n < int(k) % 5 and abs(x) < 50:
            x = 1 / (y * y + 1) + 1 / (3 + y * y)
            n += 1
        n = 0
        while n < int(k) % 5 and abs(x) < 50:
            x = math.modf(v[3])[1]
            n += 1
        return np.searchsorted(np.array([-1.0, 0.0, 0.5, 2.0]), v[3]), x

    rng = np.random.default_rng(2)
    args = rng.normal(size=7), rng.normal(size=7), rng.integers(0, 9, 7), np.round(rng.normal(size=(7, 4)) * 2, 1)
    found = jit(vmap(f))(*args)
    for n, row in enumerate(zip(*args, strict=True)):
        np.testing.assert_allclose([x[n] for x in found], f(*row))
