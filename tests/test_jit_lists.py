"""jit of lists: compiled, and as the loop has them."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from compiled import same
from wild.compare import disagreement, stack

from lanewise import PerformanceWarning, jit, vmap

x = np.array([-2.5, 0.0, 0.25, 1.0, 4.0, 7.5])
n = np.array([0, 1, 2, 3, 6, 11])


# ---- lists ----


def test_items_of_lists_change_in_some_lanes():
    def lengths(y, m):
        days = [31, 28, 31, 30]
        if y > 0:
            days[1] = 29
        total = 0
        for k in range(m):
            total += days[k]
        return total, days

    same(lengths, x, n % 5)
    with pytest.raises(IndexError):
        jit(vmap(lengths))(x, n)


def test_items_of_lists_are_found_by_numbers():
    same(lambda k: (0.5, 1.5, 4.0)[k % 3], n)
    same(lambda k: ((0, 1), (1, 0), (0, -1))[k % 3 - 3][1], n)
    same(lambda k: ["a", "bb", "c"].index("bb") + [3, 1, 2].index(k % 3 + 1), n)

    def count(row):
        counts = [0] * 4
        for item in row:
            counts[item] += 1
        return counts, max(counts), 3 in counts

    same(count, np.random.default_rng(2).integers(-2, 4, (9, 6)))
    with pytest.raises(IndexError):
        jit(vmap(lambda k: [1, 2][k]))(n)


def test_lists_in_loops():
    def cycles(perm):
        seen = [False] * len(perm)
        found = 0
        for k in range(len(perm)):
            if seen[k]:
                continue
            found += 1
            j = k
            while not seen[j]:
                seen[j] = True
                j = perm[j]
        return found

    same(cycles, np.array([np.random.default_rng(k).permutation(11) for k in range(6)]))

    def table(v, w):
        rows = [[0] * 4 for _ in range(4)]
        for j in range(3):
            for k in range(3):
                rows[j + 1][k + 1] = rows[j][k] + 1 if v[j] == w[k] else max(rows[j][k + 1], rows[j + 1][k])
        return rows

    words = np.random.default_rng(3).integers(0, 2, (8, 3))
    same(table, words, words[::-1].copy())


def test_lists_that_a_loop_binds_anew():
    def smooth(row, k):
        values = [float(v) for v in row]
        while k > 0:
            values = [values[j - 1] + values[j] for j in range(len(values))]
            k -= 1
        return values

    same(smooth, np.arange(18.0).reshape(6, 3), n)

    def aliased(v, k):
        first = current = [v, v]
        while k > 0:
            current[0] += 1
            current = [current[1], current[0]]
            k -= 1
        return first, current

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        found = jit(vmap(aliased))(x, n)
    expected = stack([aliased(*row) for row in zip(x, n, strict=True)])
    assert not disagreement((expected, ()), (found, ()), 0.0)


def test_lists_have_one_identity():
    def both(v):
        a = [v, 0.0]
        b = a
        if v > 0:
            b[1] = 1.0
            a = [5.0, 5.0]
        a[0] = -1.0
        return a, b

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        found = jit(vmap(both))(x)
    expected = stack([both(v) for v in x])
    assert not disagreement((expected, ()), (found, ()), 0.0)


def test_lists_that_grow_and_shrink_apart():
    def collect(v):
        found = [0.0]
        if v > 0:
            found.append(v)
        return found[-1], len(found)

    same(collect, x)

    def stack_sum(b):
        work, total = [(0.0, b)], 0.0
        while work:
            low, high = work.pop()
            if high - low < 1:
                total += high - low
            else:
                work.append((low, (low + high) / 2))
                work.append(((low + high) / 2, high))
        return total

    same(stack_sum, abs(x))

    def best_three(row):
        best = [-1.0, -1.0, -1.0]
        for v in row:
            for place in range(3):
                if v > best[place]:
                    best.insert(place, v)
                    best.pop()
                    break
        return best[0], best[1], best[2]

    same(best_three, np.random.default_rng(4).uniform(0, 9, (7, 6)))

    def empty(v):
        found = []
        if v > 0:
            found.append(v)
        return found.pop()

    same(empty, abs(x) + 1)
    with pytest.raises(IndexError):
        jit(vmap(empty))(x)


def test_short_lists_are_sorted():
    def order(row):
        items = [row[0], row[1], row[2], row[3]]
        places = sorted(range(4), key=lambda k: items[k])
        down = sorted(items, reverse=True)
        items.sort()
        return items, places, down, min(range(4), key=lambda k: -row[k])

    same(order, np.random.default_rng(5).integers(0, 3, (9, 4)))
    same(order, np.random.default_rng(5).integers(0, 3, (9, 4)).astype(float))


def test_lists_go_to_functions():
    def through(v):
        items = [v, 2.0, -v]
        array = np.array(items) * np.array([1.0, v, 2.0])
        return array.sum() + sum(items), tuple(items)

    same(through, x)

    def halves(items):
        items[0] /= 2
        return items

    same(lambda v: [*halves([v, 1.0]), 3.0], x)


def test_infinities_and_nans_in_math():
    odd = np.array([np.inf, np.nan, 4.0])
    same(lambda v: math.sqrt(v) + math.exp(v) + math.atan2(v, 1.0), odd, tol=1e-14)
    same(lambda v: math.lgamma(v) + math.hypot(v, 1.0), odd, tol=1e-14)
    for function, v in ((math.sin, np.inf), (math.exp, 800.0), (math.log, 0.0), (math.sqrt, -1.0)):
        with pytest.raises((ValueError, OverflowError)):
            jit(vmap(function))(np.array([1.0, v]))


def test_an_item_that_is_no_number_is_counted_as_itself():
    x, n = np.array([1.0, np.nan, 2.0]), np.array([1, 5, 7], "i1")
    np.testing.assert_array_equal(jit(vmap(lambda x: [x, 2.0, x].count(x)))(x), [2, 2, 3])
    assert jit(vmap(lambda n: n * [n, 5].count(5)))(n).dtype == n.dtype
