"""``jit``: variables of a function around that some lanes bind."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from lanewise import PerformanceWarning, jit, lax, vmap


def in_a_branch(x: Any, n: Any) -> Any:
    count, last = 0, -1.0

    def note(value: Any) -> Any:
        nonlocal count, last
        if value > 0:
            count += 1
            last = value
            return True
        last = last / 2
        return False

    if x > 0.5:
        note(x)
    note(x - 0.25)
    done = [note(x * k) for k in (1.0, -1.0)]
    return count, last, sum(done)


def in_a_loop(x: Any, n: Any) -> Any:
    steps, total = 0, 0.0

    def step(k: Any) -> None:
        nonlocal steps, total
        steps += 1
        if k % 2:
            total = total + x

    k = 0
    while k < n:
        k += 1
        if k == 3:
            continue
        step(k)
        if total > 2:
            break
    return steps, total


def a_loop_inside(x: Any, n: Any) -> Any:
    last, turns = 0, 0

    def walk() -> Any:
        nonlocal turns, last
        for k in range(3):
            turns += 1
            if x > k:
                last = k
            else:
                return k
        return -1

    found = walk() if n > 2 else walk() + walk()
    return last, turns, found


def a_plain_loop_inside(x: Any, n: Any) -> Any:
    count = 0

    def bump() -> None:
        nonlocal count
        for _ in range(3):
            count += 1

    if x > 0:
        bump()
    return count


def two_accounts(x: Any, n: Any) -> Any:
    def account(balance: Any) -> Any:
        def pay(amount: Any) -> Any:
            nonlocal balance
            if balance < amount:
                return 0.0
            balance -= amount
            return amount

        return pay

    first, second = account(2.0), account(abs(x))
    paid = 0.0
    for k in range(4):
        paid += first(x * k) if k % 2 else second(0.5)
    return paid, first(0.1), second(0.1)


def an_account_for_each_turn(x: Any, n: Any) -> Any:
    def left(balance: Any) -> Any:
        def pay(amount: Any) -> Any:
            nonlocal balance
            if balance > amount:
                balance -= amount
            return balance

        pay(0.5)
        return pay(0.25)

    found = 0.0
    k = 0
    while k < n:
        found += left(x + k)
        k += 1
    return found


def towers(x: Any, n: Any) -> Any:
    moves = check = 0

    def move(n: Any, source: Any, target: Any, spare: Any) -> None:
        nonlocal moves, check
        if n == 0:
            return
        move(n - 1, source, spare, target)
        moves += 1
        check = (check * 3 + target - source) % 1009
        move(n - 1, spare, target, source)

    move(n, 0, 2, 1)
    return moves, check


def of_several_types(x: Any, n: Any) -> Any:
    best = None

    def note(value: Any) -> None:
        nonlocal best
        if best is None or value > best:
            best = value

    if n > 2:
        note(x)
    if n > 4:
        note(x + 1)
    return -9.0 if best is None else best


def by_a_walrus(x: Any, n: Any) -> Any:
    count = 0

    def step() -> None:
        nonlocal count
        again = x > 0 and (count := count + 1) > 1
        if again:
            count += 10

    step()
    step()
    return count


FUNCTIONS = [
    in_a_branch, in_a_loop, a_loop_inside, a_plain_loop_inside, two_accounts, an_account_for_each_turn, towers,
    of_several_types, by_a_walrus,
]  # fmt: skip


@pytest.mark.parametrize("fun", FUNCTIONS)
def test_as_the_loop_does(fun: Any) -> None:
    rng = np.random.default_rng(len(fun.__name__))
    x, n = rng.uniform(-1.5, 3.0, 120), rng.integers(0, 7, 120)
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerformanceWarning)
        found = jit(vmap(fun))(x, n)
    expected = [fun(*pair) for pair in zip(x, n, strict=True)]
    for mapped in (found, vmap(fun)(x, n)):
        columns = list(zip(*expected, strict=True)) if isinstance(expected[0], tuple) else [expected]
        for part, column in zip(mapped if isinstance(mapped, tuple) else (mapped,), columns, strict=True):
            np.testing.assert_array_equal(part, np.array(column))
            assert part.dtype == np.array(column).dtype


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_what_outlives_the_call_is_not_compiled() -> None:
    def counter() -> Any:
        calls = 0

        def counted(x: Any) -> Any:
            nonlocal calls
            if x > 0:
                calls += 1
            return x * calls

        return counted

    x = np.array([1.0, -1.0, 2.0])
    np.testing.assert_array_equal(jit(vmap(counter()))(x), vmap(counter())(x))  # once for a group of lanes


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_what_the_lanes_of_an_inner_map_share_is_not_compiled() -> None:
    def running(x: Any) -> Any:
        total = 0.0

        def add(y: Any) -> Any:
            nonlocal total
            total = total + y
            return total

        return vmap(add)(x)

    x = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(jit(vmap(running))(x), vmap(running)(x))


def test_a_loop_of_lax() -> None:
    def summed(x: Any) -> Any:
        total = 0.0

        def body(k: int, value: Any) -> Any:
            nonlocal total
            total = total + k
            return value + total

        return lax.fori_loop(0, 4, body, x)

    x = np.arange(3.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        np.testing.assert_array_equal(jit(vmap(summed))(x), vmap(summed)(x))
