"""``jit``: functions that call themselves are functions of the compiled code, too."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from lanewise import PerformanceWarning, jit, make_program, vmap


def held(fun: Any, *args: Any, in_axes: Any = 0, compiles: bool = True, written: bool = False) -> Any:
    """See that ``jit(vmap(fun))`` gives what the loop gives, and whether it is compiled."""
    axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
    count = next(len(x) for x, axis in zip(args, axes, strict=True) if axis == 0)
    own = [np.copy(x) for x in args] if written else list(args)
    expected = [fun(*[x if axis is None else x[n] for x, axis in zip(own, axes, strict=True)]) for n in range(count)]
    with warnings.catch_warnings():
        warnings.simplefilter("error" if compiles else "ignore", PerformanceWarning)
        found = jit(vmap(fun, in_axes=in_axes))(*args)
    if isinstance(expected[0], tuple):
        for part, column in zip(found, zip(*expected, strict=True), strict=True):
            np.testing.assert_array_equal(part, np.array(column))
            assert part.dtype == np.array(column).dtype
    else:
        np.testing.assert_array_equal(found, np.array(expected))
        assert found.dtype == np.array(expected).dtype
    if written:
        for x, y in zip(args, own, strict=True):
            np.testing.assert_array_equal(x, y)
    return found


def fib(n: Any) -> Any:
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


def ackermann(m: Any, n: Any) -> Any:
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def bisect(f: Any, low: Any, high: Any, tol: Any) -> Any:
    middle = (low + high) / 2
    if high - low < tol:
        return middle
    if f(middle) > 0:
        return bisect(f, low, middle, tol)
    return bisect(f, middle, high, tol)


def is_even(n: Any) -> Any:
    return True if n == 0 else is_odd(n - 1)


def is_odd(n: Any) -> Any:
    return False if n == 0 else is_even(n - 1)


@pytest.mark.parametrize("lanes", [1, 7, 64, 1000])
def test_a_function_that_calls_itself_twice(lanes: int) -> None:
    held(fib, np.arange(lanes) % 14)


def test_a_call_whose_argument_is_a_call() -> None:
    rng = np.random.default_rng(0)
    held(ackermann, rng.integers(0, 3, 300), rng.integers(0, 5, 300))


def test_functions_as_arguments_and_what_they_read_from_outside() -> None:
    def root(a: Any) -> Any:
        return bisect(lambda x: x * x - a, 0.0, 1.0 + a, 1e-12)

    held(root, np.random.default_rng(1).uniform(0, 9, 200))


def test_functions_that_call_each_other() -> None:
    held(is_even, np.arange(200) % 61)


def test_several_results_and_a_table_of_the_lane() -> None:
    def extremes(table: Any, low: Any, high: Any) -> Any:
        if high - low == 1:
            return table[low], table[low]
        middle = (low + high) // 2
        a, b = extremes(table, low, middle)
        c, d = extremes(table, middle, high)
        return min(a, c), max(b, d)

    rng = np.random.default_rng(2)
    held(lambda table, n: extremes(table, 0, n), rng.normal(size=(100, 12)), rng.integers(1, 13, 100))


def test_a_table_that_all_lanes_share() -> None:
    def depth(parents: Any, n: Any) -> Any:
        if parents[n] == n:
            return 0
        return 1 + depth(parents, parents[n])

    parents = np.array([0, 0, 1, 2, 2, 4, 5, 6, 7, 3])
    held(depth, parents, np.arange(50) % 10, in_axes=(None, 0))


def test_what_is_a_whole_number_at_first_and_a_float_later() -> None:
    def halves(n: Any, total: Any) -> Any:
        if n == 0:
            return total
        return halves(n - 1, total / 2 + 1)

    held(lambda n: halves(n, 0.0), np.arange(100) % 20)

    def quarter(n: Any) -> Any:
        return 1.0 if n == 0 else quarter(n - 1) / 4

    held(quarter, np.arange(100) % 20)


def test_a_result_that_is_an_array() -> None:
    def turned(v: Any, n: Any) -> Any:
        if n <= 0:
            return v
        return turned(np.array([v[1], -v[0] + n]), n - 1)

    rng = np.random.default_rng(3)
    held(turned, rng.normal(size=(90, 2)), rng.integers(0, 9, 90))


def test_arrays_from_outside_that_are_written() -> None:
    def visits(n: Any, counts: Any) -> Any:
        def visit(k: Any) -> Any:
            counts[k % 4] += 1
            if k > 1:
                visit(k - 1)
                visit(k // 2)

        visit(n)
        return counts.sum()

    held(visits, np.arange(80) % 13, np.zeros((80, 4), int), written=True)


def test_a_loop_around_a_call_of_itself() -> None:
    def trees(n: Any) -> Any:
        if n <= 1:
            return 1
        total = 0
        for left in range(n):
            total += trees(left) * trees(n - 1 - left)
        return total

    held(trees, np.arange(40) % 7)


def test_calls_within_a_recursion_of_another() -> None:
    def outer(n: Any) -> Any:
        return fib(n % 5) if n < 3 else outer(n - 2) + fib(n % 7)

    held(outer, np.arange(70) % 17)


def test_an_exception_in_some_lanes_is_that_of_the_loop() -> None:
    def checked(n: Any, x: Any) -> Any:
        if n == 0:
            return 1.0 / x
        if x < -1:
            raise ValueError("too low")
        return checked(n - 1, x) + 1

    x = np.linspace(0.5, 2, 60)
    held(lambda n, x: checked(n, float(x)), np.arange(60) % 9, x)
    with pytest.raises(ValueError, match="too low"):
        jit(vmap(lambda n, x: checked(n, float(x))))(np.arange(60) % 9, x - 4)


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_calls_without_an_end_raise_what_the_loop_raises() -> None:
    def endless(n: Any) -> Any:
        if n < 0:
            return 0
        return endless(n + 1) + endless(n + 2)

    with pytest.raises(RecursionError):
        jit(vmap(endless))(np.arange(-3, 40))


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_integers_that_outgrow_64_bits_run_as_the_loop_does() -> None:
    def factorial(n: Any) -> Any:
        return 1 if n == 0 else int(n) * factorial(n - 1)

    n = np.arange(40) % 30
    found = jit(vmap(factorial))(n)
    assert found.tolist() == [factorial(k) for k in n]
    held(factorial, n % 20)


def test_recursion_on_plain_numbers_is_followed() -> None:
    def power(x: Any, n: int) -> Any:
        if n == 0:
            return 1.0
        return x * power(x, n - 1)

    held(lambda x: power(x, 12), np.linspace(0, 2, 50))
    assert "recurse" not in str(make_program(vmap(lambda x: power(x, 12)))(np.linspace(0, 2, 50)))


def test_without_vmap() -> None:
    assert jit(fib)(np.int64(17)) == fib(17)


def test_a_program_of_a_function_that_calls_itself() -> None:
    text = str(make_program(vmap(fib))(np.arange(10)))
    assert text.count("recurse(fib") == 1
    assert text.count("again(fib") == 2


def test_arrays_that_get_shorter_are_followed_as_deep_as_they_are() -> None:
    def total(v: Any, n: Any) -> Any:
        if len(v) == 1 or n == 0:
            return v[0]
        half = len(v) // 2
        return total(v[:half], n - 1) + total(v[half:], n - 1)

    rng = np.random.default_rng(4)
    held(total, rng.normal(size=(60, 8)), rng.integers(0, 5, 60))


def test_a_recursion_that_reads_a_large_table_is_followed() -> None:
    def walk(table: Any, n: Any) -> Any:
        return table[n] if n < 3 else walk(table, n - 3) + table[n + 300]

    table = np.random.default_rng(5).normal(size=400)
    held(walk, table, np.arange(40) % 17, in_axes=(None, 0))
