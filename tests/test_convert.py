"""Plain Python under ``vmap``: branches, nested maps, ordinary tools; against the loop, without a slow path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import entering
from law import check

from lanewise import vmap

X = np.array([-2.5, -1.0, -0.0, 0.5, 1.0, 2.0, 3.5, 7.0])
N = np.array([0, 1, 2, 3, 5, 8, -3, 4])
ROWS = np.arange(24.0).reshape(8, 3) % 7 - 2

CASES: list[Any] = []
case = entering(CASES)


@pytest.mark.parametrize(("fun", "args", "options"), CASES)
def test_vmap_is_the_loop(fun: Any, args: Any, options: Any) -> None:
    check(fun, *args, **options)


# ---- if ----


@case(X)
def elif_chain(x):
    if x < -1:
        y = 1.0
    elif x < 0:
        y = 2.0 * x
    elif x == 0:
        y = 3.0
    elif x < 2:
        y = x * x
    else:
        y = -x
    return y


@case(X, N)
def nested_ifs(x, n):
    y = x
    if n > 1:
        if x > 0:
            y = y + n
            if n % 2 == 0:
                y *= 2
        else:
            y = y - n
    elif x > 1:
        y = -y
    return y * 2


@case(X)
def early_returns(x):
    if x < 0:
        return -1.0
    if x < 1:
        y = x + 1
        if y > 1.2:
            return y
    elif x > 3:
        return x * 10
    return 0.5


@case(X)
def return_in_the_last_side(x):
    if x < 0:
        return -x
    else:
        return x * 2


@case(X, N)
def return_of_two_kinds(x, n):
    if x < 0:
        return n * 1.0, x
    return x, n * 2.0


@case(X)
def plain_and_varying_tests(x):
    flag = 3
    if flag > 2:
        if x > 0:
            flag = 1.0
        else:
            flag = 2.0
    return flag + x


@case(X)
def one_side_only(x):
    y = 0.0
    if x > 0:
        y = x
    if x > 2:
        y += 1
        z = y
    else:
        z = -y
    return y + z


@case(X, N)
def swapped(x, n):
    a, b = x, n * 1.0
    if a < b:
        a, b = b, a
    return a - b


@case(X)
def type_changes(x):
    y = 1
    if x > 0:
        y = 2.5
    return y * x


@case(X)
def shape_changes(x):
    y = x
    if x > 0:
        y = np.array([1.0, 2.0, x])
    return np.sum(y) + 1


@case(X)
def none_or_value(x):
    best = None
    if x > 1:
        best = x * 2
    if best is None:
        return -1.0
    return best + 1


@case(X)
def is_not_none(x):
    best = None if x < 1 else x
    return best * 2 if best is not None else 0.0


@case(ROWS)
def first_found_or_none(row):
    found = None
    for v in row:
        if v > 2 and found is None:
            found = v
    if found is None:
        found = -10.0
    return found


@case(X)
def conditional_expressions(x):
    return (1.0 if x < -1 else 2.0 if x < 0 else x) + (x if x > 2 else -x if x > 1 else 0.0)


@case(X, N)
def boolean_values(x, n):
    a = x and n
    b = n or 5
    c = x > 0 and n > 0 and x < n
    d = not x
    e = not (x > 0 or n)
    return a + b, c, d, e


@case(X, N)
def or_with_none(x, n):
    y = None
    if x > 0:
        y = n
    y = y or 7
    return y + 1


@case(X, N)
def comparison_chains(x, n):
    y = 0
    if -1 < x < 3 <= n + 2:
        y += 1
    if 0 < n < 4 != x:
        y += 2
    return y, (1 < x < 3), (0 <= n < 4)


@case(X)
def walrus(x):
    if (y := x * 2) > 1:
        return y
    if (z := y + 1) > 0 and z < 100:
        return z
    return y - 1


@case(N)
def walrus_loop(n):
    total = 0
    while (n := n - 1) > 0:
        total += n
    return total


@case(X)
def pass_and_ellipsis(x):
    if x > 0:
        pass
    else:
        ...
    return x


@case(X)
def both_return_in_nested(x):
    if x > 0:
        if x > 1:
            return 1.0
        else:
            return 2.0
    return 3.0


@case(X)
def annotated(x):
    y: float = 1.0
    z: float
    if x > 0:
        y: float = x
        z = 2.0
    else:
        z = 3.0
    return y * z


@case(ROWS)
def if_of_any(row):
    if np.any(row > 3):
        return row.max()
    if (row < 0).all():
        return row.min()
    return row.mean()


# ---- match ----


@case(N)
def match_values(n):
    match n:
        case 0:
            return 10
        case 1 | 2:
            y = 20
        case k if k > 4:
            y = k
        case _:
            y = -1
    return y + 1


@case(X, N)
def match_guard(x, n):
    match n:
        case 3 if x > 0:
            return 1.0
        case 5:
            return 2.0
    return x


@case(X)
def match_sequence(x):
    match (x, 2):
        case (a, 2):
            return a
        case _:
            return 0.0


@case(X)
def match_none(x):
    y = None if x > 0 else 1.0
    match y:
        case None:
            return 3.0
        case _:
            return y


# ---- in, is ----


@case(N)
def membership(n):
    y = 0
    if n in (1, 5, 8):
        y += 1
    if n not in [0, 1]:
        y += 2
    if n in {2, 3}:
        y += 4
    if n in range(2, 6):
        y += 8
    if n in range(8, -4, -3):
        y += 16
    return y


@case(ROWS)
def membership_in_an_array(row):
    return 1.0 in row, row[0] in row[1:], 3.0 not in row


@case(N)
def membership_in_a_dict(n):
    d = {0: 1.0, 5: 2.0}
    return d[n] if n in d else -1.0  # noqa: SIM401


@case(N)
def dict_get(n):
    return {0: 1.0, 5: 2.0}.get(n, -1.0)


# ---- augmented assignments ----


@case(X, N)
def augmented(x, n):
    y = x
    k = abs(n)
    if x > 0:
        y += 1
        y -= 0.5
        y *= 2
        y /= 4
        y **= 2
        y //= 0.3
        y %= 5
        k <<= 1
        k |= 1
        k ^= 6
        k &= 0xFF
        k >>= 1
    return y, k


@case(ROWS)
def augmented_matmul(row):
    m = np.eye(3)
    if row[0] > 0:
        m @= np.ones((3, 3))
    return m


@case(ROWS)
def augmented_array(row):
    a = row.copy()
    b = a
    if row[0] > 0:
        a += 1
        a[1] *= 2
        a[::2] -= 3
    return a, b


# ---- nested maps ----


@pytest.mark.parametrize("axes", [[(0, None), (None, 0)], [(None, 0), (0, None)], [(0, 0), (None, None)]])
@pytest.mark.parametrize("strict", [True])
def test_nested(axes: Any, strict: bool) -> None:
    def f(x, n):
        y = 0.0
        if x > 0:
            y = 1.0
        if n > 1:
            y += 2.0
        if x < n:
            y += x
        elif x * n < -3:
            return y * 10
        k = 0
        while k < n:
            k += 1
            if k * x > 4:
                break
            y += x
        else:
            y -= 0.5
        for i in range(3):
            if i > x:
                return y + i
        return y

    if axes[1] == (None, None):
        axes = axes[:1]
    check(f, X, N, in_axes=axes, strict=strict)


@case(X)
def vmap_inside(x):
    def g(y):
        if y > x:
            return y - x
        k = 0.0
        while k < y:
            k += 1.0
        return k

    if x > 0:
        return vmap(g)(np.arange(4.0)).sum()
    return vmap(lambda y: y if y > x else x)(np.arange(3.0) - 1).sum()


# ---- more of it ----


def test_lanes_that_leave_one_by_one_for_thousands_of_turns():
    def countdown(n):
        k = 0
        while k < n:
            k += 1
            if k == 1300 and n % 2:
                return -k
        return k

    check(countdown, np.arange(0, 1500), strict=True)


def test_a_loop_without_branches_is_a_region_only_if_its_range_differs():
    def powers(x, n):
        total = 0.0
        for k in range(n):
            for _ in range(2):
                total = total + x * k
        return total

    check(powers, np.arange(6.0), np.arange(6), strict=True)
    check(lambda x: powers(x, 3), np.arange(6.0), strict=True)
    check(lambda x, n: powers(x, n) if x > 2 else powers(x, 4), np.arange(6.0), np.arange(6)[::-1].copy(), strict=True)


def test_the_truth_of_an_array_is_an_error_on_no_lanes_as_well():
    def f(x):
        return 1.0 if x else 2.0

    with pytest.raises(ValueError, match="ambiguous"):
        vmap(f)(np.zeros((0, 3)))
    assert vmap(f)(np.zeros((0, 1))).shape == (0,)


def test_an_array_that_another_name_may_stand_for_is_written_where_lanes_part() -> None:
    def f(x: Any, y: Any, s: Any) -> Any:
        if x[0] > y:
            s = x
        if y < 0.3:
            x[1:] = y / 2
        return s

    rng = np.random.default_rng(4)
    check(f, rng.normal(size=(8, 3)), rng.normal(size=8), rng.normal(size=(8, 3)))
    x, y, s = rng.normal(size=(8, 3)), rng.normal(size=8), rng.normal(size=3)
    expected = np.stack([f(a, b, s) for a, b in zip(x.copy(), y, strict=True)])
    np.testing.assert_array_equal(vmap(f, in_axes=(0, 0, None))(x, y, s), expected)


# ---- zero lanes ----


@pytest.mark.parametrize(("fun", "args"), [
    (elif_chain, (X,)), (early_returns, (X,)), (nested_ifs, (X, N)), (conditional_expressions, (X,)),
])  # fmt: skip
def test_no_lanes(fun: Any, args: Any) -> None:
    check(fun, *args, empty=0)
