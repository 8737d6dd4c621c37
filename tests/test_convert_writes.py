"""Plain Python under ``vmap``: what is written, and what lanes share; against the loop."""

from __future__ import annotations

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


# ---- zero lanes ----


@pytest.mark.parametrize(("fun", "args"), [
    (fills_zeros, (X,)), (bubble_sort, (ROWS,)),
])  # fmt: skip
def test_no_lanes(fun: Any, args: Any) -> None:
    check(fun, *args, empty=0)
