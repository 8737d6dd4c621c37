"""Plain Python under ``vmap``: every construct against the loop, without a slow path."""

from __future__ import annotations

import gc
import inspect
import linecache
import math
import pickle
import sys
import traceback
import weakref
from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pytest
from law import check

from lanewise import convert, vmap

X = np.array([-2.5, -1.0, -0.0, 0.5, 1.0, 2.0, 3.5, 7.0])
N = np.array([0, 1, 2, 3, 5, 8, -3, 4])
ROWS = np.arange(24.0).reshape(8, 3) % 7 - 2

CASES: list[Any] = []


def case(*args: Any, **options: Any) -> Callable[[Any], Any]:
    """Enter a function as a case, with its mapped arguments."""

    def enter(fun: Any) -> Any:
        CASES.append(pytest.param(fun, args, options, id=fun.__name__))
        return fun

    return enter


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


# ---- inner functions ----


@case(X)
def inner_function(x):
    def f(y, k=2.0, *, off=1.0):
        if y > 0:
            return y * k + off
        return -y

    return f(x) + f(-x, 3.0) + f(x, off=x)


@case(X)
def closure(x):
    count = 0.0

    def bump(by):
        nonlocal count
        count += by
        return count

    bump(x)
    bump(1.0)
    return count


@case(X, strict=False)
def closure_changed_on_some_lanes(x):
    count = 0.0

    def bump(by):
        nonlocal count
        count += by

    if x > 0:
        bump(x)
    bump(1.0)
    return count


@case(X)
def closure_reads_what_changes(x):
    k = 1.0

    def f(y):
        return y * k

    if x > 0:
        k = 3.0
    a = f(x)
    k = a
    return f(x)


@case(X)
def lambdas(x):
    f = lambda y: y * 2 if y > 0 else -y  # noqa: E731
    g = lambda y, k=3: y + k  # noqa: E731
    return f(x) + g(f(-x)) + (lambda *a, **k: a[0] + k["b"])(x, b=x)


def helper(x, k=2):
    while x > k:
        x = x - k
    return x


def recursive(n):
    if n <= 0:
        return 1
    return n * recursive(n - 1)


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def even(n):
    return True if n == 0 else odd(n - 1)


def odd(n):
    return False if n == 0 else even(n - 1)


@case(X)
def helpers(x):
    return helper(x) + helper(x * 2, k=3)


@case(N)
def recursion(n):
    return recursive(n)


@case(N)
def tree_recursion(n):
    return fibonacci(n)


@case(N)
def mutual_recursion(n):
    return even(abs(n))


@case(N)
def inner_recursion(n):
    def power(a, k):
        if k <= 0:
            return 1
        half = power(a, k // 2)
        return half * half * (a if k % 2 else 1)

    return power(3, n)


class Model:
    """A class with methods that ask about lanes."""

    slope = 2.0

    def __init__(self, offset):
        self.offset = offset

    def __call__(self, x):
        return self.of(x) + self.static(x) + self.of_class(x)

    def of(self, x):
        if x > self.offset:
            return x * self.slope
        return self.offset

    @staticmethod
    def static(x):
        return 1.0 if x > 2 else 0.0

    @classmethod
    def of_class(cls, x):
        return cls.slope if x < 0 else 0.5

    @property
    def doubled(self):
        return self.offset * 2 if self.offset > 0 else 0.0


@case(X)
def methods(x):
    m = Model(0.75)
    return m.of(x) + m(x)


@case(X)
def object_of_a_lane(x):
    m = Model(x * 0.5)
    return m.of(x) + m.doubled


@case(ROWS)
def comprehensions(row):
    a = [v * 2 if v > 0 else -v for v in row]
    b = {k: v for k, v in enumerate(a)}  # noqa: C416
    c = sum(v for v in a)
    d = sum([x * y for x in row for y in a])
    return a[0] + b[1] + c, d


@case(ROWS)
def comprehension_with_condition(row):
    return sum(v for v in row if v > 0), len([v for v in row if v > 1])


@case(ROWS)
def starred(row):
    first, *rest = row
    if first > 0:
        return first + sum(rest)
    a, b, c = row
    return a * b - c


# ---- try, with, raise, assert ----


@case(X)
def try_except(x):
    try:
        y = 1.0 / (int(x) if x > -1 else 1)
    except ZeroDivisionError:
        y = -5.0
    return y + x


@case(X)
def try_else_finally(x):
    log = 0.0
    try:
        if x > 1:
            raise ValueError("large")
        y = x
    except ValueError:
        y = 100.0
    else:
        y = y + 1
    finally:
        log = 7.0
    return y + log


@case(X)
def return_in_try(x):
    try:
        if x > 0:
            return x
        y = 2.0
    finally:
        pass
    return y


@case(X)
def math_error_caught(x):
    try:
        return math.sqrt(x)
    except ValueError:
        return -1.0


@contextmanager
def nothing():
    yield 3.0


@case(X)
def with_block(x):
    y = 0.0
    with nothing() as k:
        if x > 0:
            y = x * k
    return y


@case(X)
def return_in_with(x):
    with np.errstate(all="ignore"), nothing():
        if x > 0:
            return x
        y = x / 2
    return y


@case(X)
def suppressed(x):
    y = 1.0
    with suppress(ValueError):
        y = math.log(x)
    return y


@case(X)
def raises(x):
    if x > 2:
        raise ValueError(f"too much: {x}")
    return x


@case(X)
def raises_on_the_last(x):
    if x > 5:
        raise KeyError("seven")
    if x > 2:
        return x * 2
    return x


@case(X)
def asserts(x):
    assert x < 3, "must be small"
    return x


@case(X)
def asserts_and_holds(x):
    assert x < 30
    assert -30 < x < 30, x
    return x


@case(X)
def unbound(x):
    if x > 0:
        y = x
    return y


@case(X)
def unbound_but_unread(x):
    if x > 0:
        y = x
    if x > 1:
        return y
    return 0.0


@case(N)
def unbound_loop_variable(n):
    for i in range(n):  # noqa: B007
        pass
    return i


@case(X)
def deleted(x):
    y = x
    if x > 0:
        del y
        y = 3.0
    z = y
    del y
    return z


@case(X)
def deleted_on_some(x):
    y = x
    if x > 0:
        del y
    return y


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


# ---- subscripts ----


@case(ROWS, N)
def swap_items(row, n):
    a = row.copy()
    i = n % 3
    for j in range(3):
        if a[j] > a[i]:
            a[i], a[j] = a[j], a[i]
    return a


@case(ROWS)
def bubble_sort(row):
    a = row.copy()
    for i in range(3):
        for j in range(2 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]
    return a


@case(ROWS)
def writes_its_argument(row):
    if row[0] > 0:
        row[1] = -row[0]
    row[2] += 1
    return row.sum()


@case(ROWS)
def writes_a_view_of_its_argument(row):
    v = row[1:]
    if row[0] > 0:
        v[0] = 9.0
        row[2] = 8.0
    return v.sum()


@case(X)
def fills_zeros(x):
    out = np.zeros(3)
    for i in range(3):
        if x > i:
            out[i] = x * i
        else:
            out[i] = -1
    return out


@case(X)
def made_inside(x):
    if x > 0:
        a = np.zeros(2)
        a[0] = x
    else:
        a = np.ones(2)
        a[1] = 5
    a[1] += 1
    return a


@case(X, N)
def written_by_an_index_of_each_lane(x, n):
    out = np.zeros(4)
    out[n % 4] = x
    if x > 0:
        out[(n + 1) % 4] += 2 * x
    return out


@case(X)
def aliased_across_branches(x):
    a = np.zeros(3)
    b = np.ones(3)
    c = a
    if x > 0:
        c = b
    c[0] = 7.0
    return a, b, c


@case(X)
def aliased_before_the_branch(x):
    a = np.zeros(3)
    b = a
    if x > 0:
        a[0] = x
        b[1] = a[0] + 1
    return a, b


@case(X)
def rebound_and_written(x):
    a = np.zeros(3)
    b = a
    if x > 0:
        a = a + 1
        a[0] = x
    else:
        a[2] = 4.0
    b[1] += 2
    return a, b


@case(X)
def views_written_in_branches(x):
    a = np.zeros((2, 2))
    t = a.T
    r = a.reshape(-1)
    if x > 0:
        t[0, 1] = x
    else:
        r[1] = 3.0
    a[0, 0] = 1.0
    return a, t, r


@case(X, strict=False)
def lists_appended(x):
    items = [0.0]
    if x > 0:
        items.append(x)
    return sum(items) * len(items)


@case(X, strict=False)
def list_changed_through_an_alias(x):
    a = [1.0, 2.0]
    b = a
    if x > 0:
        b[0] = x
    else:
        b.append(3.0)
    return sum(a)


@case(X, strict=False)
def dicts_and_sets_changed(x):
    d = {"a": 1.0}
    s = {1}
    if x > 0:
        d["b"] = x
        s.add(2)
    else:
        d.pop("a")
        s |= {5, 6}
    return sum(d.values()) + len(s)


@case(X, strict=False)
def list_deleted_and_extended(x):
    items = [1.0, 2.0, 3.0]
    if x > 0:
        del items[0]
        items += [x]
    items[0] = 10.0
    return sum(items)


@case(N, strict=False)
def stack_machine(n):
    stack = [n]
    total = 0
    while stack:
        k = stack.pop()
        total += k
        if k > 2:
            stack.append(k // 2)
            stack.append(k - 2)
    return total


@case(ROWS)
def lists_built_alike(row):
    items = []
    for v in row:
        items.append(v * 2)
    if items[0] > 0:
        return items[1]
    return items[2]


@case(X, strict=False)
def attributes_set(x):
    m = Model(1.0)
    if x > 0:
        m.offset = x
    return m.offset


TABLE = [1.5, 2.5, 3.5, 4.5]
ARRAY = np.arange(10.0)


@case(N)
def table_by_a_lane(n):
    k = abs(n) % 4
    return TABLE[k] + ARRAY[k + 1] + (10, 20, 30, 40)[k] + ARRAY[k:][0] if k < 3 else ARRAY[-k]


@case(N)
def index_errors(n):
    return ARRAY[n * 2]


@case(N)
def list_index_errors(n):
    return TABLE[n]


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


# ---- builtins ----


@case(X, N)
def min_max(x, n):
    return min(x, 1.0), max(x, n), max(x, 0.0, -x), min([x, n, 2]), max(n, 3, key=lambda v: -v)


@case(ROWS)
def min_max_of_rows(row):
    return min(row), max(row), max(row, key=lambda v: (v - 1) ** 2), min(row.tolist() if False else [*row, 0.0])


@case(np.array([[np.nan, 1.0], [1.0, np.nan], [0.0, -0.0], [-0.0, 0.0], [2.0, 1.0]]))
def min_max_of_nans(row):
    a, b = row
    return min(a, b), max(a, b), min(row), max(row), 1 / min(a, b) if False else max(b, a)


@case(ROWS, X, N)
def builtins_of_lanes(row, x, n):
    return (
        sum(row), abs(x), int(x), float(n), bool(x), round(x), round(x, 1), len(row), divmod(x, 2), divmod(n, 3),
        pow(x, 2), pow(n, 2, 5), any(row > 3), all(row > -2), isinstance(x, float), isinstance(n, int),
        sorted(row)[0], sorted(row, reverse=True)[0], sum([x, n, 1]), sum(row, 1.0), complex(x, n),
    )  # fmt: skip


@case(ROWS)
def sorted_with_key(row):
    a, b, c = sorted(row, key=lambda v: (v - 1) ** 2)
    return a * 100 + b * 10 + c


@case(ROWS)
def any_all_of_generators(row):
    return any(v > 3 for v in row), all(v > -2 for v in row), any([row[0] > 0, row[1]]), all([])


@case(X)
def arithmetic_errors(x):
    return 1 / int(x)


@case(N)
def int_of_text_and_float(n):
    return int("12") + int(n / 2) + float("1.5") + int(True)


@case(np.array([1e300, 1.0]))
def int_of_huge(x):
    return float(int(x) % 7)


@case(np.array([1.0, np.nan, np.inf]))
def int_of_nan(x):
    return int(x)


@case(ROWS)
def min_of_empty(row):
    return min([], default=row[0]), max(row[:0].tolist(), default=1.0)


@case(X, N)
def type_of(x, n):
    return type(x) is float, type(x) is np.float64, type(n + 0) is np.int64


# ---- what lanes share must stay shared; strict is not asked of these ----


def halves(x):
    y = x
    while True:
        y = y * 0.5 + 1
        yield y


@case(X, strict=False)
def generator_beside_a_loop(x):
    t = 0.0
    for i, v in zip(range(5), halves(x), strict=False):
        if x > i:
            continue
        t += v
    return t


@case(X, strict=False)
def next_on_some_lanes(x):
    it = iter([1, 2, 3, 4])
    t = 0.0
    for v in it:
        if x > v:
            t += next(it)
        t += v
    return t


@case(X, strict=False)
def alias_in_a_dict(x):
    a = np.zeros(3)
    d = {"a": a}
    if x > 0:
        a = a + x
    a[0] = 5.0
    d["a"][1] = 2.0
    return a, d["a"]


@case(X, strict=False)
def view_rebound(x):
    a = np.zeros(3)
    v = a[1:]
    if x > 0:
        v = np.ones(2)
    v[0] = 4.0
    a[1] += 1
    return a, v


@case(X, strict=False)
def copied_in_a_loop(x):
    a = np.zeros(3)
    for i in range(3):
        b = a
        if x > i:
            a = a.copy()
        a[i] += x
        b[2] += 1
    return a, b


@case(X, strict=False)
def alias_of_a_rebound_array(x):
    a = np.arange(3.0)
    b = a
    if x > 0:
        a = np.array([x, x, x])
    b += 1
    a[0] = 3
    return a, b


@case(N, strict=False)
def finally_after_continue(n):
    t = 0
    for i in range(4):
        try:
            if i == n:
                continue
            t += 10 // (i - n if n > 2 else 1)
            if i > n:
                break
        except ZeroDivisionError:
            t -= 100
        else:
            t += 1000
        finally:
            t += 1
    return t


@case(N, strict=False)
def raise_in_a_loop(n):
    try:
        for i in range(5):
            if i == n:
                raise KeyError(i)
        return -1
    except KeyError as e:
        return e.args[0]
    finally:
        pass


@case(N, strict=False)
def loops_in_loops_with_else(n):
    t = 0
    for i in range(3):  # noqa: B007
        for j in range(n):
            if j == 2:
                break
            for k in range(j, n):
                if k == 3:
                    continue
                t += k
            else:
                t += 100
        else:
            t += 1000
            continue
        t -= 1
    return t


@case(X, strict=False)
def views_of_one_array_by_branch(x):
    a = np.zeros((2,3))
    r = a[0] if x > 0 else a[1]
    r[0] = x
    a[1, 2] = 5
    return a, r


@case(X, strict=False)
def two_names_of_one_array_made_inside(x):
    if x > 0:
        a = np.zeros(3)
        b = a
    else:
        a = np.ones(3)
        b = a
    a[0] = 5
    return b, a


@case(X, strict=False)
def either_of_two_arrays(x):
    a = np.zeros(3)
    b = np.ones(3)
    if x > 0:
        c = b
    else:
        c = a
    c[0] = 7
    return a, b, c


@case(X, strict=False)
def either_of_two_arrays_of_each_lane(x):
    a = np.zeros(3) + x
    b = np.ones(3) * x
    if x > 0:
        c = b
    else:
        c = a
    a[1] = 3
    b[2] = 2
    return a, b, c


@case(X, strict=False)
def rows_kept_by_a_loop(x):
    m = np.ones((2, 3)) * x
    r = None
    for i in range(2):
        if x > i:
            r = m[i]
        elif x < -1:
            break
    m[1] = 9
    return m, (r if r is not None else m[0])


@case(X, strict=False)
def either_array_in_a_loop(x):
    a = np.zeros(3)
    b = a
    for i in range(3):
        if x > i:
            b = np.ones(3)
            c = b
        else:
            c = a
        c[i] += 1
    b[0] = 10
    return a, b, c


@case(X, strict=False)
def either_argument_of_a_function(x):
    def f(a, b):
        if x > 0:
            return a
        return b
    a = np.zeros(2)
    b = np.ones(2)
    c = f(a, b)
    c[0] = 3
    a[1] = 8
    return a, b, c


@case(X, strict=False)
def function_by_branch(x):
    def outer():
        if x > 0:
            return lambda y: y + x
        return lambda y: y - 1
    return outer()(3.0)


@case(N, strict=False)
def array_as_a_counter(n):
    i = np.array([0])
    i[0] = n
    while i[0] > 0:
        i -= 1
        if i[0] == 2:
            break
    return i


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


# ---- zero lanes ----


@pytest.mark.parametrize(("fun", "args"), [
    (elif_chain, (X,)), (early_returns, (X,)), (nested_ifs, (X, N)), (newton, (X,)), (collatz, (N,)),
    (for_else, (N,)), (bounded_by_a_lane, (N,)), (fills_zeros, (X,)), (bubble_sort, (ROWS,)), (helpers, (X,)),
    (conditional_expressions, (X,)), (escape, (X,)), (return_in_two_loops, (N, X)), (loops_in_ifs_in_loops, (N, X)),
])  # fmt: skip
def test_no_lanes(fun: Any, args: Any) -> None:
    check(fun, *args, empty=0)


# ---- ordinary values and ordinary tools ----


def plain_lines(x):
    """A docstring."""
    y = x * 2
    if x > 0:
        y = y + 1
    return y / 1


def test_tracers_see_the_lines_of_the_user() -> None:
    seen: set[int] = set()

    def trace(frame: Any, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename == plain_lines.__code__.co_filename and event == "line":
            seen.add(frame.f_lineno - plain_lines.__code__.co_firstlineno)
        return trace

    mapped = vmap(plain_lines)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        mapped(X)
    finally:
        sys.settrace(before)
    assert {2, 3, 4, 5} <= seen


def test_tracebacks_show_the_lines_of_the_user() -> None:
    with pytest.raises(ValueError) as caught:
        vmap(raises)(X)
    frames = [frame for frame in traceback.extract_tb(caught.value.__traceback__) if frame.name == "raises"]
    assert frames[-1].line == 'raise ValueError(f"too much: {x}")'
    assert caught.value.args == ("too much: 3.5",)
    assert "6" in caught.value.__notes__[0]


def test_the_function_itself_is_as_it_was() -> None:
    code = plain_lines.__code__
    mapped = vmap(plain_lines)
    mapped(X)
    assert plain_lines.__code__ is code
    assert pickle.loads(pickle.dumps(plain_lines)) is plain_lines
    assert inspect.signature(mapped) == inspect.signature(plain_lines)
    assert (mapped.__name__, mapped.__doc__) == ("plain_lines", "A docstring.")


def test_what_has_no_source_falls_back() -> None:
    space: Any = {}
    exec("def f(x):\n    if x > 0:\n        return 1.0\n    return 2.0", space)
    assert vmap(space["f"], strict=True)(X).tolist() == [space["f"](x) for x in X]


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


def test_functions_that_are_gone_leave_nothing_behind():
    def make(n):
        filename = f"<made {n}>"
        source = f"def made(x):\n    if x > {n}:\n        return x\n    return max([v for v in (x, 1.0) if v > 0])\n"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        space: dict[str, Any] = {}
        exec(compile(source, filename, "exec"), space)
        assert vmap(space["made"])(np.arange(1.0, 4.0)).shape == (3,)
        return weakref.ref(space["made"].__code__)

    def f(x):
        return x if x > 0 else -x

    vmap(f)(X)
    assert pickle.loads(pickle.dumps(vars(f))) == {"_lanewise_form": None}
    make(0)
    gc.collect()
    before = len(convert._FORMS)
    codes = [make(n) for n in range(3)]
    gc.collect()
    for n in range(4):
        linecache.cache.pop(f"<made {n}>", None)
    assert [code() for code in codes] == [None] * 3
    assert len(convert._FORMS) == before
