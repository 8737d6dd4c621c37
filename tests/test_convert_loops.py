"""Plain Python under ``vmap``: loops, against the loop over examples, without a slow path."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cases import entering
from law import check

X = np.array([-2.5, -1.0, -0.0, 0.5, 1.0, 2.0, 3.5, 7.0])
N = np.array([0, 1, 2, 3, 5, 8, -3, 4])
ROWS = np.arange(24.0).reshape(8, 3) % 7 - 2

CASES: list[Any] = []
case = entering(CASES)


@pytest.mark.parametrize(("fun", "args", "options"), CASES)
def test_vmap_is_the_loop(fun: Any, args: Any, options: Any) -> None:
    check(fun, *args, **options)


# ---- loops ----


@case(N)
def collatz(n):
    n = abs(n) + 1
    count = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        count += 1
    return count


@case(N)
def while_else(n):
    k = 0
    while k < n:
        if k * k > 10:
            break
        k += 1
    else:
        k = -k - 1
    return k


@case(N)
def for_else(n):
    for d in range(2, 6):
        if n % d == 0:
            break
    else:
        return -1
    return d


@case(N)
def for_else_nested(n):
    count = 0
    for p in range(2, n + 3):
        for d in range(2, p):
            if p % d == 0:
                break
        else:
            count += p
    return count


@case(N)
def bounded_by_a_lane(n):
    total = 0
    for i in range(n):
        total += i * i
    return total


@case(N)
def two_bounds(n):
    total = 0.0
    for i in range(n, 6):
        total += i
        if total > 9:
            continue
        total += 0.5
    return total


@case(N)
def downwards(n):
    total = 0
    for i in range(n, -2, -2):
        total = total * 2 + i
    return total


@case(N)
def plain_downwards(n):
    total = 0
    for i in range(5, 0, -1):
        if i == n:
            continue
        total = total * 3 + i
    return total


@case(N)
def step_of_a_lane(n):
    total = 0
    for i in range(0, 10, abs(n) + 1):
        total += i
    return total


@case(N)
def last_number(n):
    i = -1
    for i in range(n):  # noqa: B007
        pass
    return i


@case(ROWS)
def rows_of_an_array(row):
    total = 0.0
    for v in row:
        if v > 0:
            total += v
    return total


@case(ROWS, X)
def zip_and_enumerate(row, x):
    total = 0.0
    for i, (v, w) in enumerate(zip(row, row[::-1], strict=True)):
        if v > w:
            total += i * v
        elif i == 1:
            total -= x
    return total


@case(ROWS)
def over_a_list(row):
    total = 0.0
    for k, f in [(1, np.sin), (2, math.cos), (3, abs)]:
        if row[0] > k - 2:
            total += f(row[1]) * k
    return total


@case(ROWS)
def over_a_dict(row):
    total = 0.0
    for k, v in {"a": row[0], "b": row[1]}.items():
        if v > 0:
            total += v if k == "a" else 2 * v
    return total


@case(X)
def over_reversed_sorted_map(x):
    total = 0.0
    for i in reversed(range(4)):
        total = total * 2 + i if x > i else total
    for i in sorted([3, 1, 2]):
        total += i if x < i else 0.0
    for y in map(lambda k: k * x, [1, 2, 3]):  # noqa: C417
        if y > 2:
            break
        total += y
    return total


@case(N)
def break_in_the_middle(n):
    total = 0
    for i in range(10):
        if i > n:
            break
        total += i
    return total, i


@case(N)
def continue_and_break(n):
    total = 0
    i = 0
    while True:
        i += 1
        if i % 2 == n % 2:
            continue
        if i > 8:
            break
        if i * i > n + 20:
            total -= 1
            break
        total += i
    return total, i


@case(N)
def return_in_a_loop(n):
    for i in range(8):
        if i * i >= n:
            return i
    return -1


@case(N, X)
def return_in_two_loops(n, x):
    for i in range(4):
        for j in range(4):
            if i * j > n:
                return i * 10 + j
            if x > 3 and j == 2:
                break
        if i + x > 5:
            return -i
    return 99


@case(N, X)
def loops_in_ifs_in_loops(n, x):
    total = 0.0
    for i in range(n):
        if x > i - 1:
            k = 0
            while k < i:
                if k == 2 and x > 1:
                    k += 2
                    continue
                k += 1
                total += k * x
                if total > 30:
                    break
            else:
                total += 0.25
        elif i % 2:
            continue
        total += 1
    return total


@case(X)
def newton(x):
    a = abs(x) + 0.1
    y = a
    while abs(y * y - a) > 1e-9:
        y = 0.5 * (y + a / y)
    return y


@case(X)
def escape(x):
    z = 0j
    c = complex(x / 4, 0.3)
    for i in range(30):
        if abs(z) > 2:
            return i
        z = z * z + c
    return 30


@case(N)
def loop_variable_changes_type(n):
    y = 0
    for i in range(4):
        if i < n:
            y = y + 0.5
    return y * 1.0


@case(N)
def gcd(n):
    a, b = abs(n) + 12, 18
    while b:
        a, b = b, a % b
    return a


@case(N, X)
def two_arguments_bound(n, x):
    total = 0.0
    k = n
    while k > 0 and total < 3:
        total += abs(x)
        k -= 1
    return total, k


# ---- zero lanes ----


@pytest.mark.parametrize(("fun", "args"), [
    (newton, (X,)), (collatz, (N,)), (for_else, (N,)), (bounded_by_a_lane, (N,)), (escape, (X,)),
    (return_in_two_loops, (N, X)), (loops_in_ifs_in_loops, (N, X)),
])  # fmt: skip
def test_no_lanes(fun: Any, args: Any) -> None:
    check(fun, *args, empty=0)
