"""Odd functions, as scientists write them: state, caches, formats, objects, iterators, views, and every kind of value.

They need not be fast, only right: each gives what the loop gives, with its writes and its exceptions.
"""

from __future__ import annotations

import bisect
import collections
import dataclasses
import enum
import functools
import heapq
import itertools
import json
import math
import typing
import warnings

import numpy as np
import pytest
from cases import entering
from law import check

X = np.array([1.5, -2.0, 3.25, 0.0, -0.5, 1.5, 8.0])
N = np.array([3, 0, 7, 1, 12, 3, 5])
A = np.arange(21.0).reshape(7, 3) % 8 - 3
M = np.arange(63.0).reshape(7, 3, 3) % 11 - 4
INDICES = np.arange(21).reshape(7, 3) % 5
D = np.array(
    ["2020-02-28", "2021-01-01", "1999-12-31", "2000-03-01", "2024-02-29", "2020-02-28", "1970-01-01"], "M8[D]"
)
S = np.array(["a", "bcd", "", "xy", "a", "hello", "z"])

CASES: list[typing.Any] = []
case = entering(CASES, strict=False, kinds=False)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("function", "args", "options"), CASES)
def test_odd_function(function, args, options):
    check(function, *args, **options)


# ---- state ----


@case(X)
def mutable_default(x, seen=[]):  # noqa: B006
    seen.append(1)
    return x * 2


@case(A)
def default_buffer(x, buffer=np.zeros(3)):  # noqa: B008
    buffer[:] = x
    buffer += 1
    return buffer.sum()


CACHE: dict = {}


@case(N)
def global_cache(n):
    if n not in CACHE:
        CACHE[n] = n * n + 1
    return CACHE[n]


@functools.lru_cache(None)
def binomial(n, k):
    return 1 if k in (0, n) else binomial(n - 1, k - 1) + binomial(n - 1, k)


@case(N)
def memoised_recursion(n):
    return binomial(int(n) + 2, 2)


WEIGHTS = np.array([0.5, 0.25, 0.25])


class Filter:
    """An exponential filter that keeps its state in an array."""

    def __init__(self):
        self.state = np.zeros(3)
        self.gain = 0.5

    def update(self, x):
        self.state += self.gain * (x - self.state)
        return self.norm()

    def norm(self):
        return float(np.abs(self.state).max())


FILTER = Filter()


@case(A)
def method_with_state(x):
    FILTER.state[:] = 0
    return FILTER.update(x) + FILTER.update(x + 1)


@case(A)
def object_made_inside(x):
    f = Filter()
    for k in range(3):
        f.update(x * k)
    return f.state


@case(X)
def seterr(x):
    old = np.seterr(all="ignore")
    try:
        return 1.0 / x + np.log(x)
    finally:
        np.seterr(**old)


@case(X)
def errstate_raise(x):
    try:
        with np.errstate(divide="raise", invalid="raise"):
            return np.log(x)
    except FloatingPointError:
        return np.float64(-99.0)


@case(X)
def warnings_as_errors(x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return np.sqrt(x)
        except RuntimeWarning:
            return np.float64(-1.0)


@case(A)
def local_generator(x):
    rng = np.random.default_rng(7)
    return x + rng.normal(size=3).round(2)


@case(N)
def seeded_by_a_lane(n):
    return np.random.default_rng(int(n)).integers(0, 10, 4)


@case(N)
def shuffles_a_list(n):
    order = list(range(5))
    np.random.default_rng(int(n)).shuffle(order)
    return np.array(order)


# ---- what kind of value is it? ----


@case(X)
def isinstance_chain(x):
    if isinstance(x, np.ndarray):
        return 1.0
    if isinstance(x, float):
        return x + 2.0
    return 3.0


@case(A)
def type_names(x):
    return len(x.__class__.__name__) + x.ndim * 100 + (1000 if isinstance(x[0], np.generic) else 0)


@case(A)
def scalar_or_array(x):
    x = np.atleast_1d(x)
    return x[0] if x.size == 1 else x.mean()


@case(X)
def is_close(x):
    return math.isclose(x, 1.5) or np.isclose(x, -2.0)


@case(X)
def singledispatched(x):
    return describe(x)


@functools.singledispatch
def describe(x):
    return -1.0


@describe.register
def _(x: float):
    return x * 10


@case(N)
def matches(n):
    match n:
        case 0:
            return 100
        case 1 | 3:
            return n * 2
        case _ if n > 6:
            return -n
        case _:
            return 0


# ---- text ----


@case(X)
def f_strings(x):
    return f"{x:8.3f}|{x!s:>20}|{x:e}"


@case(X)
def percent_format(x):
    return "%6.2f and %s" % (x, x)  # noqa: UP031


@case(A)
def array_text(x):
    return np.array2string(x, precision=2) + str(x) + repr(x.tolist())


@case(N)
def number_text(n):
    return bin(n) + hex(n) + str(n).zfill(4) + format(n, "b")


@case(X)
def parses_itself(x):
    return float(f"{x:.1f}") + int(str(int(x)))


@case(S)
def words(s):
    return s.upper() + "-" + s[::-1] + str(len(s))


@case(A)
def joined(x):
    return ",".join(str(v) for v in x)


@case(A)
def as_json(x):
    return json.dumps({"x": x.tolist(), "s": float(x.sum())})


# ---- containers of lanes ----


@case(N)
def dict_by_lane(n):
    return {0: 1.5, 1: 2.5, 3: -1.0}.get(n, 0.25)


@case(INDICES)
def counts(x):
    counter = collections.Counter(x.tolist())
    return counter.most_common(1)[0][1]


@case(INDICES)
def set_of_lanes(x):
    return len({v % 4 for v in x}) + len(set(x.tolist()) & {0, 1, 2})


@case(A)
def sorted_pairs(x):
    return sorted(zip(x, range(3), strict=True), reverse=True)[0][1]


@case(A)
def list_sort(x):
    values = list(x)
    values.sort(key=abs)
    return np.array(values)


@case(A)
def heap(x):
    values = [(float(v), k) for k, v in enumerate(x)]
    heapq.heapify(values)
    return heapq.heappop(values)[1]


@case(X)
def bisected(x):
    return bisect.bisect([-1.0, 0.0, 1.0, 2.0], x)


@case(A)
def deque_window(x):
    window = collections.deque(maxlen=2)
    best = -np.inf
    for v in x:
        window.append(v)
        best = max(best, sum(window))
    return best


@case(INDICES)
def defaultdict_groups(x):
    groups = collections.defaultdict(list)
    for k, v in enumerate(x):
        groups[int(v) % 2].append(k)
    return len(groups[0]) * 10 + sum(groups[1])


@case(X)
def in_a_list(x):
    return x in [1.5, 0.0] or x in (8.0,)


@case(A)
def min_max_by_key(x):
    return min(x, key=lambda v: (v - 1) ** 2) * 10 + max(range(3), key=lambda k: x[k])


Point = collections.namedtuple("Point", "x y")


class Pair(typing.NamedTuple):
    a: float
    b: float = 2.0


@case(A)
def named_tuples(x):
    p = Point(x[0], y=x[1])
    q = p._replace(x=p.y * 2)
    return Pair(q.x + p.x, max(q))


@dataclasses.dataclass(frozen=True, order=True)
class Body:
    mass: float
    place: float = 0.0

    def moved(self, by):
        return dataclasses.replace(self, place=self.place + by)


@case(A)
def dataclasses_compared(x):
    bodies = [Body(x[0]), Body(x[1], 1.0).moved(x[2])]
    return max(bodies).mass + (bodies[0] < bodies[1]) * 100


class Colour(enum.IntEnum):
    RED = 0
    GREEN = 1
    BLUE = 3


@case(N)
def enums(n):
    try:
        return Colour(n).value * 10
    except ValueError:
        return -1


# ---- iteration ----


@case(M)
def rows(x):
    total = 0.0
    for row in x:
        for v in row:
            if v < 0:
                continue
            total += v
    return total


@case(A, A[:, ::-1])
def zipped(x, y):
    return sum(a * b for a, b in zip(x, y, strict=True))


@case(M)
def enumerated(x):
    out = 0.0
    for i, row in enumerate(x):
        for j, v in enumerate(row):
            out += (i - j) * v
    return out


@case(M)
def ndenumerate(x):
    return sum(v * (i + 2 * j) for (i, j), v in np.ndenumerate(x))


@case(M)
def ndindex(x):
    out = np.empty_like(x)
    for place in np.ndindex(x.shape):
        out[place] = x[place] * place[0] - place[1]
    return out


@case(A)
def nditer_reads(x):
    return sum(float(v) for v in np.nditer(x))


@case(A)
def nditer_writes(x):
    with np.nditer(x, op_flags=["readwrite"]) as it:
        for v in it:
            v[...] = 2 * v
    return x.sum()


@case(M)
def flat_and_ravel(x):
    x.flat[::2] = 0
    for k, v in enumerate(x.flat):
        if v > 3:
            x.flat[k] = 3
    return x.ravel().sum()


@case(A)
def unpacking(x):
    first, *rest = x
    (a, b), c = rest, first
    return a * 100 + b * 10 + c


@case(A)
def itertools_chains(x):
    return sum(a * b for a, b in itertools.combinations(x, 2)) + list(itertools.accumulate(x, max))[-1]


@case(A)
def next_that_fits(x):
    return next((v for v in x if v > 2), -1.0)


@case(A)
def reversed_and_sliced(x):
    return sum(v * 2.0**k for k, v in enumerate(reversed(x[:-1])))


@case(A)
def any_all_of_a_generator(x):
    return any(v > 3 for v in x) * 2 + all(v < 3 for v in x)


@case(N)
def while_true(n):
    k = 0
    while True:
        k += 1
        if k * k > n:
            break
    else:
        k = -1
    return k


@case(N)
def for_else(n):
    for k in range(2, 5):
        if n % k == 0:
            break
    else:
        return -1
    return k


@case(N)
def ackermann(n):
    def a(m, n):
        if m == 0:
            return n + 1
        return a(m - 1, 1) if n == 0 else a(m - 1, a(m, n - 1))

    return a(1, n % 4)


@case(N)
def mutual_recursion(n):
    def even(k):
        return True if k == 0 else odd(k - 1)

    def odd(k):
        return False if k == 0 else even(k - 1)

    return even(n)
