"""Plain Python under ``vmap``: functions, exceptions, builtins; against the loop, without a slow path."""

from __future__ import annotations

import math
import traceback
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pytest
from cases import entering
from law import check

from lanewise import facts, jit, vmap

X = np.array([-2.5, -1.0, -0.0, 0.5, 1.0, 2.0, 3.5, 7.0])
N = np.array([0, 1, 2, 3, 5, 8, -3, 4])
ROWS = np.arange(24.0).reshape(8, 3) % 7 - 2

CASES: list[Any] = []
case = entering(CASES)


@pytest.mark.parametrize(("fun", "args", "options"), CASES)
def test_vmap_is_the_loop(fun: Any, args: Any, options: Any) -> None:
    check(fun, *args, **options)


# ---- methods ----


class Base:
    def __init__(self, scale):
        self.scale = scale

    def scaled(self, y):
        if y > 0:
            return y * self.scale
        return -y

    @classmethod
    def made(cls, y):
        return cls(y + 1)


class Derived(Base):
    def __init__(self, scale):
        super().__init__(scale)
        self.twice = 2 * scale

    def scaled(self, y):
        if y > 1:
            return super().scaled(y) + self.twice
        return super().scaled(-y) if y < -1 else 0.5

    @classmethod
    def made(cls, y):
        found = super().made(y)
        return found if found.scale > 0 else cls(0.0)

    def counted(self, y):
        total, k = 0.0, 0
        while k < y:
            total += super().scaled(k - 1.0)
            k += 1
        return total + sum(Base.scaled(self, v) for v in (y, -y))


class Renamed(Derived):
    def scaled(this, y):
        def inner(z):
            return this.scale * z if z > 2 else z

        return inner(super().scaled(y))


@case(X)
def super_in_branches(x):
    return Derived(3.0).scaled(x)


@case(X)
def super_in_a_loop(x):
    return Derived(2.0).counted(x)


@case(X)
def super_of_a_super(x):
    return Renamed(2.0).scaled(x)


@case(X)
def super_of_a_class(x):
    return Derived.made(x).scaled(1.5)


@case(X)
def super_of_an_object_of_each_lane(x):
    return Derived(x).scaled(x)


def test_super_asks_no_facts(monkeypatch):
    monkeypatch.setattr(facts, "agree", None)
    for function in (super_in_branches, super_in_a_loop, super_of_a_super):
        expected = [function(x) for x in X]
        np.testing.assert_array_equal(vmap(function, strict=True)(X), expected)
        np.testing.assert_array_equal(jit(vmap(function))(X), expected)


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


@case(X, strict=False)
def attributes_set(x):
    m = Model(1.0)
    if x > 0:
        m.offset = x
    return m.offset


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


def test_tracebacks_show_the_lines_of_the_user() -> None:
    with pytest.raises(ValueError) as caught:
        vmap(raises)(X)
    frames = [frame for frame in traceback.extract_tb(caught.value.__traceback__) if frame.name == "raises"]
    assert frames[-1].line == 'raise ValueError(f"too much: {x}")'
    assert caught.value.args == ("too much: 3.5",)
    assert "6" in caught.value.__notes__[0]


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


@case(X, N)
def types_of_numpy(x, n):
    whole = np.int64(x), np.int32(int(n)), np.float32(n), np.float64(float(x) * 2), np.bool(n), np.complex128(x)
    return whole, np.float64(np.stack([x, x + 1])), type(whole[0]) is np.int64


@case(X, N, strict=False)
def what_a_type_of_numpy_does_not_hold(x, n):
    try:
        return np.int8(int(n) * 40), np.int64(float(x) / (n - 3))
    except (OverflowError, ZeroDivisionError) as error:
        return len(str(error))


# ---- zero lanes ----


@pytest.mark.parametrize(("fun", "args"), [
    (helpers, (X,)),
])  # fmt: skip
def test_no_lanes(fun: Any, args: Any) -> None:
    check(fun, *args, empty=0)


def test_builtins_by_keyword(rng):
    x = rng.normal(size=9) * 10
    check(lambda x: round(number=float(x), ndigits=1) + pow(base=float(x), exp=2), x)
    check(lambda x: complex(real=float(x), imag=2.0), x)
    check(lambda n: pow(base=int(n), exp=3, mod=7), np.arange(9))
