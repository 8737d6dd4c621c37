"""Odd functions, as scientists write them: state, caches, formats, objects, iterators, views, and every kind of value.

They need not be fast, only right: each gives what the loop gives, with its writes and its exceptions.
"""

from __future__ import annotations

import bisect
import collections
import dataclasses
import decimal
import enum
import fractions
import functools
import heapq
import itertools
import json
import math
import operator
import statistics
import types
import typing
import warnings

import numpy as np
import pytest
from law import check

from lanewise import PerformanceWarning, vmap

X = np.array([1.5, -2.0, 3.25, 0.0, -0.5, 1.5, 8.0])
N = np.array([3, 0, 7, 1, 12, 3, 5])
A = np.arange(21.0).reshape(7, 3) % 8 - 3
M = np.arange(63.0).reshape(7, 3, 3) % 11 - 4
INDICES = np.arange(21).reshape(7, 3) % 5
Z = A + 1j * A[:, ::-1]
D = np.array(
    ["2020-02-28", "2021-01-01", "1999-12-31", "2000-03-01", "2024-02-29", "2020-02-28", "1970-01-01"], "M8[D]"
)
S = np.array(["a", "bcd", "", "xy", "a", "hello", "z"])
RECORDS = np.array([(1, 2.5), (2, -1.0), (3, 0.0), (4, 1.0), (5, 2.0), (6, 3.0), (7, 4.0)], [("n", int), ("v", float)])

CASES: dict[str, tuple[typing.Any, typing.Any]] = {}


def case(*args):
    """Enter a function, with the batches that it is mapped over."""

    def enter(function):
        CASES[function.__name__] = (function, args)
        return function

    return enter


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


# ---- numbers ----


@case(X)
def builtins_of_numbers(x):
    return abs(x) + round(x, 1) + round(x) + pow(x, 2) + sum([x, 1]) + min(x, 1) + max(x, -1.0)


@case(N)
def divmod_and_bits(n):
    q, r = divmod(n, 4)
    return (q << 2 | r) ^ 5 & ~n, n >> 1, int(n).bit_length(), pow(int(n), 3, 7)


@case(X)
def math_functions(x):
    return math.floor(x) + math.sin(x) + math.hypot(x, 1) + math.copysign(1, x) + math.fmod(x, 0.75)


@case(X)
def math_domain_errors(x):
    try:
        return math.sqrt(x) + math.log(x)
    except ValueError as error:
        return float(len(str(error)))


@case(N)
def big_integers(n):
    return math.factorial(n + 10) % 1000003 + math.gcd(n, 12) + math.comb(n + 3, 2)


@case(N)
def python_integers(n):
    return int(n) ** 30 % 1000 if n else 7


@case(X)
def fractions_of_lanes(x):
    f = fractions.Fraction(float(x)).limit_denominator(8)
    return f.numerator * 10 + f.denominator


@case(X)
def decimals(x):
    return float(decimal.Decimal(str(x)).quantize(decimal.Decimal("0.1")))


@case(A)
def statistics_of_lanes(x):
    return statistics.median(x.tolist()) + statistics.fmean(x)


@case(X)
def zero_division(x):
    try:
        return float(x) % 0 if x < 0 else 1 / float(x)
    except ZeroDivisionError:
        return -7.0


@case(X)
def numpy_division(x):
    with np.errstate(all="ignore"):
        return np.float64(1) / x, x // 0, x % 0


@case(X)
def float_methods(x):
    return x.is_integer() * 10 + x.as_integer_ratio()[1]


@case(N)
def bool_arithmetic(n):
    return (n > 2) + (n > 5) * 2 - (not n)


@case(N)
def slices_with_lane_bounds(n):
    table = np.arange(20.0)
    return table[n : n + 3].sum() + table[: -n or None].size + table[n % 5 :: 2][-1]


@case(Z)
def complex_numbers(z):
    w = z[0] * z[1].conjugate()
    return abs(w) + w.real - w.imag, complex(w) ** 2, np.angle(z) > 0


@case(X)
def negative_powers(x):
    with np.errstate(all="ignore"):
        return x**0.5, float(abs(x)) ** 0.5


@case(X)
def comparisons_with_nan(x):
    y = np.nan if x == 0 else x
    return max(y, 1.0), min(1.0, y), y != y, sorted([2.0, y, 1.0])[0]


# ---- arrays ----


@case(A)
def views_of_views(x):
    tail = x[1:][::-1]
    tail *= 2
    head = tail[:1]
    head -= x[0]
    return x * 1


@case(M)
def diagonal_written(x):
    x.reshape(-1)[:: x.shape[1] + 1] = 1.0
    x.T[0, 1:] += 5
    return np.trace(x @ x)


@case(Z)
def parts_written(z):
    z.real[0] = 7.0
    z.imag *= 2
    return z


@case(M)
def row_found_by_argmax(x):
    worst = x[np.argmax(np.abs(x[:, 0]))]
    return worst / worst[0] if worst[0] else worst


@case(M)
def rows_swapped(x):
    p = int(np.argmax(np.abs(x[:, 0])))
    x[[0, p]] = x[[p, 0]]
    return x[0]


@case(M)
def tuple_swap_of_rows(x):
    x[0], x[1] = x[1].copy(), x[0].copy()
    return x


@case(M)
def tuple_swap_of_views(x):
    x[0], x[1] = x[1], x[0]
    return x


@case(INDICES)
def histogram_by_hand(x):
    out = np.zeros(5, int)
    for v in x:
        out[v] += 1
    return out


@case(INDICES)
def lookup_tables(x):
    return WEIGHTS[x % 3].sum() + np.array([10.0, 20.0, 30.0])[x[0] % 3]


@case(A)
def masks(x):
    x[x < 0] = 0
    kept = x[x > 1]
    return kept.sum() + (kept.max() if kept.size else -1.0)


@case(A)
def appended_lists(x):
    out = []
    for v in x:
        if v > 0:
            out.append(v)
            out.append(-v)
    return np.sum(out) if out else 0.0


@case(A)
def concatenated_in_a_loop(x):
    out = np.empty(0)
    for v in x:
        out = np.append(out, [v, v * 2])
    return out


@case(A)
def object_arrays(x):
    return np.array([x[0], None, "text"], dtype=object)[0] + 1


@case(A)
def array_of_booleans(x):
    return (~np.array([x[0] > 0, True, x[1] > 0])).sum()


@case(X)
def roots_of_an_array(x):
    with np.errstate(all="ignore"):
        return np.array([x, -8.0]) ** 0.5


@case(A)
def masked_arrays(x):
    m = np.ma.masked_less(np.array(x.tolist()), 0)
    return float(m.sum()) if m.count() else 0.0


@case(A)
def matrices(x):
    return float((np.asmatrix(x.tolist()) * np.asmatrix(x.tolist()).T)[0, 0])


@case(RECORDS)
def records(r):
    return r["v"] * 2 + r["n"]


@case(A)
def structured_inside(x):
    r = np.zeros(2, [("a", float), ("b", int)])
    r["a"] = x[:2]
    return r["a"].sum()


@case(D)
def dates(d):
    return (d - np.datetime64("2000-01-01")) // np.timedelta64(1, "D"), d.astype("M8[M]") == np.datetime64("2020-02")


@case(D)
def weekdays(d):
    return np.is_busday(d), np.busday_count("2019-01-01", d), d.item().weekday()


@case(A)
def poly(x):
    p = np.poly1d(x)
    return p(2.0) + np.polyval(x, 3.0)


@case(M)
def solve_or_give_up(x):
    try:
        return np.linalg.solve(x, np.ones(3))
    except np.linalg.LinAlgError:
        return np.zeros(3)


@case(A)
def vectorised_inside(x):
    return np.vectorize(lambda v: v**2 if v > 0 else 0.0)(x)


@case(A)
def apply_inside(x):
    return np.apply_along_axis(sorted, 0, x)


@case(A)
def from_iterables(x):
    return np.fromiter((v * 2 for v in x), float, 3) + np.array(list(map(abs, x)))


@case(A)
def shape_assigned(x):
    y = x.copy()
    y.shape = (3, 1)
    return y


@case(A)
def getattr_and_operators(x):
    return getattr(x, "sum")() + operator.itemgetter(1)(x) + operator.attrgetter("size")(x)  # noqa: B009


@case(A)
def bytes_of_lanes(x):
    return len(x.tobytes()) + x.view(np.int64)[0] % 7


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
def test_odd_function(name):
    function, args = CASES[name]
    check(function, *args, strict=False, kinds=False)


# ---- arrays that lanes share, however they are reached ----


class Counter:
    """An object that writes to an array of its own."""

    shared = np.zeros(3)

    def __init__(self):
        self.c = np.zeros(3)

    def bump(self):
        self.c[0] += 1
        return self.c[0]

    @property
    def following(self):
        return self.bump()

    def __call__(self, x):
        return self.bump() + x[0]

    def method(self, x):
        return self.following + x[0]

    @classmethod
    def of_the_class(cls, x):
        cls.shared[0] += x[0]
        return cls.shared[0]


def module_of_the_user():
    module = types.ModuleType("of_the_user")
    source = "import numpy as np\nTABLE = np.zeros(3)\ndef bump():\n    TABLE[0] += 1\n    return TABLE[0]"
    exec(compile(source, "of_the_user.py", "exec"), vars(module))
    return module


def numbers(c):
    while True:
        c[0] += 1
        yield c[0]


def keyword_default(c):
    def f(x, *, c=c):
        c[0] += 1
        return c[0] + x[0]

    return f


def own_attribute(c):
    def f(x):
        f.c[0] += 1
        return f.c[0] + x[0]

    f.c = c
    return f


def decorated(c):
    def wrap(g):
        @functools.wraps(g)
        def inner(x):
            c[0] += 1
            return g(x) + c[0]

        return inner

    return wrap(lambda x: x[0])


def written(write):
    """A function that writes to ``c`` and returns what is there."""
    return lambda c: lambda x: (write(c), np.sum(c.real) + x[0])[1]


def found_in(hold, take):
    """A function that takes an array out of a container and writes to it."""

    def make(c):
        held = hold(c)

        def f(x):
            own = take(held)
            own[0] += x[0]
            return own[0] * 2

        return f

    return make


REACHED = {
    "an object": lambda c: _with(Counter(), c),
    "a method": lambda c: _with(Counter(), c).method,
    "an object in a closure": lambda c: (lambda o: lambda x: o.bump() + x[0])(_with(Counter(), c)),
    "a property in a list": lambda c: (lambda o: lambda x: o[0].following + x[0])([_with(Counter(), c)]),
    "a partial": lambda c: functools.partial(lambda c, x: operator.iadd(c, 1)[0] + x[0], c),
    "a keyword default": keyword_default,
    "an attribute of the function": own_attribute,
    "a decorator": decorated,
    "a generator": lambda c: (lambda g: lambda x: next(g) + x[0])(numbers(c)),
    "a view": lambda c: (lambda v: lambda x: (v.__iadd__(1), c.sum() + x[0])[1])(c[1:]),
    "a nested dict": found_in(lambda c: {"a": {"b": {"c": {"d": [c]}}}}, lambda d: d["a"]["b"]["c"]["d"][0]),
    "a long list": found_in(lambda c: [np.zeros(3) for _ in range(80)] + [c], lambda d: d[-1]),
    "a namedtuple": found_in(lambda c: Point(1.0, c), lambda p: p.y),
    "a namespace": found_in(lambda c: types.SimpleNamespace(a=c), lambda n: n.a),
    "a deque": found_in(lambda c: collections.deque([c]), lambda d: d[0]),
    "an ordered dict": found_in(lambda c: collections.OrderedDict(a=c), lambda d: d["a"]),
    "an object array": found_in(lambda c: np.array([c, None], object), lambda o: o[0]),
    "a subclass": found_in(lambda c: c.view(np.matrix), lambda m: m.A1),
    "a dataclass": found_in(lambda c: Body(c), lambda b: b.mass),
    "out=": written(lambda c: np.add(c, 1, out=c)),
    "positional out": written(lambda c: np.add(c, 1, c)),
    "positional out of a sum": written(lambda c: np.cumsum(c + 1, 0, None, c)),
    "out= that must fit": written(lambda c: np.dot(np.eye(3) * 2, c + 1, out=c)),
    "ufunc.at": written(lambda c: np.add.at(c, [0, 0], 1)),
    "setitem": written(lambda c: c.__setitem__(0, c[0] + 1)),
    "iadd": written(lambda c: operator.iadd(c, 1)),
    "a memoryview": written(lambda c: memoryview(c).__setitem__(0, c[0] + 1)),
    "copyto": written(lambda c: np.copyto(c, c + 1)),
    "setattr": written(lambda c: setattr(c, "real", c + 1)),
    "a map": lambda c: lambda x: sum(map(functools.partial(_bump, c), [0, 1])) + x[0],
}


def _bump(c, k):
    c[k] += 1
    return c[k]


def _with(counter, c):
    counter.c = c
    return counter


@pytest.mark.parametrize("name", REACHED)
def test_shared_arrays_are_written_in_the_order_of_lanes(name):
    mine, theirs = np.ones(3), np.ones(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = vmap(REACHED[name](mine))(A)
        function = REACHED[name](theirs)
        expected = np.stack([function(row) for row in A])
    assert np.array_equal(found, expected)
    assert np.array_equal(mine, theirs)
    assert mine.flags.writeable


def test_arrays_of_classes_and_modules_are_written_in_the_order_of_lanes():
    expected = np.cumsum(A[:, 0])
    for function in (Counter.of_the_class, lambda x: Counter.of_the_class(x), lambda x: Counter().of_the_class(x)):
        Counter.shared[:] = 0
        with pytest.warns(PerformanceWarning):
            assert np.array_equal(vmap(function)(A), expected)
    module = module_of_the_user()
    with pytest.warns(PerformanceWarning):
        assert np.array_equal(vmap(lambda x: module.bump() + x[0])(A), np.arange(1, 8) + A[:, 0])
    assert module.TABLE[0] == 7


def test_a_function_that_writes_what_it_makes_stays_in_one_batch():
    net = Filter()

    def f(x):
        y = np.zeros(3)
        y[:2] = x[:2] * net.gain
        return y + net.state

    assert np.array_equal(vmap(f, strict=True)(A), [f(row) for row in A])
