"""Lists that differ between lanes: `vmap` gives what the loop gives, and takes none of the slow paths."""

from __future__ import annotations

import bisect
import collections
import functools
import heapq
import inspect
import operator

import numpy as np
import pytest
from law import check as check_law
from wild import WILD
from wild.compare import disagreement, stack

from lanewise import vmap

LANES = 90  # more than there may be groups
RNG = np.random.default_rng(5)
X = RNG.integers(-4, 5, LANES) / 2.0
K = RNG.integers(0, 4, LANES)
ROWS = RNG.integers(-3, 4, (LANES, 5)).astype(float)


def check(fun, *xs, **options):
    """Compare `vmap` with the loop; a list of each lane is one leaf to the code that looks at kinds."""
    check_law(fun, *xs, kinds=False, **options)


# ---- the functions ----


def appended_in_a_branch(x, k, row):
    out = [0.0]
    if x > 0:
        out.append(x)
        if k > 1:
            out.append(2 * x)
    return len(out), sum(out), out[-1]


def appended_in_a_loop(x, k, row):
    out = []
    for v in row:
        if v > x:
            out.append(v)
    return len(out), sum(out), max(out) if out else -9.0


def a_stack(x, k, row):
    stack, popped = [k], 0
    while stack:
        n = stack.pop()
        popped += 1
        if n > 0:
            stack.append(n - 1)
            if n > 2:
                stack.append(n - 2)
    return popped


def a_stack_of_tuples(x, k, row):
    stack = [(0, k, 1.0)]
    total = 0.0
    while stack:
        low, high, weight = stack.pop()
        if high - low < 1:
            total += weight * low
        else:
            middle = (low + high) // 2
            stack.append((low, middle, weight / 2))
            stack.append((middle + 1, high, weight / 4))
    return total


def a_queue(x, k, row):
    queue, seen = [k], []
    while queue and len(seen) < 6:
        n = queue.pop(0)
        if n in seen:
            continue
        seen.append(n)
        queue.append((n * 2) % 5)
        queue.append((n + 3) % 5)
    return len(seen), seen[-1]


def written_by_an_index_of_each_lane(x, k, row):
    counts = [0] * 3
    for v in row:
        counts[int(v) % 3] += 1
    return counts, counts[k % 3], counts.index(max(counts))


def swapped(x, k, row):
    items = list(row)
    items[0], items[k] = items[k], items[0]
    return np.array(items)


def inserted_and_deleted(x, k, row):
    items = [1.0, 2.0, 3.0]
    items.insert(k, x)
    if x > 0:
        del items[0]
    items.insert(-1, 7.0)
    return items[0], items[-1], len(items), items[k // 2]


def of_another_length_each(x, k, row):
    items = [x] * k
    items.extend([1.0, 2.0])
    return len(items), items[0], sum(items), items[-1]


def slices(x, k, row):
    items = [x, x + 1, x + 2, x + 3]
    return len(items[k:]), sum(items[:k]), sum(items[-k:]), (items[1:] + items[:k])[-1], items[::-1][k]


def sorted_down(x, k, row):
    items = [v + 0.5 for v in [x, 1.5, -x, 0.5]]
    items[k] = 0.0
    items.sort(reverse=True)
    return items


def sorted_by_a_key(x, k, row):
    order = sorted(range(3), key=lambda i: row[i])
    pairs = sorted([(row[n], n) for n in range(4)])
    return order, pairs[0][1], min(range(5), key=lambda i: abs(row[i] - x))


def two_names_of_one_list(x, k, row):
    a = b = [0.0]
    if x > 0:
        a.append(x)
    b[0] = b[0] + 1
    return a[0], len(a), len(b)


def grown_by_a_function(x, k, row):
    out = []

    def put(v):
        if v > 0:
            out.append(v)
        return len(out)

    sizes = [put(v) for v in row]
    return sizes[-1], sum(out)


def lists_in_a_list(x, k, row):
    neighbours = [[] for _ in range(3)]
    for n, v in enumerate(row):
        neighbours[int(v) % 3].append(n)
    return [len(one) for one in neighbours], sum(neighbours[k % 3])


def a_new_list_for_each_turn(x, k, row):
    front, steps = [k], 0
    while front:
        after = []
        for n in front:
            if n > 0:
                after.append(n - 1)
            if n > 1:
                after.append(n - 2)
        front = after
        steps += 1
    return steps


def chosen_lists(x, k, row):
    items = [1.0, x] if x > 0 else [2.0, x, x]
    items.append(3.0)
    return len(items), items[0], items[-1]


def compared(x, k, row):
    a, b = [x], [0.5]
    if k > 1:
        a.append(1.0)
        b.append(2.0)
    return a == b, a < b, a != [0.5], x in a, a.count(0.5), b == [0.5, 2.0]


def arrays_in_a_list(x, k, row):
    points = [row, row + 1, row * 2]
    if x > 0:
        points[k % 3] = row - x
    return points[0] + points[2], points[k % 3].sum()


def a_list_of_none_and_numbers(x, k, row):
    found = [None] * 3
    if x > 0:
        found[k % 3] = x
    return sum([v for v in found if v is not None]), found.count(None)


def looped_in_step(x, k, row):
    a = list(range(k))
    total = 0.0
    for n, v in enumerate(a):
        total += n * v
    for v, w in zip(a, row):  # noqa: B905
        total += v * w
    for v in reversed(a):
        total = total / 2 + v
    return total


def cleared(x, k, row):
    items = [1.0, 2.0]
    if x > 0:
        items.clear()
    items += [x]
    items *= 2
    items.reverse()
    return len(items), items[0], items[-1]


def longer_by_a_sum(x, k, row):
    items = [x] * k
    before = len(items)
    longer = items + [x] * 2
    items.append(x)
    items.append(x)
    return len(items), len(longer), before, min(items[:k] + [x] * 2)


FUNCTIONS = [
    appended_in_a_branch, appended_in_a_loop, a_stack, a_stack_of_tuples, a_queue, written_by_an_index_of_each_lane,
    swapped, inserted_and_deleted, of_another_length_each, slices, sorted_down, sorted_by_a_key, two_names_of_one_list,
    grown_by_a_function, lists_in_a_list, a_new_list_for_each_turn, chosen_lists, compared, arrays_in_a_list,
    a_list_of_none_and_numbers, looped_in_step, cleared,
    longer_by_a_sum,
]  # fmt: skip


@pytest.mark.parametrize("fun", FUNCTIONS, ids=lambda fun: fun.__name__)
def test_as_the_loop(fun):
    check(fun, X, K, ROWS)


@pytest.mark.parametrize("fun", FUNCTIONS, ids=lambda fun: fun.__name__)
def test_in_a_nested_map(fun):
    check(fun, X[:4], K[:6], ROWS[:6], in_axes=[(0, None, None), (None, 0, 0)])
    check(fun, X[:4], K[:6], ROWS[:4], in_axes=[(None, 0, None), (0, None, 0)])


@pytest.mark.parametrize("fun", FUNCTIONS, ids=lambda fun: fun.__name__)
def test_without_source(fun):
    namespace = {"np": np}
    exec(inspect.getsource(fun), namespace)
    check(namespace[fun.__name__], X[:7], K[:7], ROWS[:7], strict=False)


# ---- what raises ----


def out_of_range(x, k, row):
    items = [x, x]
    items[k % 2] = 1.0
    return items[k]


def popped_from_an_empty_list(x, k, row):
    items = []
    for _ in range(k % 2):
        items.append(x)
    return items.pop()


def caught(x, k, row):
    items = [1.0]
    if x > 0:
        items.append(x)
    try:
        return items[k]
    except IndexError:
        return -1.0


def sliced_by_a_truth(x, k, row):
    items = [1.0]
    if x > 0:
        items.append(x)
    return items[(x > 1) :]


def removed(x, k, row):
    items = [0, 1, 2]
    items[0] = k
    items.remove(2)
    return items


RAISING = [out_of_range, popped_from_an_empty_list, sliced_by_a_truth, removed]


@pytest.mark.parametrize("fun", RAISING, ids=lambda fun: fun.__name__)
def test_exceptions(fun):
    check(fun, X, K, ROWS)


def test_an_exception_that_is_caught():
    check(caught, X, K, ROWS)


def test_results_of_different_lengths():
    def f(x):
        out = [x]
        if x > 0:
            out.append(-x)
        return out

    with pytest.raises(ValueError, match="differ in structure"):
        vmap(f)(X)
    check(f, np.abs(X) + 1)


# ---- what stays as it is: right, if not fast ----


def test_lists_that_branches_exchange_stay_apart():
    def f(x, k):
        a = b = [0.0]
        if x > 0:
            a = [x]
            b = a
        a[0] = a[0] + 1
        return b[0]

    def g(x, k):
        if x > 0:
            a = [x]
            b = a
        else:
            a, b = [1.0], [2.0]
        a.append(x)
        return len(b)

    def h(x, k):
        rows = [[], []]
        rows[k % 2].append(x)
        return len(rows[0])

    def bound(x, k):
        out = []
        put = out.append
        if x > 0:
            put(x)
        return len(out)

    for fun in (f, g, h, bound):
        check(fun, X, K, strict=False)


def test_an_array_of_a_list_is_written():
    def f(x, row):
        rows = [row * 1.0, row + 1]
        if x > 0:
            rows.append(row + 2)
        rows[0][0] = x
        rows[-1][1] = 9.0
        return rows[0], rows[-1]

    check(f, X, ROWS, strict=False)


class Counter:
    """A callable that changes itself."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, v):
        self.calls += 1
        return v


class Adder:
    def __init__(self) -> None:
        self.total = 0.0

    def __call__(self, v):
        self.total = self.total + v
        return self.total


@pytest.mark.parametrize("cls", [Counter, Adder])
def test_a_callable_object_that_changes_itself(cls):
    def f(x, k):
        counter = cls()
        if x > 0:
            counter(x)
        for _ in range(k):
            counter(1.0)
        return counter.calls if cls is Counter else counter.total

    check(f, X, K, strict=False)


def test_lists_in_loops_that_lanes_leave():
    def f(x, k, row):
        items = [v for v in row if v > x]
        found = -9.0
        for v in items:
            if v > 1:
                found = v
                break
        made = []

        def grown():
            made.append(1)
            return items

        for v in grown():
            if v > k:
                break
        return found, len(made)

    check(f, X, K, ROWS)
    check(f, X, K, ROWS, strict=False)


# ---- changes that rewritten code does not see ----


def _exec(text):
    namespace = {}
    exec(text, namespace)
    return namespace


UNSEEN = _exec(
    """
def put(items, v):
    items.append(v)

class Count:
    def __init__(self):
        self.n = 0

    def __call__(self):
        self.n += 1
"""
)


class Total:
    def __init__(self) -> None:
        self.total = 0.0

    def __iadd__(self, v):
        self.total = self.total + v
        return self


def by_heapq(x, k):
    heap = []
    if k > 1:
        heapq.heappush(heap, 1.0)
    return len(heap)


def by_bisect(x, k):
    items = [1, 3]
    if k > 1:
        bisect.insort(items, 2)
    return items[1]


def by_operator(x, k):
    items = [1, 3]
    if k > 1:
        operator.setitem(items, 0, 5)
        items = operator.iadd(items, [7])
    return items[0], len(items)


def by_a_function_without_source(x, k):
    items = []
    if k > 1:
        UNSEEN["put"](items, 1)
    return len(items)


def by_an_object_without_source(x, k):
    count = UNSEEN["Count"]()
    if k > 1:
        count()
    return count.n


def by_a_counter(x, k):
    count = collections.Counter()
    if k > 1:
        count.update([1])
    return count[1]


def by_a_partial(x, k):
    items = []
    put = functools.partial(items.append, 1)
    if k > 1:
        put()
    return len(items)


def by_addition_in_place(x, k):
    total = Total()
    if k > 1:
        total += 3.0
    return total.total


def by_an_iterator(x, k):
    numbers = iter([1, 2, 3])
    for n in numbers:
        if k > n:
            break
    return sum(numbers)


def by_a_cache(x, k):
    calls = []

    @functools.lru_cache
    def f(n):
        calls.append(n)
        return n

    if k > 1:
        f(1)
    f(1)
    return len(calls)


HIDDEN = [
    by_heapq, by_bisect, by_operator, by_a_function_without_source, by_an_object_without_source, by_a_counter,
    by_a_partial, by_addition_in_place, by_an_iterator, by_a_cache,
]  # fmt: skip


@pytest.mark.parametrize("fun", HIDDEN, ids=lambda fun: fun.__name__)
def test_changes_by_other_code(fun):
    check(fun, X, K, strict=False)


STRICT = (
    "nearest_neighbours", "nelder_mead", "comprehension_statistics", "first_blob", "quickselect_median",
    "permutation_cycles", "longest_common_subsequence", "coin_change", "longest_increasing_subsequence", "kmeans_1d",
    "adaptive_simpson_stack", "run_length_encode", "merge_sorted", "stack_machine", "tic_tac_toe_winner", "cusum",
)  # fmt: skip


@pytest.mark.parametrize("name", STRICT)
def test_wild_functions_take_no_slow_path(name):
    entry = next(entry for entry in WILD if entry.name == name)
    slow, fast = entry.arguments(LANES), entry.arguments(LANES)
    expected = stack(entry.loop(*slow))
    found = vmap(entry.fun, in_axes=entry.in_axes, strict=True)(*fast)
    assert not (text := disagreement((expected, slow), (found, fast), entry.tol)), text


def test_a_slice_of_a_list_of_each_lane_takes_no_truth_values_of_numpy():
    def f(x, k):
        items = [[x], [x, x]][k % 2]
        return items[: k == 3]

    with pytest.raises(TypeError, match="slice indices must be integers or None"):
        vmap(f)(np.arange(4.0), np.arange(4))
