"""The long tail: composites that few use, other dtypes, and what C code asks of an array."""

from __future__ import annotations

import numpy as np
import pytest
from law import Row, check, law
from numpy.lib.stride_tricks import sliding_window_view

import lanewise.numpy as lnp
from lanewise import PerformanceWarning, vmap

TAIL = [
    Row("polydiv", lambda p, q: np.polydiv(p, q), ("f8:4", "f8:2|pos"), special=False, facts=True),
    Row("sliding_window_view", lambda x: sliding_window_view(x, 2).sum(axis=1), ("f8:5",)),
    Row("unique_all", lambda x: [part.sum() for part in np.unique_all(x)], ("i8:4|0..3",), facts=True),
    Row("unique_values", lambda x: np.unique_values(x).sum(), ("i8:4|0..3",), facts=True),
    Row("unique_counts", lambda x: np.unique_counts(x).counts.sum(), ("i8:4|0..3",), facts=True),
    Row("unique_inverse", lambda x: np.unique_inverse(x)[1].sum(), ("i8:4|0..3",), facts=True),
    Row("setxor1d", lambda x, y: np.setxor1d(x, y).sum(), ("i8:4|0..5", "i8:3|0..5"), facts=True),
    Row("histogram_bin_edges", lambda x: np.histogram_bin_edges(x, 3), ("f8:6",), special=False),
    Row("triu_indices_from", lambda x: x[np.triu_indices_from(x, 1)], ("f8:3,3",), reads=True),
    Row("diag_indices_from", lambda x: x[np.diag_indices_from(x)], ("f8:3,3",), reads=True),
    Row("fill_diagonal of a rectangle", lambda x: filled(x), ("f8:4,2",), writes=True),
    Row("common_type", lambda x: x.astype(np.common_type(x, x)), ("f4:3",)),
    Row("lstsq", lambda a, b: np.linalg.lstsq(a, b, rcond=None), ("f8:4,2", "f8:4"), special=False, reads=True),
    Row("lstsq of columns", lambda a, b: np.linalg.lstsq(a, b)[0], ("f8:3,3|spd", "f8:3,2"), special=False, reads=True),
    Row("lstsq of few rows", lambda a, b: np.linalg.lstsq(a, b), ("f8:2,3", "f8:2"), special=False, reads=True),
    Row("lstsq of a low rank", lambda a, b: np.linalg.lstsq(a * 0, b)[1:3], ("f8:4,2", "f8:4"),
        special=False, reads=True, facts=True),
    Row("piecewise", lambda x: np.piecewise(x, [x > 0], [1.0, -1.0]), ("f8:4",)),
    Row("histogramdd", lambda x: np.histogramdd(x, bins=2, range=[(-3, 3)] * 2)[0], ("f8:5,2",),
        special=False),
    Row("roots", lambda p: np.sort(np.abs(np.roots(p))), ("f8:4|pos",), special=False, facts=True),
    Row("polyfit", lambda x, y: np.polyfit(x, y, 1), ("f8:5", "f8:5"), special=False, scale=1e3, facts=True),
    Row("packbits", lambda x: np.packbits(x), ("bool:9",)),
    Row("tobytes", lambda x: (len(x.tobytes()), np.frombuffer(x[:2].tobytes("F")).sum()), ("f8:3,2",),
        facts=True),
    Row("tobytes of a scalar", lambda x: hash(x.tobytes()) % 2, ("i8:|0..3",), facts=True, kinds=False),
    Row("strides", lambda x: np.array([*x.strides, *x.T.strides, *x[::-1].strides]), ("f8:3,2",), facts=True),
    Row("strides of what is made inside", lambda x: np.array((x + 1).T.strides), ("f8:3,2",), strict=False),
    Row("flags", lambda x: np.array([x.flags[f] for f in ("C", "F", "A", "O", "FNC", "FORC")]),
        ("f8:3,2",), facts=True),
    Row("flags of writing", lambda x: np.array([x.flags[f] for f in ("W", "B", "CA")]), ("f8:3,2",), strict=False),
    Row("flags of views", lambda x: np.array([y.flags.f_contiguous for y in (x.T, x[0], x[:, 1])]),
        ("f8:3,2",), facts=True),
    Row("flags of what is made inside", lambda x: x * (x + 1).T.flags.f_contiguous, ("f8:3,2",), strict=False),
    Row("made read-only", lambda x: frozen(x * 1.0), ("f8:3",)),
    Row("isfortran", lambda x: x * np.isfortran(x.T), ("f8:3,2",), facts=True),
    Row("getfield", lambda x: (x.getfield(np.float64, 8), x.getfield("f4")), ("D:3",)),
    Row("getfield too large", lambda x: x.getfield(np.float64, 8), ("f8:3",)),
    Row("setfield", lambda x, v: with_field(x, v), ("D:3", "f8:"), writes=True),
    Row("as_strided", lambda x: lnp.lib.stride_tricks.as_strided(x, (2, 2), (x.strides[0],) * 2).sum(1),
        ("f8:4",), facts=True),
    Row("windows of two axes", lambda x: sliding_window_view(x, (2, 2)), ("f8:3,4",)),
    Row("windows of one axis", lambda x: (sliding_window_view(x, 2, 0), sliding_window_view(x, (2,), axis=(-1,))),
        ("f8:3,4",)),
    Row("windows too large", lambda x: sliding_window_view(x, 5), ("f8:4",)),
    Row("windows that are written", lambda x: written(sliding_window_view(x, 2)), ("f8:4",)),
    Row("math functions", lambda x: np.sin(float(x)), ("f8:|0..2",), facts=True, strict=False, kinds=False),
]  # fmt: skip
test_tail, test_tail_at_random = law(TAIL)


def filled(x):
    y = x * 1.0
    np.fill_diagonal(y, 7.0, wrap=True)
    return y


def frozen(x):
    x.flags.writeable = False
    try:
        x[0] = 1.0
    except ValueError:
        return x * 2
    return x


def with_field(x, v):
    y = x * 1.0
    y.setfield(v, np.float64, 8)
    return y


def written(x):
    try:
        x[0] = 1.0
    except ValueError:
        return x.sum()
    return x


DAYS = np.array([["2024-02-28", "2024-03-01", "NaT"], ["1999-12-31", "NaT", "2000-01-01"]], "M8[D]")
WORDS = np.array([["ab", "C", ""], ["d", "Ef", "gh"]])


@pytest.mark.parametrize("f", [
    lambda d: d - d[0],
    lambda d: np.isnat(d),
    lambda d: (d + np.timedelta64(1, "D"))[1],
    lambda d: np.sort(d),
    lambda d: np.where(np.isnat(d), d[0], d),
    lambda d: d == d[0],
    lambda d: d.astype("M8[s]"),
    lambda d: (d - d[0]) / np.timedelta64(1, "D"),
])  # fmt: skip
def test_dates(f) -> None:
    check(f, DAYS)


@pytest.mark.parametrize("f", [
    lambda w: w == w[0],
    lambda w: np.strings.upper(w),
    lambda w: np.strings.add(w, "!"),
    lambda w: np.strings.str_len(w),
    lambda w: np.strings.startswith(w, "C"),
    lambda w: np.sort(w),
    lambda w: w[w != ""][0],
    lambda w: np.concatenate([w, w]),
])  # fmt: skip
def test_words(f) -> None:
    check(f, WORDS, strict=False)


@pytest.mark.parametrize("dtype", ["e", "g", "G", "F"])
@pytest.mark.parametrize("f", [np.sum, np.mean, np.std, np.sort, np.cumsum, lambda x: x @ x, lambda x: x[1:] - x[:-1]])
def test_other_precisions(f, dtype: str) -> None:
    check(f, np.random.default_rng(0).normal(size=(3, 5)).astype(dtype))


def test_what_has_no_row_says_so() -> None:
    """Lane by lane, with the name of the function and of the line."""
    x = np.ones((3, 2))
    with pytest.warns(PerformanceWarning, match=r"test_ops_tail.*array2string has no batched form"):
        found = vmap(lambda a: a * len(np.array2string(a)))(x)
    np.testing.assert_array_equal(found, x * 7)


def test_whether_an_argument_can_be_written() -> None:
    x = np.ones((3, 2))
    check(lambda a: a * a.flags.writeable, x)
    x.flags.writeable = False
    check(lambda a: a * a.flags.writeable, x)


def test_subclasses_go_lane_by_lane() -> None:
    masked = np.ma.array(np.arange(6.0).reshape(2, 3), mask=np.arange(6).reshape(2, 3) == 1)
    with pytest.warns(PerformanceWarning, match="MaskedArray"):
        found = vmap(lambda a: a.sum())(masked)
    assert found.tolist() == [2.0, 12.0]
