"""The long tail: composites that few use, other dtypes, and what C code asks of an array."""

from __future__ import annotations

import numpy as np
import pytest
from law import Row, check, law

from lanewise import PerformanceWarning, vmap

TAIL = [
    Row("polydiv", lambda p, q: np.polydiv(p, q), ("f8:4", "f8:2|pos"), special=False, strict=False),
    Row("sliding_window_view", lambda x: np.lib.stride_tricks.sliding_window_view(x, 2).sum(axis=1), ("f8:5",),
        strict=False),
    Row("unique_all", lambda x: [part.sum() for part in np.unique_all(x)], ("i8:4|0..3",), facts=True, strict=False),
    Row("unique_values", lambda x: np.unique_values(x).sum(), ("i8:4|0..3",), facts=True, strict=False),
    Row("unique_counts", lambda x: np.unique_counts(x).counts.sum(), ("i8:4|0..3",), facts=True, strict=False),
    Row("unique_inverse", lambda x: np.unique_inverse(x)[1].sum(), ("i8:4|0..3",), facts=True, strict=False),
    Row("setxor1d", lambda x, y: np.setxor1d(x, y).sum(), ("i8:4|0..5", "i8:3|0..5"), facts=True, strict=False),
    Row("histogram_bin_edges", lambda x: np.histogram_bin_edges(x, 3), ("f8:6",), special=False, strict=False),
    Row("triu_indices_from", lambda x: x[np.triu_indices_from(x, 1)], ("f8:3,3",), reads=True),
    Row("diag_indices_from", lambda x: x[np.diag_indices_from(x)], ("f8:3,3",), reads=True),
    Row("fill_diagonal of a rectangle", lambda x: filled(x), ("f8:4,2",), writes=True),
    Row("common_type", lambda x: x.astype(np.common_type(x, x)), ("f4:3",)),
    Row("lstsq", lambda a, b: np.linalg.lstsq(a, b, rcond=None), ("f8:4,2", "f8:4"), special=False, reads=True),
    Row("lstsq of columns", lambda a, b: np.linalg.lstsq(a, b)[0], ("f8:3,3|spd", "f8:3,2"), special=False, reads=True),
    Row("lstsq of few rows", lambda a, b: np.linalg.lstsq(a, b), ("f8:2,3", "f8:2"), special=False, reads=True),
    Row("lstsq of a low rank", lambda a, b: np.linalg.lstsq(a * 0, b)[1:3], ("f8:4,2", "f8:4"),
        special=False, reads=True, facts=True),
    Row("piecewise", lambda x: np.piecewise(x, [x > 0], [1.0, -1.0]), ("f8:4",), strict=False),
    Row("histogramdd", lambda x: np.histogramdd(x, bins=2, range=[(-3, 3)] * 2)[0], ("f8:5,2",),
        special=False, strict=False),
    Row("roots", lambda p: np.sort(np.abs(np.roots(p))), ("f8:4|pos",), special=False, strict=False),
    Row("polyfit", lambda x, y: np.polyfit(x, y, 1), ("f8:5", "f8:5"), special=False, strict=False, scale=1e3),
    Row("packbits", lambda x: np.packbits(x), ("bool:9",), strict=False),
    Row("tobytes", lambda x: len(x.tobytes()), ("f8:3",), strict=False),
    Row("strides", lambda x: x.sum() + len(x.strides), ("f8:3",), strict=False),
    Row("math functions", lambda x: np.sin(float(x)), ("f8:|0..2",), facts=True, strict=False, kinds=False),
]  # fmt: skip
test_tail, test_tail_at_random = law(TAIL)


def filled(x):
    y = x * 1.0
    np.fill_diagonal(y, 7.0, wrap=True)
    return y


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
    x = np.ones((3, 2, 2))
    with pytest.warns(PerformanceWarning, match=r"test_ops_tail.*apply_along_axis has no batched form"):
        found = vmap(lambda a: np.apply_along_axis(np.sum, 0, a))(x)
    np.testing.assert_array_equal(found, x.sum(axis=1))


def test_subclasses_go_lane_by_lane() -> None:
    masked = np.ma.array(np.arange(6.0).reshape(2, 3), mask=np.arange(6).reshape(2, 3) == 1)
    with pytest.warns(PerformanceWarning, match="MaskedArray"):
        found = vmap(lambda a: a.sum())(masked)
    assert found.tolist() == [2.0, 12.0]
