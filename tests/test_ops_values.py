"""Shapes that depend on values: lanes are grouped by them, and each group is one batch."""

from __future__ import annotations

import numpy as np
import pytest
from law import Row, check, law

import lanewise.numpy as lnp
from lanewise import vmap

FEW = "i8:5|0..3"  # small integers: few different values, many zeros


def measured(*parts):
    """What can be stacked where lengths differ: sums that know the order of the elements, and how many there are."""
    return [np.sum(part * (1.0 + np.arange(np.size(part)).reshape(np.shape(part)))) + np.size(part) for part in parts]


def row(name, f, *specs, **options):
    return Row(name, f, specs, **{"facts": True, "kinds": False, "special": False, **options})


def named(found):
    return measured(*found) if isinstance(found, tuple) else measured(found)


SELECTION = [
    row("mask", lambda x, c: measured(x[c]), "real:5", "bool:5", special=True, reads=True),
    row("mask of rows", lambda x, c: measured(x[c]), "f8:3,2", "bool:3", reads=True),
    row("mask of a middle axis", lambda x, c: measured(x[:, c]), "f8:2,3,2", "bool:3", reads=True),
    row("mask and integer", lambda x, c: measured(x[c, 1]), "f8:3,2", "bool:3", reads=True),
    row("nonzero", lambda x: measured(*np.nonzero(x)), "i8:3,2|0..2"),
    row("nonzero of floats", lambda x: measured(*np.nonzero(x)), "f8:4", special=True),
    row("where of one", lambda x: measured(*np.where(x > 1)), FEW),
    row("argwhere", lambda x: measured(np.argwhere(x)), "i8:3,2|0..2"),
    row("argwhere of a scalar", lambda x: [np.size(np.argwhere(x)), *np.shape(np.argwhere(x))], "i8:|0..2"),
    row("flatnonzero", lambda x: measured(np.flatnonzero(x)), "i8:3,2|0..2"),
    row("compress", lambda c, x: measured(np.compress(c, x)), "bool:4", "f8:5"),
    row("compress along an axis", lambda c, x: measured(np.compress(c, x, axis=1)), "bool:3", "f8:2,3"),
    row("extract", lambda c, x: measured(np.extract(c, x)), "bool:2,3", "f8:2,3"),
    row("count_nonzero and slice", lambda x: measured(x[: np.count_nonzero(x)]), FEW, reads=True),
    row("trim_zeros", lambda x: measured(np.trim_zeros(x)), FEW),
    row("trim_zeros in front", lambda x: measured(np.trim_zeros(x, "f")), FEW),
    row("trim_zeros behind", lambda x: measured(np.trim_zeros(x, "b")), FEW),
    row("repeat", lambda x, n: measured(np.repeat(x, n)), "f8:3", "i8:3|0..3", reads=True),
    row("repeat, one count", lambda x, n: measured(np.repeat(x, n, axis=1)), "f8:2,3", "i8:|0..3", reads=True),
    row("repeat along an axis", lambda x, n: measured(x.repeat(n, axis=0)), "f8:3,2", "i8:3|0..3", reads=True),
    row("repeat of what is plain", lambda n: measured(lnp.repeat(np.arange(3.0), n)), "i8:3|0..3"),
]
test_selection, test_selection_at_random = law(SELECTION, 100)

ROWS = "i8:4,2|0..2"
SETS = [
    row("unique", lambda x: measured(np.unique(x)), "real:4", special=True),
    row("unique of complex", lambda x: np.unique(x * 0).size, "D:4"),
    row("unique, everything", lambda x: measured(*np.unique(x, True, True, True)), FEW),
    row("unique of a matrix", lambda x: measured(*np.unique(x, return_inverse=True)), "i8:2,3|0..3"),
    row("unique of NaN", lambda x: _counts(np.unique(np.where(x > 1, np.nan, x), return_counts=True)), FEW),
    row("unique, NaN differ", lambda x: np.unique(np.where(x > 1, np.nan, x), equal_nan=False).size, FEW),
    row("unique rows", lambda x: measured(*np.unique(x, True, True, True, axis=0)), ROWS),
    row("unique columns", lambda x: measured(*np.unique(x, return_inverse=True, axis=1)), "i8:2,4|0..2"),
    row("unique rows with NaN", lambda x: np.unique(np.where(x > 0, np.nan, x), axis=0).shape[0], ROWS),
    row("unique rows of nothing", lambda x: np.unique(x[:, :0], axis=0).shape[0] + x[0, 0], ROWS),
    row("unique_all", lambda x: measured(*np.unique_all(x)), FEW),
    row("unique_counts", lambda x: measured(*np.unique_counts(x)), FEW),
    row("unique_inverse", lambda x: measured(*np.unique_inverse(x)), FEW),
    row("unique_values", lambda x: measured(np.unique_values(x)), "i8:4|-9..9"),
    row("intersect1d", lambda x, y: measured(np.intersect1d(x, y)), FEW, "i8:4|0..4"),
    row("intersect1d, indices", lambda x, y: measured(*np.intersect1d(x, y, return_indices=True)), FEW, FEW),
    row("union1d", lambda x, y: measured(np.union1d(x, y)), FEW, "i8:4|0..4"),
    row("setdiff1d", lambda x, y: measured(np.setdiff1d(x, y)), FEW, "i8:2|0..4"),
    row("setxor1d", lambda x, y: measured(np.setxor1d(x, y)), FEW, "i8:4|0..4"),
    row("isin", lambda x, y: np.isin(x, y), "f8:4", "f8:3", facts=False, special=True, reads=True),
    row("isin, inverted", lambda x, y: np.isin(x, y, invert=True), FEW, "i8:2|0..4", facts=False, reads=True),
]
test_sets, test_sets_at_random = law(SETS, 100)


def _counts(found):
    return [found[0].size, np.sum(found[1] ** 2)]


COUNTING = [
    row("bincount", lambda x: measured(np.bincount(x)), FEW),
    row("bincount with weights", lambda x, w: measured(np.bincount(x, w)), FEW, "f8:5", special=True, reads=True),
    row("bincount, minlength of its own", lambda x, n: measured(np.bincount(x, minlength=n)), FEW, "i8:|0..7",
        reads=True),
    row("bincount of negative ones", lambda x: np.bincount(x, minlength=6), "i8:4|-1..5"),
    row("digitize", lambda x, b: np.digitize(x, b), "f8:4", "f8:3|sorted", reads=True),
    row("digitize, falling", lambda x, b: np.digitize(x, b[::-1], right=True), "f8:4", "f8:3|sorted", reads=True),
    row("digitize, not sorted", lambda x, b: np.digitize(x, b), "f8:4", "i8:3|0..3", reads=True),
    row("histogram", lambda x: np.histogram(x, 4), "real:5", facts=True),
    row("histogram, weights", lambda x, w: np.histogram(x, 3, weights=w), "f8:5", "num:5", scale=64.0, reads=True),
    row("histogram, density", lambda x: np.histogram(x, 3, density=True), "f8:5", facts=True, scale=64.0),
    row("histogram, range of its own", lambda x, r: np.histogram(x, 3, range=(r, r + 2.0)), "f8:5", "f8:", reads=True),
    row("histogram, edges of its own", lambda x, b: np.histogram(x, b), "f8:5", "f8:3|sorted", reads=True),
    row("histogram, edges not sorted", lambda x, b: np.histogram(x, b)[0], "f8:5", "i8:3|0..3", reads=True),
    row("histogram, edges and weights", lambda x, w: np.histogram(x, [-1.0, 0.0, 0.5], weights=w), "f8:5", "f8:5",
        special=True, reads=True, scale=64.0),
    row("histogram, number of bins of its own", lambda x, n: measured(*np.histogram(x, n + 1)), "f8:5", "i8:|0..3",
        reads=True, scale=64.0),
    row("histogram, automatic", lambda x: measured(*np.histogram(x, "auto")), "f8:6", scale=64.0),
    row("histogram_bin_edges", lambda x: np.histogram_bin_edges(x, 3), "real:5"),
    row("histogram_bin_edges, fd", lambda x: measured(np.histogram_bin_edges(x, "fd")), "f8:6", scale=64.0),
    row("histogram2d", lambda x, y: np.histogram2d(x, y, 3), "f8:5", "f8:5"),
    row("histogram2d, edges", lambda x, y, b: np.histogram2d(x, y, [b, 2]), "f8:5", "f8:5", "f8:3|sorted"),
    row("histogramdd", lambda x, w: np.histogramdd(x, 2, weights=w, density=True), "f8:5,3", "f8:5|pos", scale=64.0,
        reads=True),
]  # fmt: skip
test_counting, test_counting_at_random = law(COUNTING, 100)

CUTTING = [
    row("arange", lambda n: measured(lnp.arange(n)), "i8:|-1..5"),
    row("arange from, to, by", lambda a, b, s: measured(lnp.arange(a, b, s + 1)), "i8:|0..3", "i8:|0..9", "i8:|0..3"),
    row("arange of floats", lambda a, b: measured(lnp.arange(a, b, 0.3)), "f8:", "f8:", scale=64.0),
    row("linspace", lambda a, b: lnp.linspace(a, b, 5), "f8:", "f8:", facts=False),
    row("linspace, number of its own", lambda a, n: measured(lnp.linspace(a, 2.0, n)), "f8:", "i8:|0..4"),
    row("split", lambda x, i: measured(*np.split(x, np.sort(i))), "f8:5", "i8:2|0..6", reads=True),
    row("array_split, number of its own", lambda x, n: measured(np.array_split(x, n + 1)[0]), "f8:5", "i8:|0..4",
        reads=True),
    row("vsplit", lambda x, i: measured(*np.vsplit(x, [i])), "f8:4,2", "i8:|0..5", reads=True),
    row("delete", lambda x, i: np.delete(x, i), "num:5", "i8:|-5..5", facts=False, reads=True),
    row("delete, out of bounds", lambda x, i: np.delete(x, i), "f8:4", "i8:|-6..6", reads=True),
    row("delete many", lambda x, i: measured(np.delete(x, i)), "f8:5", "i8:3|-5..5", reads=True),
    row("delete along an axis", lambda x, i: np.delete(x, i, axis=1), "f8:2,3", "i8:|-3..3", facts=False, reads=True),
    row("delete by a mask", lambda x, c: measured(np.delete(x, c, axis=0)), "f8:3,2", "bool:3", reads=True),
    row("delete a slice", lambda x, n: measured(np.delete(x, slice(n, None, 2))), "f8:5", "i8:|0..3", reads=True),
    row("delete at plain places", lambda x: np.delete(x, [0, 2]), "num:5", facts=False),
    row("insert", lambda x, i, v: np.insert(x, i, v), "num:4", "i8:|-4..5", "f8:", facts=False, reads=True),
    row("insert a block", lambda x, i, v: np.insert(x, i, v), "f8:4", "i8:|-4..5", "f8:3", facts=False, reads=True),
    row("insert, out of bounds", lambda x, i: np.insert(x, i, 7), "f8:3", "i8:|-5..6", reads=True),
    row("insert many", lambda x, i, v: np.insert(x, i, v), "f8:4", "i8:3|-4..5", "f8:3", facts=False, reads=True),
    row("insert at a list of one", lambda x, v: np.insert(x, [1], v), "f8:4", "f8:3", facts=False, reads=True),
    row("insert along an axis", lambda x, i, v: np.insert(x, i, v, axis=1), "f8:2,3", "i8:|-3..4", "f8:2",
        facts=False, reads=True),
    row("insert columns", lambda x, i, v: np.insert(x, i, v, axis=1), "f8:2,3", "i8:2|-3..4", "f8:2,2",
        facts=False, reads=True),
    row("insert by a mask", lambda x, c: np.insert(x, np.flatnonzero(c), 9.0).sum(), "f8:4", "bool:4", reads=True),
    row("insert at a slice", lambda x, v: np.insert(x, slice(None, None, 2), v), "f8:4", "f8:2", facts=False,
        reads=True),
    row("ediff1d", lambda x: np.ediff1d(x), "f8:2,3", facts=False),
    row("ediff1d with ends", lambda x, e: np.ediff1d(x, to_begin=e, to_end=e[0]), "f8:4", "f8:2", facts=False,
        reads=True),
]  # fmt: skip
test_cutting, test_cutting_at_random = law(CUTTING, 150)


# ---- one by one ----

X = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize("mask", [np.zeros((3, 4), bool), np.ones((3, 4), bool)], ids=["none", "all"])
def test_masks_that_mark_nothing_or_everything(mask) -> None:
    check(lambda x, c: x[c], X, mask)
    check(lambda x, c: x[c], X.T, mask.T, in_axes=1, out_axes=-1)
    check(lambda c: np.flatnonzero(c), mask)
    check(lambda x, c: np.compress(c, x), X, mask)
    check(lambda x, c: np.delete(x, c), X, mask)


def test_both_axes_of_nested_maps_split() -> None:
    """The groups of an inner map end without closing what others of them need."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        p, q = rng.integers(-1, 2, (4, 5)), rng.integers(-1, 2, (5, 4))
        check(lambda a, b: a[a > 0].sum() + b[b > 0].sum(), p, q, in_axes=[(0, None), (None, 0)])
        check(lambda a, b: np.trim_zeros(a).sum() + np.trim_zeros(b).sum(), p, q, in_axes=[(0, None), (None, 0)])


def test_rules_that_raise_and_split() -> None:
    """Some lanes raise and the others disagree on a fact: each goes its way."""
    bins = np.array([[1, 2, 3], [3, 2, 1], [1, 3, 2], [0, 0, 1], [2, 1, 1]])

    def f(b):
        try:
            return np.digitize(np.array([0.5, 1.5, 2.5]) + 0 * b, b)
        except ValueError:
            return b

    check(f, bins)
    check(lambda b: np.digitize(1.5 + 0 * b, b), bins)


def test_different_shapes_are_told_by_lane() -> None:
    with pytest.raises(ValueError, match=r"differ in shape between lanes(.|\n)*\(1,\)(.|\n)*\(3,\)"):
        vmap(lambda x: np.unique(x))(np.array([[1, 1, 1], [1, 2, 3]]))


def test_the_order_of_a_hash_table_is_kept() -> None:
    x = np.random.default_rng(0).permuted(np.arange(100).reshape(1, -1).repeat(4, 0), axis=1)
    check(lambda x: np.unique_values(x), x)


# ---- dates ----

DAYS = np.array([
    ["2024-02-28", "2024-03-01", "2024-03-03"], ["1999-12-31", "2000-01-03", "2000-01-01"],
    ["2024-02-28", "2024-02-28", "2023-05-01"],
], "M8[D]")  # fmt: skip
MISSING = np.array([["2024-02-28", "NaT", "NaT"], ["NaT", "2000-01-03", "1970-01-01"]], "M8[D]")
STEPS = np.array([[1, -2, 0], [5, 3, 1], [0, 0, 7]])

DATES = {
    "busday_count": lambda d, n: np.busday_count(d, d + n),
    "busday_offset": lambda d, n: np.busday_offset(d, n, roll="forward"),
    "busday_offset raises": lambda d, n: np.busday_offset(d, n),
    "is_busday": lambda d, n: np.is_busday(d, weekmask="1111100", holidays=["2024-02-28"]),
    "as text": lambda d, n: np.datetime_as_string(d, unit="D"),
    "differences": lambda d, n: np.diff(d) / np.timedelta64(1, "D"),
    "years": lambda d, n: d.astype("M8[Y]").astype(int) + 1970,
    "units": lambda d, n: (d + n.astype("m8[h]")).astype("M8[s]"),
    "kind of unit": lambda d, n: n * np.datetime_data(d.dtype)[1],
    "extremes": lambda d, n: [d.max(), d.min(), d.argmax(), np.sort(d), (d - d[0]).sum(), (d - d[0]).mean()],
    "missing": lambda d, n: [np.isnat(d), np.where(n > 0, d, np.datetime64("NaT"))],
    "selected": lambda d, n: measured((d - d[0])[n > 0].astype(int)),
    "unique": lambda d, n: np.unique(d).size,
    "compared": lambda d, n: d > d[0],
    "divided": lambda d, n: [(d - d[0]) // np.timedelta64(7, "D"), (d - d[0]) % np.timedelta64(7, "D")],
}


@pytest.mark.parametrize("f", DATES.values(), ids=DATES)
def test_dates(f) -> None:
    check(f, DAYS, STEPS)
    check(f, DAYS.T, STEPS.T, in_axes=1, out_axes=0)
    check(f, DAYS, STEPS, in_axes=[(0, None), (None, 0)])


@pytest.mark.parametrize("f", [
    lambda d: np.unique(d).size,
    lambda d: np.unique(d, equal_nan=False).size,
    lambda d: [np.isnat(d), np.sort(d), d.argmin()],
    lambda d: measured(*np.unique(d, return_inverse=True)[1:]),
    lambda d: np.datetime_as_string(d),
    lambda d: d - d[::-1],
])  # fmt: skip
def test_missing_dates(f) -> None:
    check(f, MISSING)
