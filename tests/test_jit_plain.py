"""jit of what plain Python does: functions that call themselves, raise, and hold this in some lanes and that in others.

Everything here is compiled: nothing runs eagerly, and results are those of the loop, their dtypes as well.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from wild.compare import disagreement, stack

from lanewise import PerformanceWarning, jit, lax, make_program, random, vmap


def same(fun, *args, tol=0.0):
    """Run a function compiled, and compare it with the loop."""
    f = jit(vmap(fun))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", PerformanceWarning)
        f(*args)
        f.fun = None  # who runs it eagerly now fails
        found = f(*args)
        expected = stack([fun(*row) for row in zip(*args, strict=True)])
    assert not (text := disagreement((expected, args), (found, args), tol)), text


x = np.array([-2.5, 0.0, 0.25, 1.0, 4.0, 7.5])
n = np.array([0, 1, 2, 3, 6, 11])


# ---- functions that raise, and functions that call themselves ----


def test_what_raises_at_the_end():
    def first_power(v):
        p = 1.0
        for k in range(40):
            if p > v:
                return k
            p *= 2
        raise ArithmeticError("too large")

    same(first_power, x)
    with pytest.raises(ArithmeticError, match="too large"):
        jit(vmap(first_power))(np.array([1.0, 1e300]))


def test_what_raises_in_a_function_that_is_called():
    def check(v):
        if v > 100:
            return 0.0
        if v > -100:
            return v + 1
        raise ValueError("too low")

    same(lambda v: check(v) * 2, x)
    with pytest.raises(ValueError, match="too low"):
        jit(vmap(lambda v: check(v) * 2))(np.array([1.0, -200.0]))


def mirrored(v):
    if v < 0:
        return 1 - mirrored(-v)
    return v / (1 + v)


def power(v, k):
    if k == 0:
        return 1.0
    half = power(v, k // 2)
    return half * half if k % 2 == 0 else half * half * v


def test_functions_that_call_themselves():
    same(mirrored, x)
    same(power, x, n)


def test_functions_that_call_themselves_too_often_run_eagerly():
    def fib(k):
        return k if k < 2 else fib(k - 1) + fib(k - 2)

    with pytest.warns(PerformanceWarning, match="too long"):
        assert jit(vmap(fib))(np.array([3, 12])).tolist() == [2, 144]


# ---- functions of numbers ----


def test_functions_of_the_c_library():
    same(lambda v: math.erf(v) + math.erfc(v / 2), x, tol=1e-14)
    same(lambda v: math.lgamma(v * v + 0.5) + math.gamma(abs(v) + 1), x, tol=1e-14)


def test_complex_numbers_are_made():
    def turned(a, b):
        z = complex(a, b) * complex(b)
        return z.real, z.imag

    same(turned, x, x[::-1].copy())


def test_rows_are_written_item_by_item():
    def pair(v):
        out = np.empty(3)
        out[:2] = v, 2 * v
        out[2] = 1.0
        return out

    same(pair, x)


# ---- what is one thing in some lanes and another elsewhere ----


def test_an_integer_here_and_a_float_there():
    same(lambda v: 0 if v < 0 else v, x)
    same(lambda v: 0 if v < 0 else v, abs(x) + 1)  # every lane a float
    same(lambda v: 0 if v < 0 else v, -abs(x) - 1)  # every lane an int

    def half(v, k):
        total = 0
        if v > 0:
            total = k / 2
        return total * 3, -total

    same(half, x, n)
    same(half, -x - 10, n)


def test_what_a_loop_makes_of_an_integer():
    def count(v, k):
        total = 0
        while k > 0:
            total += v
            k -= 1
        return total

    same(count, x, n)
    same(count, x, 0 * n)  # no lane takes a turn: integers

    def dot(row):
        total = 0
        for k in range(12):
            total += row[k] * k
        return total

    same(dot, np.arange(36.0).reshape(3, 12) / 7)


def test_dtypes_that_differ_between_lanes():
    def narrow(v):
        y = np.float32(0.1)
        if v > 0:
            y = v
        return y * y

    same(narrow, x)
    same(narrow, -abs(x))


def test_none_and_numbers():
    def root(v):
        return None if v < 0 else math.sqrt(v)

    same(root, x)
    same(root, abs(x))
    same(root, -abs(x) - 1)

    def last(v, k):
        old = None
        for j in range(k):
            if old is not None and old > v:
                return old
            old = j * 0.75
        return old

    same(last, x, n)


def test_texts_as_states():
    def gate(row):
        state, opened = "shut", 0
        for item in row:
            if state == "shut" and item > 2:
                state, opened = "open", opened + 1
            elif state == "open" and item < 1:
                state = "shut"
        return opened, 1 if state == "open" else 0

    same(gate, np.random.default_rng(1).uniform(0, 3, (9, 20)))
    same(lambda v: "low" if v < 0 else "high", x)


def test_variables_that_some_lanes_never_bind():
    def largest_below(v):
        for k in range(12):
            if k * k > v:
                break
            best = k
        return best

    same(largest_below, abs(x))
    with pytest.raises(UnboundLocalError):
        jit(vmap(largest_below))(x)

    def sign(v):
        if v > 0:
            s = 1
        elif v <= 0:
            s = -1.5
        return s * v

    same(sign, x)


def test_loops_with_an_else_that_return():
    def search(v, k):
        for j in range(20):
            if j * v > 10:
                return -1.0
            if j > k:
                break
        else:
            return None
        return j / 2

    same(search, x, n * 3)


def test_results_that_differ_in_kind_are_not_used_further():
    def outer(rows):
        return vmap(lambda v: None if v < 0 else v)(rows)

    with pytest.warns(PerformanceWarning, match="runs eagerly"):
        jit(lambda rows: outer(rows)[0])(abs(x))


def test_zeros_keep_their_sign():
    same(lambda v: 0.0 if v < 1 else -0.0, x)
    same(lambda v: 0 * v if v < 1 else -0.0 * v, x)


def test_python_numbers_where_ways_meet():
    def inverse(v):
        low = 0.0
        if v > 1:
            low = v
        return 1 / low if v > -10 else low

    same(inverse, np.array([2.0, 3.0]))
    with pytest.raises(ZeroDivisionError):
        jit(vmap(inverse))(x)


def test_what_may_be_several_things_is_written_and_tested():
    def fill(v):
        row = np.zeros(3)
        best = 0
        for k in range(3):
            row[k] = max(0, v - k, best)
            best = row[k] if v > 1 else best
        return row, bool(v > 0 and best)

    same(fill, x)


def test_shifts_of_python_integers():
    def bits(k):
        k = k.item()
        found = 0
        while k:
            found = found << 1 | k & 1
            k >>= 1
        return found

    same(bits, n)
    same(lambda k: (k.item() << k.item()) >> 2, n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)  # Python's own integers
        assert jit(vmap(lambda k: (1 << k.item()) % 7))(np.array([3, 70])).tolist() == [1, 2**70 % 7]


# ---- lists ----


def test_items_of_lists_change_in_some_lanes():
    def lengths(y, m):
        days = [31, 28, 31, 30]
        if y > 0:
            days[1] = 29
        total = 0
        for k in range(m):
            total += days[k]
        return total, days

    same(lengths, x, n % 5)
    with pytest.raises(IndexError):
        jit(vmap(lengths))(x, n)


def test_items_of_lists_are_found_by_numbers():
    same(lambda k: (0.5, 1.5, 4.0)[k % 3], n)
    same(lambda k: ((0, 1), (1, 0), (0, -1))[k % 3 - 3][1], n)
    same(lambda k: ["a", "bb", "c"].index("bb") + [3, 1, 2].index(k % 3 + 1), n)

    def count(row):
        counts = [0] * 4
        for item in row:
            counts[item] += 1
        return counts, max(counts), 3 in counts

    same(count, np.random.default_rng(2).integers(-2, 4, (9, 6)))
    with pytest.raises(IndexError):
        jit(vmap(lambda k: [1, 2][k]))(n)


def test_lists_in_loops():
    def cycles(perm):
        seen = [False] * len(perm)
        found = 0
        for k in range(len(perm)):
            if seen[k]:
                continue
            found += 1
            j = k
            while not seen[j]:
                seen[j] = True
                j = perm[j]
        return found

    same(cycles, np.array([np.random.default_rng(k).permutation(11) for k in range(6)]))

    def table(v, w):
        rows = [[0] * 4 for _ in range(4)]
        for j in range(3):
            for k in range(3):
                rows[j + 1][k + 1] = rows[j][k] + 1 if v[j] == w[k] else max(rows[j][k + 1], rows[j + 1][k])
        return rows

    words = np.random.default_rng(3).integers(0, 2, (8, 3))
    same(table, words, words[::-1].copy())


def test_lists_that_a_loop_binds_anew():
    def smooth(row, k):
        values = [float(v) for v in row]
        while k > 0:
            values = [values[j - 1] + values[j] for j in range(len(values))]
            k -= 1
        return values

    same(smooth, np.arange(18.0).reshape(6, 3), n)

    def aliased(v, k):
        first = current = [v, v]
        while k > 0:
            current[0] += 1
            current = [current[1], current[0]]
            k -= 1
        return first, current

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        found = jit(vmap(aliased))(x, n)
    expected = stack([aliased(*row) for row in zip(x, n, strict=True)])
    assert not disagreement((expected, ()), (found, ()), 0.0)


def test_lists_have_one_identity():
    def both(v):
        a = [v, 0.0]
        b = a
        if v > 0:
            b[1] = 1.0
            a = [5.0, 5.0]
        a[0] = -1.0
        return a, b

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        found = jit(vmap(both))(x)
    expected = stack([both(v) for v in x])
    assert not disagreement((expected, ()), (found, ()), 0.0)


def test_lists_that_grow_and_shrink_apart():
    def collect(v):
        found = [0.0]
        if v > 0:
            found.append(v)
        return found[-1], len(found)

    same(collect, x)

    def stack_sum(b):
        work, total = [(0.0, b)], 0.0
        while work:
            low, high = work.pop()
            if high - low < 1:
                total += high - low
            else:
                work.append((low, (low + high) / 2))
                work.append(((low + high) / 2, high))
        return total

    same(stack_sum, abs(x))

    def best_three(row):
        best = [-1.0, -1.0, -1.0]
        for v in row:
            for place in range(3):
                if v > best[place]:
                    best.insert(place, v)
                    best.pop()
                    break
        return best[0], best[1], best[2]

    same(best_three, np.random.default_rng(4).uniform(0, 9, (7, 6)))

    def empty(v):
        found = []
        if v > 0:
            found.append(v)
        return found.pop()

    same(empty, abs(x) + 1)
    with pytest.raises(IndexError):
        jit(vmap(empty))(x)


def test_short_lists_are_sorted():
    def order(row):
        items = [row[0], row[1], row[2], row[3]]
        places = sorted(range(4), key=lambda k: items[k])
        down = sorted(items, reverse=True)
        items.sort()
        return items, places, down, min(range(4), key=lambda k: -row[k])

    same(order, np.random.default_rng(5).integers(0, 3, (9, 4)))
    same(order, np.random.default_rng(5).integers(0, 3, (9, 4)).astype(float))


def test_lists_go_to_functions():
    def through(v):
        items = [v, 2.0, -v]
        array = np.array(items) * np.array([1.0, v, 2.0])
        return array.sum() + sum(items), tuple(items)

    same(through, x)

    def halves(items):
        items[0] /= 2
        return items

    same(lambda v: [*halves([v, 1.0]), 3.0], x)


def test_infinities_and_nans_in_math():
    odd = np.array([np.inf, np.nan, 4.0])
    same(lambda v: math.sqrt(v) + math.exp(v) + math.atan2(v, 1.0), odd, tol=1e-14)
    same(lambda v: math.lgamma(v) + math.hypot(v, 1.0), odd, tol=1e-14)
    for function, v in ((math.sin, np.inf), (math.exp, 800.0), (math.log, 0.0), (math.sqrt, -1.0)):
        with pytest.raises((ValueError, OverflowError)):
            jit(vmap(function))(np.array([1.0, v]))


# ---- loops over arrays ----


def test_long_arrays_are_gone_through_by_number():
    rows = np.random.default_rng(6).uniform(-1, 1, (5, 60))

    def runs(row, other):
        total, longest, run = 0, 0, 0
        for k, (v, w) in enumerate(zip(row, other, strict=True)):
            run = run + 1 if v > w else 0
            longest = max(longest, run)
            total += v * k
        return total, longest

    same(runs, rows, rows[:, ::-1].copy())
    same(lambda row: runs(row, row[::-1])[1], np.concatenate([rows, rows, rows], axis=1))

    def long(row):
        best = row[0]
        for v in row:
            for w in row:
                best = max(best, v - w * w)
        return best

    same(long, rows)
    assert "while" in str(make_program(vmap(long))(rows))

    def last(row):
        found = -1
        for k in range(200):
            if row[k] > 0:
                found = k
        return found

    same(last, np.random.default_rng(6).uniform(-1, 1, (5, 200)))


def test_lanes_leave_in_turns_that_are_written_out():
    rows = np.random.default_rng(7).integers(-3, 4, (40, 60)).astype(float)
    rows[3] = 1.0

    def first(row):
        found = 0.5
        for k, v in enumerate(row):
            if v == 3:
                break
            if v == 2:
                return -k
            if v == -1:
                continue
            found = found / 2 + v
        found += 1
        return found

    same(first, rows)

    def search(row):
        for v in row:
            if v > 2:
                break
        else:
            return -1.0
        return v

    same(search, rows)


def test_loops_with_large_bodies_are_not_written_out():
    def smooth(row):
        for _ in range(8):
            for k in range(1, len(row)):
                row[k] = row[k] + row[k - 1] / 2 if row[k] < 2 else row[k] / 2
                row[k - 1] = max(row[k], row[k - 1] / 2, 0.5)
        return row.sum()

    data = np.random.default_rng(8).uniform(0, 3, (6, 8))
    f = jit(vmap(lambda row: smooth(row.copy())))
    np.testing.assert_allclose(f(data), [smooth(row.copy()) for row in data], rtol=1e-14)
    assert None not in f.known.values()


def test_none_as_an_index_never_used():
    def pivot(row):
        found = None
        for k in range(3):
            if row[k] > 0:
                found = k
                break
        if found is None:
            return row[0]
        return row[found] * 2

    same(pivot, np.random.default_rng(9).uniform(-2, 1, (20, 3)))


# ---- arrays that are one in some lanes and another elsewhere ----


def test_arrays_of_two_ways_are_written():
    def both(v, rows):
        a, b = rows.copy(), rows * 2
        c = a if v > 0 else b
        view = c[1:]
        c[0] = v
        a[1] += 1
        view[-1] *= 10
        b /= 2
        return a, b, c, view

    rows = np.arange(18.0).reshape(6, 3)
    same(both, x, rows)

    def turns(v, rows):
        a, b = rows.copy(), rows * 2
        c = a if v > 0 else b
        for k in range(12):
            if k % 3 == 0:
                c[k % 3] += 1
            else:
                a[k % 3] += c[0]
            v += c.sum()
        c[1] = 0.5
        return a, b, c, v

    same(turns, x, rows)

    def late(v, rows):
        a, b = rows.copy(), rows * 2
        c = a if v > 0 else b
        a[0] = -1.0
        total = 0.0
        while v < 3:
            total += c[0]
            v += 1
            b[0] = total
        return a, b, c, total

    same(late, x, rows)

    def parts(v, rows):
        m = rows.reshape(3, 1) * np.ones(3)
        row = m[0] if v > 0 else m[1]
        row[1] = v
        row -= m[0]
        return m, row

    same(parts, x, rows)


def test_values_that_compiled_code_cannot_hold():
    def cube(k):
        k = k.item()
        return (k * k * k) % 1000

    f = jit(vmap(cube))
    big = np.array([2**40, 3])
    assert f(np.array([2, 3])).tolist() == [8, 27]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(5):  # it is not tried for ever
            assert f(big).tolist() == [2**120 % 1000, 27]
    assert sum("ran eagerly for these values" in str(warning.message) for warning in seen) == 1
    assert list(f.known.values()) == [None]


def test_one_array_mapped_twice_and_written():
    def both(rows):
        def inner(a, b):
            b *= 0
            b -= a
            return a + b

        return vmap(inner, in_axes=1, out_axes=1)(rows[::1], rows), rows

    rows = np.arange(18.0).reshape(2, 3, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        expected = stack([both(row) for row in rows.copy()])
        found = jit(vmap(both))(rows.copy())
    assert not disagreement((expected, ()), (found, ()), 0.0)


def test_checks_come_after_what_they_read():
    def logs(key, v):
        draws = random.normal(key, (20,))
        levels = random.uniform(random.fold_in(key, 1), (20,))
        total = 0.0
        for z, u in zip(draws, levels, strict=True):
            if math.log(u) < z:
                total += z * v
        return total

    keys = np.stack([random.key(k) for k in range(9)])
    same(logs, keys, np.arange(9.0), tol=1e-12)


def test_several_computed_indices():
    grid = np.arange(24.0).reshape(2, 3, 4)

    def walk(a, i, j):
        a = a * i
        a[i % 2, j % 3, 1:] = -1.0
        a[0, i % 3, j % 4] += 0.5
        a[1][[i % 3, j % 3]] = a[0][[j % 3, i % 3]]
        return a[i % 2, :, j % 4], a[i % 2, j % 3, i % 4], a

    many = np.stack([grid + k for k in range(6)])
    same(walk, many, n, n[::-1].copy())
    with pytest.raises(IndexError):
        jit(vmap(lambda a, i, j: a[i, j]))(many, n, n)

    def flood(cells):
        seen = cells == 0
        work, size = [(0, 0)], 0
        while work:
            r, c = work.pop()
            if r < 0 or c < 0 or r > 2 or c > 2 or seen[r, c]:
                continue
            seen[r, c] = True
            size += 1
            work.extend([(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)])
        return size

    same(flood, np.random.default_rng(3).integers(0, 2, (9, 3, 3)))


def test_comprehensions_that_choose():
    def counts(v, k):
        divisors = sum(d for d in range(1, k) if k % d == 0)
        low = [d * v for d in range(k) if d != 2]
        return divisors, len(low), any(d * v > 3 for d in range(k) if d > 1), sum(item for item in low)

    same(counts, x, n)


def test_sides_of_cond_that_differ():
    f = vmap(lambda v: lax.cond(v > 0, lambda v: v, lambda v: 0, v))
    with pytest.raises(TypeError, match="differs in dtype"):
        jit(f)(x)
    same(lambda v: lax.cond(v > 0, lambda v: (v, 1.0), lambda v: (-v, 0.0), v), x)


def test_chunks_are_one_program():
    f = jit(vmap(lambda v: v * 2, chunk_size=2))
    assert np.array_equal(f(x), x * 2)
    assert None not in f.known.values()


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "f2", "i4", "f4", "i8", "f8", "c8", "c16"])
@pytest.mark.parametrize("length", [8, 10, 16])
def test_rows_are_transposed_in_registers(dtype, length):
    x = np.arange(70 * length).reshape(70, length).astype(dtype)
    found = jit(vmap(lambda row: row[::-1]))(x + x)
    np.testing.assert_array_equal(found, (x + x)[:, ::-1])
    assert found.dtype == x.dtype
