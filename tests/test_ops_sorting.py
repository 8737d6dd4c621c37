"""Sorting, searching, counting and sets."""

from __future__ import annotations

import numpy as np
import pytest
from law import Row, law

from lanewise import vmap

SORTING = [
    Row("sort", lambda x: (np.sort(x), np.sort(x, axis=0), np.sort(x, axis=None)), ("real:3,4",)),
    Row("sort kind", lambda x: np.sort(x, kind="stable"), ("f8:5",)),
    Row("sort stable", lambda x: np.sort(x, stable=True), ("f8:5",)),
    Row("sort scalar", lambda x: np.sort(x), ("f8:",)),
    Row("sort scalar None", lambda x: np.sort(x, axis=None), ("f8:",)),
    Row("sort bad axis", lambda x: np.sort(x, axis=2), ("f8:3,2",)),
    Row("sort complex", lambda x: np.sort(x), ("D:4",)),
    Row("sort empty", lambda x: np.sort(x), ("f8:0",)),
    Row("sort_complex", lambda x: np.sort_complex(x), ("f8:4",)),
    Row("argsort", lambda x: (np.argsort(x, kind="stable"), x.argsort(0, kind="stable")), ("real:3,4",)),
    Row("argsort None", lambda x: np.argsort(x, axis=None, stable=True), ("f8:3,4",)),
    Row("partition", lambda x: np.sort(np.partition(x, 2)[..., :3]), ("f8:3,5",)),
    Row("partition several", lambda x: np.partition(x, (1, 3))[..., [1, 3]], ("f8:5",)),
    Row("partition axis", lambda x: np.partition(x, 1, axis=0)[1], ("f8:3,2",)),
    Row("partition out of range", lambda x: np.partition(x, 9), ("f8:3",)),
    Row("argpartition", lambda x: x[np.argpartition(x, 1)[:1]], ("f8:5",), special=False),
    Row("lexsort", lambda x, y: np.lexsort((x, y)), ("f8:5", "i8:5|0..3")),
    Row("lexsort of an array", lambda x: np.lexsort(x), ("i8:2,5|0..3",)),
    Row("lexsort axis", lambda x, y: np.lexsort((x, y), axis=0), ("f8:3,2", "i8:3,2|0..2")),
    Row("searchsorted", lambda x, v: np.searchsorted(x, v), ("f8:5|sorted", "f8:2,3"), special=False),
    Row("searchsorted right", lambda x, v: np.searchsorted(x, v, side="right"), ("i8:5|0..1", "i8:3|-1..3")),
    Row("searchsorted scalar", lambda x, v: (np.searchsorted(x, v), x.searchsorted(v, "right")),
        ("f8:5|sorted", "f8:"), reads=True),
    Row("searchsorted nan", lambda x, v: np.searchsorted(np.sort(x), v), ("f8:5", "f8:4")),
    Row("searchsorted nan right", lambda x, v: np.searchsorted(np.sort(x), v, "right"), ("f8:5", "f8:4")),
    Row("searchsorted mixed", lambda x, v: np.searchsorted(x, v), ("i8:5|0..1", "f8:3")),
    Row("searchsorted empty", lambda x, v: np.searchsorted(x, v), ("f8:0", "f8:3")),
    Row("searchsorted no values", lambda x, v: np.searchsorted(x, v),
        ("f8:5|sorted", "f8:0")),
    Row("searchsorted sorter", lambda x, v: np.searchsorted(x, v, sorter=np.argsort(x)), ("f8:5", "f8:3"),
        special=False),
    Row("searchsorted matrix", lambda x, v: np.searchsorted(x, v), ("f8:2,2", "f8:3")),
    Row("searchsorted bad side", lambda x, v: np.searchsorted(x, v, side="middle"), ("f8:5|sorted", "f8:3")),
    Row("digitize", lambda x, b: (np.digitize(x, b), np.digitize(x, b, right=True)), ("f8:4", "f8:5|sorted"),
        special=False, facts=True),
    Row("digitize complex", lambda x: np.digitize(x, [0.0, 1.0]), ("D:4",)),
    Row("digitize falling", lambda x: np.digitize(x, [2.0, 0.0, -1.0]), ("f8:4",)),
    Row("interp", lambda x: np.interp(x, [0.0, 1.0, 2.0], [3.0, 1.0, 5.0]), ("f8:4",)),
    Row("interp scalar", lambda x: np.interp(x, [0.0, 1.0], [3.0, 1.0], left=-1.0, right=9.0), ("f8:",)),
    Row("interp varies", lambda x, t, y: np.interp(x, t, y), ("f8:4", "f8:5|sorted", "f8:5"), special=False),
    Row("interp values vary", lambda x, y: np.interp(x, [-1.0, 0.0, 0.5, 2.0], y), ("f8:", "f8:4"), special=False),
    Row("interp ends", lambda x, t, y: np.interp(x, t, y, left=0.0, right=y[0]),
        ("f8:4", "f8:5|sorted", "f8:5"),
        special=False),
    Row("interp period", lambda x: np.interp(x, [0.0, 1.0, 2.0], [3.0, 1.0, 5.0], period=3.0), ("f8:4",),
        special=False),
    Row("interp misfit", lambda x, y: np.interp(x, [0.0, 1.0], y), ("f8:4", "f8:3")),
    Row("unique", lambda x: np.unique(x).sum(), ("i8:4|0..3",), facts=True),
    Row("unique all", lambda x: [part.sum() for part in np.unique(x, return_index=True, return_inverse=True,
        return_counts=True)], ("i8:4|0..3",), facts=True),
    Row("isin", lambda x, y: np.isin(x, y), ("i8:4|0..5", "i8:3|0..5")),
    Row("in1d plain", lambda x: np.isin(x, [1, 3]), ("i8:2,4|0..5",)),
    Row("intersect1d", lambda x, y: np.intersect1d(x, y).sum(), ("i8:4|0..5", "i8:3|0..5"), facts=True),
    Row("union1d", lambda x, y: np.union1d(x, y).sum(), ("i8:4|0..5", "i8:3|0..5"), facts=True),
    Row("setdiff1d", lambda x, y: np.setdiff1d(x, y).sum(), ("i8:4|0..5", "i8:3|0..5"), facts=True),
    Row("bincount", lambda x: np.bincount(x, minlength=6), ("i8:5|0..6",)),
    Row("bincount weights", lambda x, w: np.bincount(x, w, minlength=6), ("i8:5|0..6", "f8:5")),
    Row("bincount lengths differ", lambda x: np.bincount(x).sum(), ("i8:5|0..6",), facts=True),
    Row("bincount negative", lambda x: np.bincount(x, minlength=6), ("i8:5|-2..6",)),
    Row("histogram", lambda x: np.histogram(x, bins=4, range=(-2.0, 2.0)), ("f8:6",), special=False),
    Row("histogram own range", lambda x: np.histogram(x, bins=3), ("f8:6",), special=False),
    Row("histogram edges", lambda x: np.histogram(x, bins=[-1.0, 0.0, 1.5])[0], ("f8:6",), special=False),
    Row("histogram weights", lambda x, w: np.histogram(x, 3, (-2, 2), weights=w)[0], ("f8:6", "f8:6"), special=False),
    Row("histogram density", lambda x: np.histogram(x, 3, (-9, 9), density=True)[0], ("f8:6",), special=False),
    Row("histogram2d", lambda x, y: np.histogram2d(x, y, bins=2, range=[[-2, 2], [-2, 2]])[0], ("f8:6", "f8:6"),
        special=False),
    Row("count_nonzero", lambda x: (np.count_nonzero(x), np.count_nonzero(x, axis=0)), ("real:2,3",)),
    Row("argmax ties", lambda x: (np.argmax(x), np.argmin(x, axis=1)), ("i8:3,3|0..2",)),
    Row("nanargmax all nan", lambda x: np.nanargmax(x * np.nan), ("f8:3",)),
    Row("top k", lambda x: np.sort(x)[::-1][:2], ("f8:5",)),
    Row("sorted builtin", lambda x: sorted([x[0], x[1]])[0], ("f8:2",), facts=True, kinds=False),
    Row("rank by double argsort", lambda x: np.argsort(np.argsort(x, kind="stable")), ("f8:5",)),
    Row("isin table", lambda x: np.isin(x, [0, 2], kind="table"), ("i8:4|0..5",)),
]  # fmt: skip
test_sorting, test_sorting_at_random = law(SORTING)


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_methods_of_plain_arrays_see_no_objects() -> None:
    table = np.array([-0.5, -0.25, 0.25, 1.75, np.nan])
    x = np.array([0.28, -np.inf, 0.98])
    for side in ("left", "right"):
        found = vmap(lambda v, side=side: table.searchsorted(v, side))(x)
        np.testing.assert_array_equal(found, np.searchsorted(table, x, side))
