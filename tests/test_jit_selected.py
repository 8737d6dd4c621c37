"""What masks select under `jit`: ``x[mask]`` is as long as the mask has true elements, which differ between lanes."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from compiled import same
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lanewise import PerformanceWarning, jit, vmap

RNG = np.random.default_rng(11)
V, W = RNG.normal(size=(2, 67, 7)).round(3)
V[3], V[4] = np.abs(V[3]) + 0.1, -np.abs(V[4]) - 0.1
M = RNG.normal(size=(67, 4, 3)).round(3)
N = RNG.integers(-3, 4, (67, 7))
TABLE = np.arange(20.0) ** 2


def totals(v, w):
    m = (v > 0) & (w < 1)
    return v[m].sum(), np.sum(v[v < 0]), np.prod(v[v > -1]), (v[m] * w[m]).sum(), np.dot(v[m], w[m])


def statistics(v, w):
    p = v[v > 0]
    if len(p) < 2:
        return -1.0
    return p.mean() + p.std() + np.var(p, ddof=1) + p.max() - np.min(p) + np.ptp(p) + np.linalg.norm(p)


def in_place(v, w):
    v = v.copy()
    v[v < 0] *= -2
    v[v > 1] -= 1
    v[w > 0] = np.sqrt(v[w > 0]) + w[w > 0]
    return v


def where_the_mask_is_written_twice(v, w):
    out = np.zeros(7)
    out[v * 2 > w + 1] = np.abs(w[v * 2 > w + 1])
    out[~(v > 0)] = v[~(v > 0)] ** 2
    return out


def the_mask_is_changed_later(v, w):
    m = v > 0
    p = v[m]
    places = np.nonzero(m)[0]
    m[:3] = False
    v = v.copy()
    v[...] = 0
    return p.sum(), places.sum(), v[m].size


def first_and_last(v, w):
    at = np.where(v > 0.5)[0]
    if at.size == 0:
        return -1, -1
    return at[0], at[-1]


def of_another_array(v, w):
    at = np.flatnonzero(v > 0)
    if len(at) == 0:
        return -1.0
    return w[at[np.argmax(w[at])]] + v[at].sum() + w[at][0]


def by_number(v, w):
    p = v[v > 0]
    return (p[2], p[-2]) if p.size > 2 else (0.0, 0.0)


def of_a_selection(v, w):
    p = v[v > -1]
    q = p[p < 1]
    return q.sum(), len(q), np.where(p > 0, 1, 2).sum(), np.clip(q, 0, 1).sum()


def changed_itself(v, w):
    p = v[v > 0]
    q = p
    p += 1
    p[p > 1.5] = 0
    if w[0] > 0:
        q *= 2
    return p.sum(), q.sum(), v.sum()


def places_as_an_index(v, w):
    v = v.copy()
    at = np.where(w > 0)[0]
    v[at] = v[at] * 10
    v[at] += 1
    at += 1
    return v, at.sum()


def from_a_global(v, w):
    at = np.where(v > 0)[0]
    return TABLE[at].sum() + TABLE[at * 2][-1] if len(at) else 0.0


def gone_through(v, w):
    total, e = 0.0, -7.0
    for e in v[v > 0]:
        if e > 1.5:
            break
        if e < 0.2:
            continue
        total += e
    else:
        total += 100
    return total + e


def left_early(v, w):
    for e in v[w > 0]:
        if e > 0.5:
            return e
    return -1.0


def comprehended(v, w):
    small = [e for e in v[v > 0] if e < 1]
    return sum(e * e for e in v[v > 0]), sum([-e for e in v[v < 0]]), sum(v[w > -9]), len(small)


def side_by_side(v, w):
    total = 0.0
    for n, e in enumerate(v[v > 0]):
        total += n * e
    for a, b in zip(v[w > 0], w[w > 0], strict=True):
        total += a * b
    for n, (a, b) in enumerate(zip(np.nonzero(v > 1)[0], v[v > 1], strict=True), 2):
        total += n * a * b
    return total


def as_lists(v, w):
    p = list(v[v > 0])
    p.append(0.5)
    return len(p), p[0], [e * 2 for e in v[w > 0]][-1] if (w > 0).any() else 0.0


def in_a_loop(v, w):
    best, at = -1.0, 0.0
    for limit in np.linspace(-1, 1, 30):
        a, b = v[v >= limit], v[v < limit]
        if len(a) == 0 or len(b) == 0:
            continue
        gain = len(a) * len(b) * (a.mean() - b.mean()) ** 2
        if gain > best:
            best, at = gain, limit
    return best, at


def one_or_the_other(v, w):
    if w[0] > 0:
        p = v[v > 0]
    else:
        p = v[v < 0]
    return p.sum(), p.size


def in_order(v, w):
    p = v[v > -1]
    if p.size == 0:
        return 0.0, 0.0, 0, 0.0
    different = np.unique(v.round())
    return np.median(p), np.sort(p)[0] + np.sort(p)[-1], len(different), different.sum() + np.cumsum(p)[-1]


def what_it_is(v, w):
    p = v[v > 0]
    return isinstance(p, np.ndarray), type(p) is np.ndarray, p.ndim, p.shape[0], np.size(p), p.dtype == float


def any_and_all(v, w):
    return np.any(v[v > 0] > 1), (v[v > 0] < 2).all(), np.count_nonzero(v[v > 0] > 1)


def in_a_nested_map(v, w):
    return vmap(lambda e: v[v > e].sum())(w)


FUNCTIONS = [
    totals, statistics, in_place, where_the_mask_is_written_twice, the_mask_is_changed_later,
    first_and_last, of_another_array, by_number, of_a_selection, changed_itself, places_as_an_index, from_a_global,
    gone_through, left_early, comprehended, side_by_side, as_lists, in_a_loop, one_or_the_other, in_order, what_it_is,
    any_and_all, in_a_nested_map,
]  # fmt: skip


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("lanes", [67, 1])
def test_it_is_the_loop(f, lanes):
    same(f, V[:lanes], W[:lanes], tol=1e-12)


def rows(m):
    k = m[:, 0] > 0
    return m[k].sum(axis=0), m[k].sum(), len(m[k]), (m[k] * 2).max(axis=0) if k.any() else np.zeros(3)


def elements_of_a_matrix(m):
    m = m.copy()
    m[m < 0] = 0
    m[m > 1] = m[m > 1] * 0.5
    i, j = np.nonzero(m > 0.3)
    m[i, j] += 1
    total = 0.0
    for row in m[m[:, 0] > 0]:
        total += row[1] * row[2]
    return m, m[m > 0.2].sum(), i.sum(), j.sum(), total


@pytest.mark.parametrize("f", [rows, elements_of_a_matrix], ids=lambda f: f.__name__)
def test_matrices(f):
    same(f, M, tol=1e-12)


def integers(n):
    return n[n > 0].sum(), n[n >= 0].max() if (n >= 0).any() else 0, (n[n != 0] % 2).sum(), np.argmin(n[n > -9])


def test_integers():
    same(integers, N)
    same(lambda n: (n[n > 0] // n[n > 0]).sum(), N)  # elements that are not meant divide by zero


@pytest.mark.parametrize("dtype", ["f4", "i4", "u1", "c16", "?"])
def test_dtypes(dtype):
    x = (RNG.integers(-4, 5, (67, 6)) / 2).astype(dtype)
    same(lambda v: (v[v != 0].sum(), v[v != 0].mean() if v.any() else None, np.prod(v[v != 0])), x, tol=1e-6)


@pytest.mark.parametrize("size", [300, 2000])
def test_long_examples(size):
    x = RNG.normal(size=(9, size))

    def f(v):
        v = v.copy()
        v[v > 0] *= 2
        p = v[np.abs(v) < 1]
        return v, p.sum(), p.mean(), p.max(), len(p)

    same(f, x, tol=1e-12)


def extremes(v):
    return v[v > 0].max()


def test_nothing_is_selected():
    with pytest.raises(ValueError, match="zero-size array"):
        jit(vmap(extremes))(V)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = jit(vmap(lambda v: v[v > 0].mean()))(V)
    assert np.isnan(found[4])
    assert np.isfinite(np.delete(found, 4)).all()
    with pytest.raises(IndexError, match="out of bounds"):
        jit(vmap(lambda v: v[v > 0][0]))(V)


def test_nan_and_inf():
    x = V.copy()
    x[::3, 2], x[1::4, 3] = np.nan, -np.inf
    same(lambda v: (v[~np.isnan(v)].sum(), v[np.isfinite(v)].max(), v[~(v > 0)].min()), np.delete(x, 3, 0))


def other_lengths(v, w):
    out = np.zeros(7)
    out[v > 0] = w[w > 0]
    return out


def selections_side_by_side(v, w):
    return np.concatenate([v[v > 0], v[v <= 0]]) + np.diff(v[v > -99], prepend=0.0)


@pytest.mark.parametrize("f", [selections_side_by_side, lambda v, w: np.sort(v[v > -99])[::-1]])
def test_what_needs_them_side_by_side_runs_eagerly(f):
    with pytest.warns(PerformanceWarning, match=r"(?s)runs eagerly.*mask"):
        found = jit(vmap(f))(V, W)
    np.testing.assert_array_equal(found, [f(v, w) for v, w in zip(V, W, strict=True)])


def test_masks_of_other_lengths():
    with pytest.raises(ValueError, match="NumPy boolean array indexing assignment"):
        jit(vmap(other_lengths))(V, W)


def test_an_argument_in_place():
    def f(v, w):
        v[w < 0] *= -2
        return v.sum()

    v, expected = V.copy(), V.copy()
    found = jit(vmap(f, strict=True))(v, W)
    np.testing.assert_array_equal(found, [f(*row) for row in zip(expected, W, strict=True)])
    np.testing.assert_array_equal(v, expected)


def test_a_result_whose_length_depends_on_values():
    with pytest.warns(PerformanceWarning, match="shape depends on values"):
        np.testing.assert_array_equal(jit(vmap(lambda v: v[v > -99]))(V), V)


FINITE = st.floats(-8, 8, width=16)


@settings(max_examples=40, deadline=None)
@given(
    x=hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=3, max_side=6), elements=FINITE),
    limit=FINITE, times=FINITE,
)  # fmt: skip
def test_any_shape(x, limit, times):
    def f(v):
        m = v > limit
        v = v.copy()
        v[m] *= times
        v[~m] = v[~m] - limit
        return v, v[m].size, np.count_nonzero(v[m] > 0), v[m].sum() if m.any() else limit

    same(f, x, tol=1e-12)
