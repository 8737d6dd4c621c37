"""jit of plain Python control flow: what each lane does is what the loop does, and nothing falls back."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from wild import WILD, Wild
from wild.compare import disagreement, stack

from lanewise import PerformanceWarning, jit, lax, make_program, vmap


def mandelbrot(re, im):
    zr = zi = 0.0
    for k in range(60):
        if zr * zr + zi * zi > 4.0:
            return k
        zr, zi = zr * zr - zi * zi + re, 2 * zr * zi + im
    return 60


def complex_mandelbrot(c):
    z = 0
    for k in range(60):
        if abs(z) > 2:
            return k
        z = z * z + c
    return 60


def kepler(mean, e):
    E = mean
    while abs(E - e * np.sin(E) - mean) > 1e-12:
        E -= (E - e * np.sin(E) - mean) / (1 - e * np.cos(E))
    return E


def collatz(n):
    count = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        count += 1
    return count


def brackets(x):
    if x < 10:
        return 0.1 * x
    elif x < 100:
        y = 1 + 0.2 * (x - 10)
    else:
        y = 19 + 0.4 * (x - 100)
    return y


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def skips_and_breaks(x):
    total, count = 0.0, 0
    for k in range(50):
        if k % 3 == 0:
            continue
        if total > x:
            break
        total += k * 0.5
        count += 1
    else:
        count = -1
    return total, count


def endless(x):
    while True:
        x = x * 0.5
        if x < 1:
            return x


def logic(x):
    if (x > 0 and x < 1) or x > 5:
        return 1.0
    return 2.0 if not x < 0 else -1.0


def fixed_turns(s):
    x, y, z = s
    for _ in range(40):
        x, y, z = x + 0.01 * 10 * (y - x), y + 0.01 * (x * (28 - z) - y), z + 0.01 * (x * y - 8 / 3 * z)
    return np.array([x, y, z])


def horner(c, x):
    found = 0.0
    for k in range(len(c)):
        found = found * x + c[k]
    return found


def standard_library(x):
    return math.sin(x) + math.sqrt(x) + min(x, 2.0) - max(0.5, x) + int(x) + round(x) + math.floor(x)


def writes_after_leaving(x):
    counts = np.zeros(4)
    for k in range(4):
        if x[k] < 0:
            continue
        if x[k] > 2:
            break
        counts[k] += x[k]
    return counts


def nested(x):
    total = 0.0
    for i in range(12):
        j = 0
        while j < i and total < x:
            total += 0.1 * j
            j += 1
    return total


def arguments(rng, n):
    """Each function, with arguments for so many lanes."""
    x = rng.uniform(0, 12, n)
    return {
        mandelbrot: (rng.uniform(-2, 0.5, n), rng.uniform(-1, 1, n)),
        complex_mandelbrot: (rng.uniform(-2, 0.5, n) + 1j * rng.uniform(-1, 1, n),),
        kepler: (x, np.full(n, 0.3)),
        collatz: (rng.integers(1, 1000, n),),
        brackets: (x * 20,),
        gcd: (rng.integers(1, 1000, n), rng.integers(1, 1000, n)),
        skips_and_breaks: (x * 10,),
        endless: (x + 1,),
        logic: (x - 4,),
        fixed_turns: (rng.normal(size=(n, 3)),),
        horner: (rng.normal(size=(n, 12)), x),
        standard_library: (x,),
        writes_after_leaving: (rng.normal(size=(n, 4)) + 0.5,),
        nested: (x,),
    }


FUNCTIONS = list(arguments(np.random.default_rng(0), 1))


@pytest.mark.parametrize("fun", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("n", [1, 7, 100])
def test_is_the_loop(fun, n):
    args = arguments(np.random.default_rng(n), n)[fun]
    found = jit(vmap(fun))(*args)
    expected = [fun(*[x[k] for x in args]) for k in range(n)]
    if isinstance(found, tuple):
        for part, wanted in zip(found, zip(*expected, strict=True), strict=True):
            np.testing.assert_allclose(part, np.stack(wanted), rtol=1e-12)
    else:
        np.testing.assert_allclose(found, np.stack(expected), rtol=1e-12)
        assert found.dtype == np.stack(expected).dtype


def test_arithmetic_is_bit_equal():
    args = arguments(np.random.default_rng(5), 500)
    for fun in (mandelbrot, gcd, collatz, fixed_turns, horner, skips_and_breaks):
        found, expected = jit(vmap(fun))(*args[fun]), vmap(fun)(*args[fun])
        for a, b in zip(np.atleast_1d(found), np.atleast_1d(expected), strict=True):
            assert np.array_equal(a, b)


def test_lax():
    x = np.random.default_rng(0).normal(size=(9, 20))

    def mean(xs):
        step = lambda c, v: ((c[0] + v, c[1] + 1), (c[0] + v) / (c[1] + 1))  # noqa: E731
        return lax.scan(step, (0.0, 0), xs)[1]

    def halve(v):
        return lax.while_loop(lambda s: s[0] > 0.01, lambda s: (s[0] * 0.5, s[1] + 1), (abs(v), 0))[1]

    def pick(v):
        return lax.cond(v > 0, lambda u: u * 2, lambda u: u - 1, v)

    def repeat(v):
        return lax.fori_loop(0, 30, lambda i, s: s + v * i, v)

    for fun in (mean, lambda v: halve(v[0]), lambda v: pick(v[1]), repeat):
        np.testing.assert_allclose(jit(vmap(fun))(x), vmap(fun)(x), rtol=1e-12)


@pytest.mark.filterwarnings("error::lanewise.PerformanceWarning")
@pytest.mark.parametrize("turns", [1, 2, 4, 8, 9])
def test_loops_of_lax_take_all_their_turns(turns):
    x = np.random.default_rng(1).normal(size=(70, turns))
    functions = [
        lambda v: lax.fori_loop(0, turns, lambda k, s: s * 2 + k, v[0]),
        lambda v: lax.fori_loop(0, turns, lambda k, s: s + v[k] * k, 1.0),
        lambda v: lax.scan(lambda c, y: (c * 0.5 + y, c - y), v[0], v),
        lambda v: lax.scan(lambda c, y: (c * 0.5 + y, c - y), v[0], v, reverse=True),
        lambda v: lax.map(lambda y: y * y + 1, v),
        lambda v: lax.scan(lambda c, _: (c + 1.0, c * v[0]), 0.5, None, length=turns),
    ]
    for fun in functions:
        found, expected = jit(vmap(fun))(x), vmap(fun)(x)
        for a, b in zip(*[r if isinstance(r, tuple) else (r,) for r in (found, expected)], strict=True):
            np.testing.assert_array_equal(a, b)


def test_programs_have_loops():
    text = str(make_program(vmap(mandelbrot))(np.zeros(4), np.zeros(4)))
    assert text.count("while(") == 1
    assert "body(" in text


def test_exceptions_of_some_lanes():
    def root(x):
        if x < 0:
            raise ValueError("negative")
        return math.sqrt(x)

    assert np.array_equal(jit(vmap(root))(np.array([4.0, 9.0])), [2.0, 3.0])
    with pytest.raises(ValueError, match="negative") as caught:
        jit(vmap(root))(np.array([4.0, -9.0]))
    assert "lane 1 of 2" in caught.value.__notes__[0]
    with pytest.raises(ZeroDivisionError):
        jit(vmap(lambda x: 1 / x.item()))(np.array([1.0, 0.0]))


def test_big_integers_leave_the_batch():
    def grow(n):
        return n.item() * 4 % 7

    big = np.array([3, 2**62])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        assert jit(vmap(grow))(big).tolist() == [12 % 7, 2**64 % 7]


EAGER = {"sieve_count"}  # its array is as long as a value says


@pytest.mark.parametrize("entry", WILD, ids=lambda entry: entry.name)
def test_functions_found_in_the_wild(entry: Wild) -> None:
    slow, fast = entry.arguments(20), entry.arguments(20)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = jit(vmap(entry.fun, in_axes=entry.in_axes))
        expected, found = stack(entry.loop(*slow)), compiled(*fast)
    assert not (text := disagreement((expected, slow), (found, fast), max(entry.tol, 1e-12))), text
    assert (None in compiled.known.values()) == (entry.name in EAGER)


@pytest.mark.filterwarnings("error::lanewise.PerformanceWarning")
def test_loops_on_plain_numbers_that_are_shapes_are_written_out() -> None:
    def refined(b, c):
        n, old = 4, 0.0
        while n <= 64:
            x = np.linspace(0, b, n + 1)
            new = (np.sin(x) / (1 + c * x)).sum() * b / n
            if abs(new - old) < 0.05:
                return new, n
            old, n = new, n * 2
        return old, -1

    rng = np.random.default_rng(3)
    b, c = rng.uniform(0.5, 3, 90), rng.uniform(0, 2, 90)
    found = jit(vmap(refined))(b, c)
    expected = list(zip(*map(refined, b, c), strict=True))
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    np.testing.assert_array_equal(found[1], expected[1])


def left_before_a_while(x, y, k):
    if y:
        pass
    else:
        if k > 1:
            return x
        n = 0
        while n < k + 3:
            n += 1
    x += 1.0
    return x


def left_before_a_long_for(x, y, k):
    if y > 0:
        if k > 1:
            return x
        for _ in range(40):
            y = y * 0.5
    x[0] = y
    return x


def continued_before_a_loop(x, y, k):
    for n in range(3):
        if y > 0:
            if k > n:
                continue
            while y > 0.1:
                y = y * 0.5
        x[n] += 1.0
    return x


def broken_before_a_loop(x, y, k):
    while y < 9:
        y = y + 1
        if y > 2:
            if k > 2:
                break
            for _ in range(30):
                y = y * 1.01
        x += y
    return x


@pytest.mark.parametrize(
    "function", [left_before_a_while, left_before_a_long_for, continued_before_a_loop, broken_before_a_loop]
)
def test_lanes_that_leave_before_a_loop_stay_away(function):
    x, y, k = np.zeros((8, 3)), np.array([0.0, 1, 0, 2, 0, 3, -1, 0]), np.array([1, 2, 3, 0, 2, 1, 3, 0])
    ours, theirs = x.copy(), x.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = jit(vmap(function))(ours, y, k)
    np.testing.assert_allclose(found, [function(*lane) for lane in zip(theirs, y, k, strict=True)], rtol=1e-14)
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_a_carry_that_changes_its_dtype_is_an_error_also_where_it_is_compiled():
    def f(x, k):
        return lax.while_loop(lambda c: c[0] < k, lambda c: (c[0] + 1, k), (0, x))

    x, k = np.arange(4.0) + 0.5, np.arange(4)
    for mapped in (vmap(f), jit(vmap(f)), vmap(jit(f))):
        with pytest.raises(TypeError, match=r"lax.while_loop: body_fun changes the dtype of init_val\[1\]"):
            mapped(x, k)
