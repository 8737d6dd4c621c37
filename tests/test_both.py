"""Branches whose sides run on all lanes, and floats that are Python's in some lanes and NumPy's in others."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from law import check

from lanewise import vmap
from lanewise.regions import both

RNG = np.random.default_rng(3)
MANY = 5000  # lanes, so that the cost of a branch is weighed
X = RNG.normal(size=MANY)
X[:6] = [0.0, -0.0, np.nan, np.inf, -np.inf, 1.0]
Y = RNG.normal(size=MANY)
N = RNG.integers(-5, 6, MANY)

CASES: list[Any] = []


def case(*args: Any) -> Any:
    def enter(fun: Callable[..., Any]) -> Callable[..., Any]:
        CASES.append(pytest.param(fun, args, id=fun.__name__))
        return fun

    return enter


@case(X, Y)
def assignments(x, y):
    best, at = 0.0, -1
    if x > y:
        best, at = x, 1
    elif x < 0:
        best = y
        at = 2
    if best > 0.5 and (at > 0 or y < 0) and -1 < y < x:
        at += 3
    return best, at, best if at > 1 else -best, x > 0 and y, x < 0 or at


@case(X, Y)
def division_by_what_is_zero_elsewhere(x, y):
    if x != 0:
        q = y / x
    else:
        q = -1.0
    return q


@case(X, Y)
def roots_of_what_is_negative_elsewhere(x, y):
    r = math.sqrt(x) if x >= 0 else 0.0
    s = np.sqrt(y) if y >= 0 else y
    return r + s


@case(X, N)
def an_index_out_of_range_elsewhere(x, n):
    table = [1.0, 2.0, 3.0]
    if 0 <= n < 3:
        x = table[n]
    return x


@case(X, N)
def a_name_bound_on_one_side(x, n):
    if n > 0:
        found = x
    if n > 0:
        return found
    return 0.0


@case(X, N)
def none_here_and_a_number_there(x, n):
    found = None
    if n > 2:
        found = x
    if found is None and n < 0:
        found = -1
    return 0 if found is None else found


@case(X, N)
def kinds_that_differ(x, n):
    total = 0
    if n > 0:
        total = x
    if n > 3:
        total = n
    if n < -3:
        total = 2.5
    return total * 2 + (total > 1)


@case(RNG.normal(size=(MANY, 3)), X)
def an_array_on_one_side_is_the_same_array(row, x):
    v = np.zeros(3)
    if x > 0:
        v = row
    v = v + 1
    if x < 1:
        v += row
    return v


@case(RNG.normal(size=(MANY, 4)))
def sums_of_some(row):
    up = down = 0.0
    for v in row:
        if v > 0:
            up += v
        else:
            down -= v * 2
    ratio = up / (down + 1)
    signs = abs(down - up), -up, up > down
    return up, down, ratio, *signs, math.exp(-up), np.log1p(down), up * 2, 3 - down, 1 / (1 + up)


@case(RNG.integers(0, 3, (MANY, 4)).astype(float))
def division_by_a_sum_of_some(row):
    total = 0.0
    for v in row:
        if v > 1:
            total += v
    try:
        return 1.0 / total
    except ZeroDivisionError:
        return -1.0


@case(RNG.normal(size=(MANY, 4)), N)
def integers_that_meet_floats(row, n):
    total, best = 0, n * 2**52
    out = np.zeros(4)
    for k, v in enumerate(row):
        if v > 0.5:
            total += v
        if v > best:
            best = v
        out[k] = total
        out[0] += max(0, v, total)
    some = total * 2, -total, abs(total), total / 2.5, total + 1, total == 0, total * n, math.sqrt(abs(total))
    return total * 0.5, total + row[0], total < row[1], best > 0.5, best == row, *some, out, bool(total), not total


@case(RNG.normal(size=(MANY, 4)), N)
def mixed_floats_meet_what_else_there_is(row, n):
    total = 0.0
    for v in row:
        if v > 0.5:
            total += v
    small = np.float32(0.1)
    others = total + small, total**2, total % 0.3, max(total, 1.0)
    return total + n, n * total, total + row, total < n, total == 0, *others


A, B = RNG.integers(0, 500, MANY), RNG.integers(0, 500, MANY)


@case(A, B)
def greatest_common_divisor(a, b):
    while b:
        a, b = b, a % b
    return a


@case(X, Y)
def escape(x, y):
    z = 0j
    c = complex(x, y) if x == x and abs(x) < 9 else 2j
    for n in range(40):
        if abs(z) > 2:
            return n
        z = z * z + c
    return 40


@case(X)
def newton_with_an_else(x):
    guess, a = 1.0, abs(x) if x == x and abs(x) < 9 else 1.0
    for n in range(20):
        new = (guess + a / guess) / 2
        if abs(new - guess) < 1e-12:
            guess = -new
            break
        guess = new
        if guess < 1e-3:
            n += 100
            break
    else:
        guess = 0.0
    return guess, n


@case(N, B)
def a_range_of_each_lane(n, b):
    total = b
    for i in range(n):
        total = total * 2 - i
    for i in range(b % 7, -1, -2):
        total += i
    return total


@case(X, Y)
def a_bisection_of_a_function(x, y):
    def excess(t):
        return t * t * t + t - y

    lo, hi = -3.0, 3.0
    while hi - lo > 1e-9:
        middle = (lo + hi) / 2
        if excess(middle) > 0:
            hi = middle
        else:
            lo = middle
    return lo if x > 0 else hi


@case(A, N)
def a_loop_in_a_loop(a, n):
    steps = 0
    while a > 1:
        a = a // 2
        k = n
        while k > 0 and steps < 30:
            k -= 2
            steps += 1
        if steps > 25:
            return -a, steps
    return a, steps


@case(X, N)
def values_that_change_their_kind_in_a_loop(x, n):
    found, total = None, 0
    for i in range(4):
        if found is not None and i > 2:
            break
        if n > i:
            found = x
            total += 0.5
        if total > 1:
            total = n
    return 0 if found is None else found, total


@case(RNG.normal(size=(MANY, 4)), A, N)
def elements_where_lanes_part(row, a, n):
    i, j = a % 4, n % 3
    out = np.zeros((4, 3))
    counts = np.zeros(3, int)
    for k in range(4):
        if row[k] > row[i]:
            row[i], row[k] = row[k], row[i]
            out[k, j] = row[i]
            counts[j] += 1
        elif n > 2:
            out[i, -1] += row[-1 - j] * 2
            counts[-1] = n
        while i > k and row[i - 1] > 0:
            row[i - 1] = -row[i]
            out[i][0] = n
            i -= 1
    return row, out, counts


@case(X, N)
def an_index_beyond_the_end_where_lanes_part(x, n):
    out = np.zeros(3)
    try:
        if x > 0:
            out[n + 2] = x
    except IndexError:
        return out - 1
    return out


@case(N, X)
def lanes_that_raise_are_caught(n, x):
    try:
        while n < 3:
            n = n + 1
            x = x / n if n else 1.0 / float(n)
    except ZeroDivisionError:
        return -1.0
    return x


@pytest.mark.parametrize(("fun", "args"), CASES)
@pytest.mark.parametrize("lanes", [7, MANY])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_vmap_is_the_loop(fun: Any, args: Any, lanes: int) -> None:
    check(fun, *[x[:lanes] for x in args])


def test_lanes_of_the_other_side_are_not_seen_by_warnings() -> None:
    def f(x: Any, y: Any) -> Any:
        if x > 0:
            y = y / x
        return np.log(y) if y > 0 else y

    x, y = np.array([0.0, -1.0, 2.0, 3.0]), np.array([0.0, 2.0, 3.0, -1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = [f(a, b) for a, b in zip(x, y, strict=True)]
        np.testing.assert_array_equal(vmap(f, strict=True)(x, y), expected)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        vmap(lambda x, y: y / x if x > -1 else y)(x, y + 1)


def test_a_trial_that_fails_is_not_made_again() -> None:
    def f(x: Any) -> Any:
        if x > 0:
            x = 1 / x
        return x

    x = np.array([0.0, 1.0, 2.0])
    before = set(both.UNLUCKY)
    np.testing.assert_array_equal(vmap(f, strict=True)(x), [0.0, 1.0, 0.5])
    assert len(both.UNLUCKY - before) == 1
    np.testing.assert_array_equal(vmap(f, strict=True)(x), [0.0, 1.0, 0.5])
    assert len(both.UNLUCKY - before) == 1


def test_objects_of_the_user_are_not_computed_with_on_all_lanes() -> None:
    class Counter:
        def __init__(self) -> None:
            self.sums = 0

        def __radd__(self, other: Any) -> Any:
            self.sums += 1
            return other

    def f(x: Any, counter: Any) -> Any:
        if x > 0:
            x = x + counter
        return x

    counter = Counter()
    with np.errstate(all="ignore"):
        vmap(f, in_axes=(0, None))(np.array([1.0, 2.0, -3.0]), counter)
    loop = Counter()
    for x in [1.0, 2.0, -3.0]:
        f(np.float64(x), loop)
    assert loop.sums == 2
    assert counter.sums >= 1  # once for the lanes that have it, and never for the others


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.int32, np.float32, np.float64, np.int64, complex])
def test_chosen_is_where(dtype: Any) -> None:
    size = 9000
    mask = RNG.random((3, size // 3)) < 0.5
    a, b = [RNG.integers(0, 100, (3, size // 3)).astype(dtype) for _ in range(2)]
    for x, y in ((a, b), (a, b[:, :1]), (a[0], b), (a, dtype(3)), (dtype(1), dtype(0))):
        found = both.chosen(mask, x, y)
        assert found.dtype == np.where(mask, x, y).dtype
        np.testing.assert_array_equal(found, np.where(mask, x, y))


def test_lanes_that_have_left_a_loop_are_not_seen() -> None:
    def f(x: Any) -> Any:
        turns = 0
        while x < 100:
            x = x * x
            turns += 1
        return turns

    def g(n: Any) -> Any:
        table = [7, 8, 9]
        last = 0
        while n < 3:
            last = table[n]
            n += 1
        return last

    x = RNG.uniform(1.0001, 50, MANY)
    n = RNG.integers(0, 5, MANY)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # squares that grow on would overflow
        np.testing.assert_array_equal(vmap(f, strict=True)(x), [f(v) for v in x])
        np.testing.assert_array_equal(vmap(g, strict=True)(n), [g(v) for v in n])


def test_an_exception_in_a_loop_is_that_of_the_first_lane_that_has_it() -> None:
    def f(n: Any) -> Any:
        while n != 100:
            if n == 7:
                raise ValueError(f"seven after {n}")
            n += 1
        return n

    def g(n: Any) -> Any:
        table = [1, 2, 3]
        while n < 4:
            last = table[n]
            n += 1
        return last

    assert vmap(f, strict=True)(np.arange(8, 40)).tolist() == [100] * 32
    with pytest.raises(ValueError, match="seven"):
        vmap(f)(np.arange(40))
    with pytest.raises(IndexError):
        vmap(g)(np.arange(3))
