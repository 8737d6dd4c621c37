"""jit of values that are one thing in some lanes and another elsewhere: compiled, and as the loop has them."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from compiled import same
from wild.compare import disagreement, stack

from lanewise import PerformanceWarning, jit, lax, random, vmap

x = np.array([-2.5, 0.0, 0.25, 1.0, 4.0, 7.5])
n = np.array([0, 1, 2, 3, 6, 11])


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


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_numbers_that_are_pythons_in_some_lanes_are_weak_there():
    def chosen(v, k):
        found = k if k > 2 else 7
        return np.float32(v) * found, np.float32(v) + (found + 1), np.int32(3) * found

    def counted(v, k):
        total = 0
        for j in range(5):
            if j < k:
                total = total + (k if v > 1 else 2)
        return np.float32(v) / 3 * total

    for f in (chosen, counted):
        rows = [f(*pair) for pair in zip(x, n, strict=True)]
        columns = list(zip(*rows, strict=True)) if f is chosen else [rows]
        for mapped in (jit(vmap(f)), vmap(f)):
            found = mapped(x, n)
            for part, column in zip(found if f is chosen else [found], columns, strict=True):
                assert part.dtype == np.array(column).dtype
                np.testing.assert_array_equal(part, column)


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
@pytest.mark.parametrize(("first", "second"), [(np.float32, np.float64), (np.float64, np.float32)])
def test_alternatives_that_are_pythons_or_numpys_have_the_dtype_of_the_loop(first, second):
    table, y, k = np.array([1.5], first), np.arange(9).astype(second), np.arange(9)

    def f(y, k):
        return [2.0, table[0], y][k % 3]

    for mapped in (vmap(f), jit(vmap(f)), vmap(jit(f))):
        found = mapped(y, k)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, [f(a, b) for a, b in zip(y, k, strict=True)])


def test_an_empty_batch_of_what_differs_in_dtype_has_the_dtype_of_all_ways():
    def f(x):
        b, d = 0.0, np.float32(1)
        if x > 0.3:
            b, d = np.sin(x), 2.0
        return b, d

    found, wanted = jit(vmap(f))(np.zeros(0)), vmap(f)(np.zeros(0))
    assert [(x.dtype, x.shape) for x in found] == [(x.dtype, x.shape) for x in wanted]
