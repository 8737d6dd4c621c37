"""Odd functions of numbers and arrays, as scientists write them: only the right result is asked, not speed."""

from __future__ import annotations

import decimal
import fractions
import math
import operator
import statistics
import typing

import numpy as np
import pytest
from cases import entering
from law import check

from lanewise import jit, vmap

X = np.array([1.5, -2.0, 3.25, 0.0, -0.5, 1.5, 8.0])
N = np.array([3, 0, 7, 1, 12, 3, 5])
A = np.arange(21.0).reshape(7, 3) % 8 - 3
M = np.arange(63.0).reshape(7, 3, 3) % 11 - 4
INDICES = np.arange(21).reshape(7, 3) % 5
Z = A + 1j * A[:, ::-1]
D = np.array(
    ["2020-02-28", "2021-01-01", "1999-12-31", "2000-03-01", "2024-02-29", "2020-02-28", "1970-01-01"], "M8[D]"
)
RECORDS = np.array([(1, 2.5), (2, -1.0), (3, 0.0), (4, 1.0), (5, 2.0), (6, 3.0), (7, 4.0)], [("n", int), ("v", float)])

CASES: list[typing.Any] = []
case = entering(CASES, strict=False, kinds=False)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("function", "args", "options"), CASES)
def test_odd_function(function, args, options):
    check(function, *args, **options)


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


WEIGHTS = np.array([0.5, 0.25, 0.25])


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


# ---- powers of 0.5: NumPy takes the square root of arrays, and C's pow of scalars ----

ROOTS = np.array([-0.0, 0.0, -np.inf, np.inf, np.nan, 4.0, 2.0])
HALVES = {
    "a scalar": lambda x: x**0.5,
    "a number of NumPy's": lambda x: x ** np.float64(0.5),
    "single precision": lambda x: np.float32(x) ** 0.5,
    "half precision": lambda x: np.float16(x) ** np.float16(0.5),
    "bound anew": lambda x: operator.ipow(x, 0.5),
    "pow": lambda x: pow(x, 0.5),
    "a Python float": lambda x: float(x) ** 0.5,
    "math.pow": lambda x: math.pow(x, 0.5),
    "float_power": lambda x: np.float_power(x, 0.5),
    "an array": lambda x: np.array([x, 1.0]) ** 0.5,
    "the function": lambda x: np.power(x, 0.5),
    "an exponent of each lane": lambda x: x ** (0.5 if x != 2 else 1.5),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", HALVES)
@pytest.mark.parametrize("transform", [vmap, lambda f: jit(vmap(f)), lambda f: vmap(jit(f))])
def test_powers_of_a_half(name, transform):
    function = HALVES[name]
    for xs in (ROOTS, ROOTS[:1], ROOTS[2:3]):
        expected = np.array([function(x) for x in xs])
        found = transform(function)(xs)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
        number = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found)[number], np.signbit(expected)[number])
