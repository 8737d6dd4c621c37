"""Variables of a function around, which lanes bind while others are elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lanewise import vmap


def counted_in_a_branch(x: Any, n: Any) -> Any:
    count, total = 0, 0.0 * x

    def note(value: Any) -> Any:
        nonlocal count, total
        count += 1
        if value > 1:
            total = total + value
            return total
        total -= value
        return total * count

    if x > 0:
        y = note(x)
        if n > 2:
            count = 10
            y = y + note(x * 2)
    else:
        y = x
    return count, total, y + note(x + 3)


def counted_in_loops(x: Any, n: Any) -> Any:
    steps, last = 0, n

    def step(k: Any) -> Any:
        nonlocal steps, last
        for j in range(3):
            if j > k:
                break
            steps += 1
        if k % 2 == 0:
            return False
        last = k * steps
        return k > 4

    k = 0
    while k < n:
        k += 1
        if step(k):
            break
    return steps, last, k


def counted_by_calls_of_itself(x: Any, n: Any) -> Any:
    calls = 0

    def down(k: Any) -> Any:
        nonlocal calls
        calls += 1
        if k <= 1:
            return k
        return down(k - 1) + (down(k - 2) if k % 3 else 0)

    return down(n), calls


def made_in_a_branch(x: Any, n: Any) -> Any:
    def counter() -> Any:
        count = 0

        def tick() -> Any:
            nonlocal count
            if n > 1:
                count += n
            else:
                count -= 1
            return count

        return tick

    outside = counter()
    if x > 0:
        tick = counter()
        tick()
        outside()
        found = tick()
    else:
        found = outside()
    return found, outside()


def of_several_numbers(x: Any, n: Any) -> Any:
    balance, label, fees = 5.0, "open", 0

    def pay(amount: Any) -> Any:
        nonlocal balance, label, fees
        if balance + amount < 0:
            balance -= 0.5
            fees = True if fees == 0 else fees + 1
            label = "short" if fees > 1 else None
            return False
        balance += amount
        return True

    done = [pay(x * k) for k in range(-3, n)]
    while balance > 4 and n < 5:
        pay(-1)
        n += 1
    if label == "short":
        n += 100
    return sum(done), n, balance + 0.0, fees + 0, 2 if isinstance(balance, np.float64) else 1


def of_several_kinds(x: Any, n: Any) -> Any:
    value = 0

    def change() -> None:
        nonlocal value
        if n == 1:
            value = 1.5
        elif n == 2:
            value = x
        elif n == 3:
            value = "text"
        elif n == 4:
            value = np.array([x, x])

    change()
    return len(str(type(value)))


STRICT = [counted_in_a_branch, of_several_numbers, counted_in_loops, counted_by_calls_of_itself, made_in_a_branch]
RNG = np.random.default_rng(5)


def arguments(lanes: int) -> tuple[Any, Any]:
    return RNG.normal(size=lanes) * 2, RNG.integers(0, 7, lanes)


@pytest.mark.parametrize("lanes", [1, 2, 13, 500])
@pytest.mark.parametrize("fun", [*STRICT, of_several_kinds])
@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_it_is_the_loop(fun: Any, lanes: int) -> None:
    x, n = arguments(lanes)
    found = vmap(fun, strict=fun in STRICT)(x, n)
    expected = [fun(a, b) for a, b in zip(x, n, strict=True)]
    if type(found) is not tuple:
        found, expected = (found,), [(row,) for row in expected]
    for mine, theirs in zip(found, map(np.array, zip(*expected, strict=True)), strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)


def test_inside_of_another_map() -> None:
    def rows(x: Any, n: Any) -> Any:
        return vmap(counted_in_a_branch, in_axes=(0, None))(x, n)

    x, n = RNG.normal(size=(9, 4)), RNG.integers(0, 7, 9)
    expected = [[counted_in_a_branch(a, b) for a in row] for row, b in zip(x, n, strict=True)]
    for k, found in enumerate(vmap(rows)(x, n)):
        np.testing.assert_array_equal(found, [[one[k] for one in row] for row in expected])
