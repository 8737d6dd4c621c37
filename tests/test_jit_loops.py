"""Loops that lanes leave one by one, under `jit`: what they keep, what they carry, and what is left out of them."""

from __future__ import annotations

import linecache
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lanewise import PerformanceWarning, jit, make_program, vmap
from lanewise.compile import run
from lanewise.compile.cycles import Loop
from lanewise.compile.emit import Emitter
from lanewise.compile.native import machine
from lanewise.compile.passes import simplify

N = 67  # lanes: some vectors, and one that overlaps


def compiled(f: Callable[..., Any], *args: Any) -> None:
    """Compare with the loop, bit by bit; nothing falls back."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerformanceWarning)
        found = jit(vmap(f))(*args)
    expected = [f(*row) for row in zip(*args, strict=True)]
    first = expected[0]
    for n, part in enumerate(found if isinstance(first, tuple) else [found]):
        wanted = np.array([row[n] if isinstance(first, tuple) else row for row in expected])
        assert part.dtype == wanted.dtype
        np.testing.assert_array_equal(part, wanted)


def x_and_n() -> tuple[Any, Any]:
    """Numbers, and counts of turns that differ much."""
    rng = np.random.default_rng(3)
    return np.round(rng.normal(size=N) * 8) / 4, rng.integers(0, 40, N) ** 2 // 40


# ---- what lanes keep that leave ----


def test_what_a_turn_before_made_is_kept():
    def fall(v):
        y = 0.0
        while y >= 0:
            v -= 0.25
            before = y
            y += v * 0.5
        return before, y, v

    compiled(fall, np.linspace(0.1, 9, N))


def test_values_that_move_along():
    def f(x, n):
        a, b, c = x, x + 1, x + 2
        k = 0
        while k < n and a < 1e6:
            a, b, c = b, c, a + b
            k += 1
        return a, b, c, k

    compiled(f, *x_and_n())


def test_flags_are_kept():
    def f(x, n):
        found = odd = False
        k = 0
        while k < n:
            if x > k % 7:
                found = True
            odd = not odd
            if k == 11:
                break
            k += 1
        return found, odd, k

    compiled(f, *x_and_n())


def test_a_counter_that_all_lanes_share_is_each_lanes_own_after():
    def f(x, n):
        for k in range(100):
            if k * k > n + x:
                break
        return k

    compiled(f, *x_and_n())


def test_a_counter_of_turns_that_are_not_shared():
    def f(x, n):
        total = 0.0
        for k in range(n):
            total += k * x
            if total > 50:
                return k
        return -1

    compiled(f, *x_and_n())


def test_nested_loops():
    def f(x, n):
        total, k = 0, 0
        last = 0.0
        while k < n:
            j = k
            while j > 3:
                j = j // 2 if j % 2 == 0 else j - 1
                last = x + j
            total += j
            k += 1
            if total > 40:
                return total, last, k
        return total, last, -k

    compiled(f, *x_and_n())


def test_a_loop_in_a_branch():
    def f(x, n):
        z = x
        if x > 0:
            k = 0
            while k < n:
                z = z * 0.5 + 1
                k += 1
        else:
            z = -z
        return z

    compiled(f, *x_and_n())


def test_lanes_that_raise_in_a_loop():
    def f(n):
        k, total = 5, 0
        while k > n:
            total += 10 // k
            k -= 1
        return total

    compiled(f, np.arange(0, N) % 6)
    with pytest.raises(ZeroDivisionError):
        jit(vmap(f))(np.array([1, 2, -1, 3] * 9))


# ---- first turns ----


@pytest.mark.parametrize("start", ["0.0", "0", "0j", "1", "True"])
def test_what_begins_as_a_python_number(start):
    def f(x, n):
        z, k = value, 0
        while k < n:
            z = z * 0.5 + x
            k += 1
            if abs(z) > 3:
                return abs(z)
        return abs(z) * 1.0

    value = eval(start)
    x, n = x_and_n()
    compiled(f, x, np.maximum(n, 1))


def test_a_first_turn_that_some_lanes_do_not_take():
    def f(x, n):
        z = 0.0
        while n > 0:
            z = z + x / n
            n -= 1
        return z + 1.0

    x, n = x_and_n()
    found = jit(vmap(f))(x, n)
    np.testing.assert_array_equal(found, [f(*row) for row in zip(x, n, strict=True)])


def test_a_first_turn_is_written_out_where_a_value_changes_its_kind():
    def f(c):
        z = 0j
        for k in range(50):
            z = z * z + c
            if abs(z) > 2:
                return k
        return 50

    program = str(simplify(make_program(vmap(f))(np.zeros(9, complex))))
    before, _, body = program.partition("while(")
    assert before.count("absolute") == 1
    assert body.count("multiply") == 1
    assert " mul(" not in body


def test_what_nobody_asks_for_is_not_carried():
    def f(x):
        a = b = c = x
        while a > 1:
            a, b, c = a * 0.5, c + 1, b * 2
        return a

    program = simplify(make_program(vmap(f))(np.ones(9)))
    (loop,) = [node for node in program.nodes if node.function == "while"]
    assert len(loop.outputs) == 1


# ---- what a turn computes for the next ----


def test_what_the_next_turn_would_compute_again_is_carried():
    e = Emitter(4)
    loop = Loop(e, None)
    x = loop.carry(e.splat(e.literal(3.0, "double")))
    size = e.op("fmul", x.ref, x.ref)
    x.next = e.op("fsub", x.ref, size)
    again = e.op("fmul", x.next, x.next)
    loop.go_on_while(e.any(e.compare("ogt", again, e.literal(1.0, "double"))))
    loop.close()
    text = "\n".join(e.root.lines)
    assert f"{size.name} = phi" in text
    assert text.count("fmul") == 2  # before the loop, and in it


def test_what_no_later_turn_reads_is_not_carried():
    e = Emitter(4)
    loop = Loop(e, None)
    x = loop.carry(e.splat(e.literal(3.0, "double")))
    size = e.op("fmul", x.ref, x.ref)
    half = e.op("fmul", size, e.literal(0.5, "double"))
    x.next = e.op("fsub", x.ref, half)
    again = e.op("fmul", e.op("fmul", x.next, x.next), e.literal(0.5, "double"))
    loop.go_on_while(e.any(e.compare("ogt", again, e.literal(1.0, "double"))))
    loop.close()
    text = "\n".join(e.root.lines)
    assert f"{half.name} = phi" in text
    assert text.count(size.name) == 0
    assert text.count(" = phi") == 2


def test_kept_values_are_not_carried_ahead():
    e = Emitter(4)
    loop = Loop(e, None)
    alive = loop.carry(e.splat(e.literal(True, "i1")))
    x, y = [loop.carry(e.splat(e.literal(start, "double"))) for start in (1.0, 2.0)]
    loop.go_on_while(e.any(alive.ref))
    x.alive = e.op("fadd", x.ref, x.ref)
    x.next, y.alive = e.select(alive.ref, x.alive, x.ref), x.ref
    y.next = e.select(alive.ref, x.ref, y.ref)
    alive.next, alive.alive = e.compare("olt", x.alive, e.literal(9.0, "double")), alive.ref
    loop.close()
    assert f"{y.next.name} = select" in "\n".join(e.root.lines)


def test_newton_computes_its_function_once_a_turn():
    def newton(a):
        x = a
        while abs(x * x - a) > 1e-9:
            x = x - (x * x - a) / (2 * x)
        return x

    compiled(newton, np.linspace(1, 99, N))


# ---- vectors in pieces ----


def test_pieces_have_instructions_of_their_own():
    e = Emitter(16, piece=4)
    loop = e.enter(e.index(0), e.index(10), 1)
    place = e.alloca("double", 16)
    x = e.read(place, "double", 16)
    mask = e.compare("olt", x, e.literal(0.0, "double"))
    e.store(e.select(mask, x, e.op("fmul", x, x)), place)
    assert len(e.pieces(mask)) == 4
    assert mask.width == 16
    assert mask.region is loop.region
    text = "\n".join(loop.region.lines)
    assert text.count("select <4 x i1>") == 4
    assert "<16 x" not in text
    assert mask.name in "\n".join(loop.region.lines)  # all together, where that is asked
    loop.close()


# ---- lanes that stay longer than most ----


def first_factor(n):
    k = 2
    while k * k <= n:
        if n % k == 0:
            return k
        k += 1
    return n


@pytest.mark.parametrize("size", [1, 5, 31, 33, 64, 511, 512, 513, 540, 1100, 5000])
def test_lanes_that_stay_go_on_together(size):
    n = np.random.default_rng(size).integers(2, 9000, size)
    np.testing.assert_array_equal(jit(vmap(first_factor))(n), [first_factor(int(x)) for x in n])


def test_they_take_along_what_they_have():
    def f(x, single, flag, n, z):
        k, seen, total = 0, flag, single
        while k < n:
            k += 1
            seen = not seen
            total = total * np.float32(0.5) + single
            z = z * 0.5 + x
            if k == 300 and flag:
                return k * 2, seen, total, z, x
        return k, seen, total, z, x + k

    rng = np.random.default_rng(1)
    x, single = rng.normal(size=1300), rng.normal(size=1300).astype("f4")
    z = rng.normal(size=1300) + 1j * rng.normal(size=1300)
    n = np.where(rng.random(1300) < 0.9, 3, 900) * rng.integers(0, 2, 1300)
    compiled(f, x, single, x > 0, n, z)


def test_they_are_told_from_those_that_fail():
    def f(n):
        k = 0
        while k < n:
            k += 1
        return 100 // (k - 777)

    n = np.random.default_rng(2).integers(0, 700, 2000)
    np.testing.assert_array_equal(jit(vmap(f))(n), 100 // (n - 777))
    n[1234] = 777
    with pytest.raises(ZeroDivisionError):
        jit(vmap(f))(n)


def test_what_comes_before_and_after_such_a_loop():
    def f(x, n):
        y = np.exp(x)
        k = 0
        while k < n:
            k = k + 1 if y > 1 else k + 2
        m = k
        while m > 10:
            m = m // 3
        return y + k, m, np.sin(x) * m

    rng = np.random.default_rng(3)
    x, n = rng.normal(size=900), rng.integers(0, 2, 900) * rng.integers(0, 500, 900)
    found = jit(vmap(f))(x, n)
    for part, wanted in zip(found, zip(*map(f, x, n), strict=True), strict=True):
        np.testing.assert_allclose(part, wanted, rtol=1e-14)


def halved(x):
    a = b = x
    while a + b > 4:
        a, b = b * 0.5, a * 0.75
    return a, b


def both_the_same(x):
    a = b = x
    while a + b > 4:
        a = b = (a + b) * 0.375
    return a, b


def bounded(x):
    a, limit = x, 4.0
    while a > limit:
        a, limit = a - x * 0.125, limit * 1.0625
    return a, limit


def in_a_branch(x):
    a = x
    if x > 10:
        while a > 4:
            a = a * 0.875
    return a, a + x


@pytest.mark.parametrize("f", [halved, both_the_same, bounded, in_a_branch])
@pytest.mark.parametrize("size", [3, 40, 700, 1300])
def test_lanes_that_do_not_come_to_a_loop(f, size):
    x = np.random.default_rng(size).normal(size=size) ** 4 * 9
    for found, wanted in zip(jit(vmap(f))(x), zip(*map(f, x.tolist()), strict=True), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_what_a_loop_tests_before_its_first_turn_it_computes_once():
    def root(x, e):
        a = x
        while abs(a - e * np.sin(a) - x) > 1e-12 * (1 + abs(x)):
            a -= (a - e * np.sin(a) - x) / (1 - e * np.cos(a))
        return a

    x = np.concatenate([np.linspace(-9, 9, 1200), np.zeros(300), [1e9, -3e7, 2e8]])
    e = np.where(np.arange(x.size) % 3 == 0, 0.0, 0.4)
    np.testing.assert_allclose(jit(vmap(root))(x, e), vmap(root)(x, e), rtol=1e-12)


def test_only_where_lanes_may_differ_much():
    def even(x):
        for k in range(99):
            x = x * 0.5
            if x < 1:
                return k
        return -1

    def uneven(n):
        k = 3
        while k * k <= n and n % k:
            k += 2
        return k

    if "avx512f" not in machine().features:
        return
    for f, rounds in ((uneven, True), (even, False)):
        before = set(run.KERNELS)
        jit(vmap(f))(np.arange(2, 300) * (1 if rounds else 1.0))
        (text,) = set(run.KERNELS) - before
        assert ("vector.compress" in text) is rounds


# ---- random loops ----

NUMBERS = ["x", "a", "b", "a + b", "a - x", "a * 0.5", "b * 0.25 + 1", "x if p else a", "abs(b)", "min(a, b)"]
COUNTS = ["k", "m", "n", "m + 1", "k // 2", "m % 3", "k * 2 - m", "n // 3 + k % 2", "(k + m) // 5", "-m % 7", "m ^ 1"]
TESTS = ["a < b", "m < n", "p", "not q", "k % 3 == 1", "a > 2", "m > 4", "x < a and q", "k > 9 or p"]


def statement(r: random.Random, depth: int, indent: str) -> list[str]:
    """A random statement."""
    kind = r.choice(["number", "number", "count", "count", "flag", "if", "if", "leave", "loop"])
    if kind == "number":
        return [f"{indent}{r.choice('ab')} = {r.choice(NUMBERS)}"]
    if kind == "count":
        return [f"{indent}m = ({r.choice(COUNTS)}) % 1000"]
    if kind == "flag":
        return [f"{indent}{r.choice('pq')} = {r.choice(TESTS)}"]
    if kind == "leave":
        leave = r.choice(["break", "break", "return a, m, p", "continue"])
        return [f"{indent}if {r.choice(TESTS)}:", f"{indent}    {leave}"]
    inner = [line for _ in range(r.randint(1, 3)) for line in statement(r, depth + 1, indent + "    ")]
    if kind == "if" or depth > 1:
        if any("break" in line or "continue" in line for line in inner) and depth == 0:
            return []
        return [f"{indent}if {r.choice(TESTS)}:", *inner]
    return [f"{indent}for j{depth} in range({r.choice(['m % 5', '20', 'n', 'k % 7 + 1'])}):", *inner]


def program(seed: int) -> str:
    """A random function with a loop."""
    r = random.Random(seed)
    lines = ["def f(x, n):", f"    a, b, m, k, p, q = {r.choice(['0.0', 'x', '1'])}, x + 1, 0, 0, False, True"]
    lines += [f"    while k < {r.choice(['n', '30', 'n + 3'])} and {r.choice(TESTS + ['True'] * 6)}:", "        k += 1"]
    for _ in range(r.randint(2, 6)):
        lines += statement(r, 0, "        ")
    return "\n".join([*lines, "    return a * 1.0, m, p"])


@pytest.mark.parametrize("first", range(0, 60, 10))
def test_random_loops(first):
    rng = np.random.default_rng(first)
    x, n = np.round(rng.normal(size=600) * 8) / 4, rng.integers(0, 40, 600) ** 2 // 40
    for seed in range(first, first + 10):
        text = program(seed)
        space: dict[str, Any] = {}
        exec(compile(text, f"<loop {seed}>", "exec"), space)
        linecache.cache[f"<loop {seed}>"] = (len(text), None, text.splitlines(True), f"<loop {seed}>")
        f = space["f"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PerformanceWarning)
            found = jit(vmap(f))(x, n)
        expected = list(zip(*[f(*row) for row in zip(x, n, strict=True)], strict=True))
        for part, wanted in zip(found, expected, strict=True):
            np.testing.assert_array_equal(part, np.array(wanted), text)


def test_turns_that_all_lanes_leave_where_turns_are_written_out() -> None:
    def f(x: Any, n: Any) -> Any:
        k, found = 0, np.zeros(2)
        while k < 3:
            k += 1
            if k == 1:
                continue
            found[1] += 10.0**k
            if n > 2:
                def own() -> Any:  # another function in each turn: the loop is written out
                    return 1.0

                own()
        return found

    compiled(f, *x_and_n())
