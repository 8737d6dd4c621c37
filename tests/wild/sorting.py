"""Sorting and searching."""

import numpy as np

from .registry import wild


def _numbers(size):
    return lambda rng, n: (rng.normal(size=(n, size)),)


@wild(_numbers(9))
def insertion_sort(a):
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    return a


@wild(_numbers(8))
def bubble_sort(values):
    values = values.copy()
    swaps = 0
    n = len(values)
    while True:
        swapped = False
        for i in range(n - 1):
            if values[i] > values[i + 1]:
                values[i], values[i + 1] = values[i + 1], values[i]
                swapped = True
                swaps += 1
        n -= 1
        if not swapped:
            break
    return values, swaps


@wild(_numbers(6))
def sorting_network(x):
    a, b, c, d, e, f = x
    if a > f:
        a, f = f, a
    if b > d:
        b, d = d, b
    if c > e:
        c, e = e, c
    if b > c:
        b, c = c, b
    if d > e:
        d, e = e, d
    if a > d:
        a, d = d, a
    if c > f:
        c, f = f, c
    if a > b:
        a, b = b, a
    if c > d:
        c, d = d, c
    if e > f:
        e, f = f, e
    if b > c:
        b, c = c, b
    if d > e:
        d, e = e, d
    return a, b, c, d, e, f


@wild(_numbers(5))
def median_of_five(v):
    """With min and max only."""
    a, b, c, d, e = v
    f = max(min(a, b), min(c, d))
    g = min(max(a, b), max(c, d))
    return max(min(e, f), min(max(e, f), g))


@wild(lambda rng, n: (np.sort(rng.integers(0, 100, 40)), rng.integers(0, 100, n)), (None, 0))
def binary_search(table, x):
    lo, hi = 0, len(table) - 1
    while lo <= hi:
        mid = (lo + hi) // 2
        if table[mid] == x:
            return mid
        if table[mid] < x:
            lo = mid + 1
        else:
            hi = mid - 1
    return -1


@wild(lambda rng, n: (np.linspace(0, 10, 21), np.linspace(0, 10, 21) ** 2, rng.uniform(-1, 11, n)), (None, None, 0))
def interpolate_table(xs, ys, x):
    if x <= xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    i = 0
    while xs[i + 1] < x:
        i += 1
    t = (x - xs[i]) / (xs[i + 1] - xs[i])
    return ys[i] + t * (ys[i + 1] - ys[i])


@wild(_numbers(9))
def quickselect_median(a):
    a = list(a)
    k = len(a) // 2
    lo, hi = 0, len(a) - 1
    while lo < hi:
        pivot = a[(lo + hi) // 2]
        i, j = lo, hi
        while i <= j:
            while a[i] < pivot:
                i += 1
            while a[j] > pivot:
                j -= 1
            if i <= j:
                a[i], a[j] = a[j], a[i]
                i += 1
                j -= 1
        if k <= j:
            hi = j
        elif k >= i:
            lo = i
        else:
            break
    return a[k]


@wild(lambda rng, n: (np.sort(rng.integers(0, 50, (n, 6)), axis=1), np.sort(rng.integers(0, 50, (n, 5)), axis=1)))
def merge_sorted(a, b):
    out = np.empty(len(a) + len(b), dtype=a.dtype)
    i = j = k = 0
    while i < len(a) and j < len(b):
        if a[i] <= b[j]:
            out[k] = a[i]
            i += 1
        else:
            out[k] = b[j]
            j += 1
        k += 1
    while i < len(a):
        out[k] = a[i]
        i, k = i + 1, k + 1
    while j < len(b):
        out[k] = b[j]
        j, k = j + 1, k + 1
    return out


@wild(_numbers(10))
def shell_sort(a):
    a = np.array(a)
    gap = len(a) // 2
    while gap > 0:
        for i in range(gap, len(a)):
            temp = a[i]
            j = i
            while j >= gap and a[j - gap] > temp:
                a[j] = a[j - gap]
                j -= gap
            a[j] = temp
        gap //= 2
    return a


@wild(lambda rng, n: (rng.permuted(np.tile(np.arange(7), (n, 1)), axis=1),))
def permutation_cycles(perm):
    """How many cycles, and the sign."""
    seen = [False] * len(perm)
    cycles = 0
    for i in range(len(perm)):
        if seen[i]:
            continue
        cycles += 1
        j = i
        while not seen[j]:
            seen[j] = True
            j = perm[j]
    sign = 1 if (len(perm) - cycles) % 2 == 0 else -1
    return cycles, sign


@wild(lambda rng, n: (rng.integers(0, 5, (n, 9)),))
def majority_vote(votes):
    """The way of Boyer and Moore; -1 if nobody has a majority."""
    candidate, count = None, 0
    for v in votes:
        if count == 0:
            candidate = v
        count += 1 if v == candidate else -1
    if sum(1 for v in votes if v == candidate) * 2 > len(votes):
        return candidate
    return -1


@wild(_numbers(8))
def two_largest(xs):
    first = second = -float("inf")
    for x in xs:
        if x > first:
            first, second = x, first
        elif x > second:
            second = x
    return first, second
