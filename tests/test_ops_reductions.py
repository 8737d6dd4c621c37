"""Reductions with all their arguments, cumulative operations, and how exactly they add."""

from __future__ import annotations

import math

import numpy as np
import pytest
from law import Row, check, law

from lanewise import vmap

REAL = [
    "sum",
    "prod",
    "max",
    "min",
    "any",
    "all",
    "mean",
    "ptp",
    "count_nonzero",
    "argmax",
    "argmin",
    "std",
    "var",
    "median",
]
NUMBERS = {"sum", "prod", "mean", "std", "var"}
NAN = ["nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanstd", "nanvar", "nanmedian"]
FORMS = [
    ("", {}, "2,3"),
    ("axis=0", {"axis": 0}, "2,3"),
    ("axis=-1", {"axis": -1}, "2,3"),
    ("axis=(0,2)", {"axis": (0, 2)}, "2,3,2"),
    ("axis=(-1,0)", {"axis": (-1, 0)}, "2,3,2"),
    ("keepdims", {"keepdims": True}, "2,3"),
    ("axis keepdims", {"axis": 1, "keepdims": True}, "2,3"),
    ("axis=None", {"axis": None}, "3"),
    ("scalar", {}, ""),
    ("scalar axis=0", {"axis": 0}, ""),
    ("scalar keepdims", {"keepdims": True}, ""),
    ("empty", {}, "0"),
    ("empty axis", {"axis": 0}, "0,3"),
    ("empty other axis", {"axis": 1}, "0,3"),
    ("bad axis", {"axis": 2}, "2,3"),
    ("axis twice", {"axis": (0, 0)}, "2,3"),
    ("axis=()", {"axis": ()}, "2,3"),
]


def of(name, **kwargs):
    return lambda x: getattr(np, name)(x, **kwargs)


def by_method(name, **kwargs):
    return lambda x: getattr(x, name)(**kwargs)


def form_rows() -> list[Row]:
    """Every reduction in every form."""
    rows = []
    for name in REAL + NAN:
        family = "num" if name in NUMBERS else "float" if name in NAN or name == "median" else "real"
        for label, kwargs, shape in FORMS:
            if name.startswith("arg") and isinstance(kwargs.get("axis"), tuple):
                continue
            if name == "ptp":
                family = "num"
            rows.append(Row(f"{name} {label}", of(name, **kwargs), (f"{family}:{shape}",)))
            if name in REAL and hasattr(np.ndarray, name):
                rows.append(Row(f".{name} {label}", by_method(name, **kwargs), (f"{family}:{shape}",)))
    return rows


test_forms, test_forms_at_random = law(form_rows())

ARGUMENTS = [
    Row("sum dtype", lambda x: np.sum(x, dtype=np.float32), ("int:2,3",)),
    Row("sum positional", lambda x: np.sum(x, 0, np.float32), ("f8:2,3",)),
    Row("sum initial", lambda x: np.sum(x, initial=2), ("num:2,3",)),
    Row("sum initial varies", lambda x, y: np.sum(x, axis=0, initial=y), ("f8:2,3", "f8:"), reads=True),
    Row("sum where", lambda x, m: np.sum(x, where=m), ("f8:2,3", "bool:2,3")),
    Row("sum where broadcast", lambda x, m: np.sum(x, axis=0, where=m), ("f8:2,3", "bool:3")),
    Row("sum where scalar", lambda x, m: np.sum(x, axis=0, where=m), ("f8:2,3", "bool:")),
    Row("sum out", lambda x: np.sum(x, axis=0, out=x[0] * 1.0), ("f8:2,3",)),
    Row("sum out method", lambda x: x.sum(0, None, x[0] * 1.0), ("f8:2,3",)),
    Row("sum of a list", lambda x, y: np.sum([x, y]), ("f8:", "f8:"), strict=False),
    Row("max initial where", lambda x, m: np.max(x, initial=-1, where=m), ("f8:2,3", "bool:3")),
    Row("min initial", lambda x: np.min(x, axis=1, initial=0.5), ("f8:2,3",)),
    Row("max of empty with initial", lambda x: np.max(x, initial=0.0), ("f8:0",)),
    Row("prod dtype", lambda x: np.prod(x, axis=1, dtype=float), ("int:2,3",)),
    Row("mean where", lambda x, m: np.mean(x, axis=1, where=m), ("f8:2,3", "bool:2,3")),
    Row("mean dtype", lambda x: np.mean(x, dtype=np.float32), ("num:3",)),
    Row("mean out", lambda x: np.mean(x, axis=0, out=x[0] * 1.0), ("f8:2,3",)),
    Row("std ddof", lambda x: np.std(x, ddof=1), ("f8:2,3",)),
    Row("var ddof axis", lambda x: np.var(x, 0, None, None, 1), ("f8:3,2",)),
    Row("var correction", lambda x: np.var(x, correction=1), ("f8:3",)),
    Row("var mean", lambda x: np.var(x, axis=0, mean=np.mean(x, axis=0, keepdims=True)), ("f8:3,2",)),
    Row("std where", lambda x, m: np.std(x, where=m), ("f8:2,3", "bool:2,3")),
    Row("std method ddof", lambda x: x.std(ddof=1), ("f8:2,3",)),
    Row("var dtype", lambda x: np.var(x, dtype=np.float32), ("f8:3",)),
    Row("any where", lambda x, m: np.any(x, where=m), ("bool:2,3", "bool:2,3")),
    Row("all out", lambda x: np.all(x, axis=0, out=x[0] & True), ("bool:2,3",)),
    Row("ptp axis", lambda x: np.ptp(x, axis=1, keepdims=True), ("f8:2,3",)),
    Row("median axes", lambda x: np.median(x, axis=(0, 1)), ("f8:2,3,2",)),
    Row("median overwrite", lambda x: np.median(x * 1.0, overwrite_input=True), ("f8:5",)),
    Row("nanmean where", lambda x, m: np.nanmean(x, where=m), ("f8:2,3", "bool:2,3"), reads=True),
    Row("nansum dtype", lambda x: np.nansum(x, dtype=np.float32), ("f8:3",)),
    Row("nanmax initial", lambda x: np.nanmax(x, initial=0.0), ("f8:3",)),
    Row("nanargmax", lambda x: np.nanargmax(x), ("f8:2,3",)),
    Row("nanargmin axis", lambda x: np.nanargmin(x, axis=1), ("f8:2,3",)),
    Row("argmax out", lambda x: np.argmax(x, axis=0, out=np.argmin(x, axis=0)), ("f8:2,3",)),
    Row("amax amin", lambda x: (np.amax(x), np.amin(x, 1)), ("f8:2,3",)),
    Row("count_nonzero axes", lambda x: np.count_nonzero(x, axis=(0, 1)), ("i8:2,3,2|-1..2",)),
    Row("quantile", lambda x: np.quantile(x, 0.3), ("f8:2,3",)),
    Row("quantile several", lambda x: np.quantile(x, [0.1, 0.5, 0.9], axis=1), ("f8:2,3",)),
    Row("quantile keepdims", lambda x: np.quantile(x, [0.1, 0.5], axis=0, keepdims=True), ("f8:2,3",)),
    Row("quantile method", lambda x: np.quantile(x, 0.4, method="nearest"), ("f8:5",)),
    Row("quantile varies", lambda x, q: np.quantile(x, 1 / (1 + q * q)), ("f8:5", "f8:")),
    Row("quantile weights", lambda x, w: np.quantile(x, 0.5, weights=w, method="inverted_cdf"), ("f8:5", "f8:5|pos"),
        special=False, facts=True, strict=False),  # NumPy's own code writes to views: of an outer map's, lane by lane
    Row("quantile of other floats", lambda x: (np.quantile(x, 0.3), np.nanquantile(x, [0.2, 0.5], axis=0)),
        ("float:4,2",)),
    Row("percentile", lambda x: np.percentile(x, [10, 50], axis=(0, 1)), ("f8:2,3,2",)),
    Row("percentile out of range", lambda x: np.percentile(x, 101), ("f8:3",)),
    Row("nanquantile", lambda x: np.nanquantile(x, [0.2, 0.5], axis=0), ("f8:4,2",)),
    Row("nanpercentile", lambda x: np.nanpercentile(x, 30), ("f8:4,2",)),
    Row("average", lambda x: np.average(x), ("f8:2,3",)),
    Row("average weights", lambda x, w: np.average(x, axis=1, weights=w), ("f8:2,3", "f8:3|pos"), facts=True),
    Row("average returned", lambda x, w: np.average(x, weights=w, returned=True), ("f8:3", "f8:3|pos"), facts=True),
    Row("average zero weights", lambda x, w: np.average(x, weights=w), ("f8:3", "i8:3|0..1")),
    Row("logical", lambda x: (np.logical_or.reduce(x), np.logical_xor.reduce(x, axis=1)), ("bool:2,3",)),
    Row("cov", lambda x: np.cov(x), ("f8:3,5",)),
    Row("cov two", lambda x, y: np.cov(x, y, ddof=0), ("f8:5", "f8:5")),
    Row("corrcoef", lambda x, y: np.corrcoef(x, y), ("f8:5", "f8:5"), special=False),
    Row("trapezoid", lambda y, x: np.trapezoid(y, x), ("f8:5", "f8:5")),
    Row("trapezoid dx", lambda y: np.trapezoid(y, dx=0.5, axis=0), ("f8:5,2",)),
    Row("gradient", lambda x: np.gradient(x), ("f8:5",)),
    Row("gradient two axes", lambda x: np.gradient(x, 0.5), ("f8:4,3",)),
    Row("gradient axis", lambda x: np.gradient(x, axis=0), ("f8:4,3",)),
    Row("gradient at points", lambda x, t: np.gradient(x, t), ("f8:5", "f8:5|sorted"), special=False, facts=True),
    Row("sum of complex", lambda x: np.sum(x), ("D:2,3",)),
    Row("builtin sum", lambda x: sum(x), ("f8:3",)),
    Row("builtin max of two", lambda x, y: max(x, y), ("f8:", "f8:"), facts=True),
]  # fmt: skip
test_arguments, test_arguments_at_random = law(ARGUMENTS)

CUMULATIVE = [
    Row("cumsum", lambda x: np.cumsum(x), ("num:2,3",)),
    Row("cumsum axis", lambda x: np.cumsum(x, axis=0), ("num:2,3",)),
    Row("cumsum axis=-1", lambda x: x.cumsum(-1), ("f8:2,3",)),
    Row("cumsum dtype", lambda x: np.cumsum(x, dtype=np.float32), ("int:3",)),
    Row("cumsum out", lambda x: np.cumsum(x, out=x * 1.0), ("f8:3",)),
    Row("cumsum scalar", lambda x: np.cumsum(x), ("f8:",)),
    Row("cumsum empty", lambda x: np.cumsum(x), ("f8:0,3",)),
    Row("cumsum bad axis", lambda x: np.cumsum(x, axis=1), ("f8:3",)),
    Row("cumprod", lambda x: (np.cumprod(x), x.cumprod(axis=1)), ("f8:2,3",)),
    Row("nancumsum", lambda x: np.nancumsum(x, axis=1), ("f8:2,3",)),
    Row("nancumprod", lambda x: np.nancumprod(x), ("f8:3",)),
    Row("cumulative_sum", lambda x: np.cumulative_sum(x, include_initial=True), ("f8:3",)),
    Row("cumulative_sum axis", lambda x: np.cumulative_sum(x, axis=1), ("f8:2,3",)),
    Row("cumulative_prod", lambda x: np.cumulative_prod(x, axis=0), ("f8:2,3",)),
    Row("diff", lambda x: np.diff(x), ("num:2,3",)),
    Row("diff n axis", lambda x: np.diff(x, 2, axis=0), ("f8:4,2",)),
    Row("diff bool", lambda x: np.diff(x), ("bool:4",)),
    Row("diff append", lambda x, y: np.diff(x, append=y), ("f8:4", "f8:")),
    Row("diff prepend", lambda x: np.diff(x, prepend=0), ("f8:2,4",)),
    Row("diff scalar", lambda x: np.diff(x), ("f8:",)),
    Row("ediff1d", lambda x: np.ediff1d(x), ("f8:2,3",)),
    Row("ediff1d ends", lambda x: np.ediff1d(x, to_end=9.0, to_begin=[1.0, 2.0]), ("f8:4",)),
    Row("maximum.accumulate", lambda x: np.maximum.accumulate(x, axis=1), ("real:2,3",)),
]
test_cumulative, test_cumulative_at_random = law(CUMULATIVE)


@pytest.mark.parametrize("order", ["lanes slow", "lanes fast"])
@pytest.mark.parametrize("f", [np.sum, np.add.reduce, lambda x: x.sum(), lambda x: np.mean(x) * x.size])
def test_pairwise_accuracy(order: str, f) -> None:
    """A batch whose lanes are contiguous in memory is summed as exactly as one example is."""
    rows = np.random.default_rng(0).uniform(size=(3, 4096)).astype(np.float32)
    batch = rows if order == "lanes slow" else np.asfortranarray(rows)
    found = vmap(f, strict=True)(batch)
    exact = np.array([math.fsum(row.tolist()) for row in rows])
    assert (np.abs(found - exact) <= 1e-6 * exact).all()
    np.testing.assert_array_equal(found, np.array([f(row) for row in rows]))


@pytest.mark.parametrize("name", ["cumsum", "std", "var", "nansum", "nanmean"])
def test_rounding_does_not_depend_on_the_layout(name: str) -> None:
    rows = np.random.default_rng(0).normal(size=(3, 1000))
    f = getattr(np, name)
    same = vmap(f, strict=True)(np.asfortranarray(rows))
    np.testing.assert_array_equal(same, np.array([f(row) for row in rows]))


def test_exceptions_of_some_lanes() -> None:
    """One lane of NaN among others: the loop's own exception."""
    check(np.quantile, np.ones((3, 4)), np.array([0.5, np.nan, 0.1]))
    x = np.array([[1.0, 2.0], [np.nan, np.nan], [3.0, 1.0]])
    check(np.nanargmax, x)
    check(np.nanargmax, x[::2])
