"""Properties of compiled code: on any shape, dtype, axis and layout it gives what NumPy gives on each example."""

from __future__ import annotations

import operator
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanewise import jit, vmap

LANES = 9
DTYPES = ["?", "i1", "u2", "i4", "i8", "u8", "f2", "f4", "f8", "c16"]
SHAPES = [(3,), (1,), (17,), (20,), (4, 5), (40, 3), (2, 3, 4), (0,), (3, 0)]

OVER_AXES = {
    "sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "mean": np.mean, "var": np.var, "std": np.std,
    "any": np.any, "all": np.all, "ptp": np.ptp, "median": np.median, "nansum": np.nansum, "nanmax": np.nanmax,
    "nanmean": np.nanmean, "nanstd": np.nanstd, "count_nonzero": np.count_nonzero, "average": np.average,
    "sum from 2": lambda x, axis: np.sum(x, axis=axis, initial=2),
    "max from 1": lambda x, axis: np.max(x, axis=axis, initial=1),
    "sum in single precision": lambda x, axis: np.sum(x, axis=axis, dtype="f4"),
    "what is above the mean": lambda x, axis: x - np.mean(x, axis=axis, keepdims=True),
    "sum of some": lambda x, axis: np.sum(x, axis=axis, where=x > 0),
    "log of a sum": lambda x, axis: np.log(np.sum(np.exp(x - np.max(x, axis=axis, keepdims=True)), axis=axis)),
}  # fmt: skip

ALONG_AN_AXIS = {
    "argmax": np.argmax, "argmin": np.argmin, "cumsum": np.cumsum, "cumprod": np.cumprod, "sort": np.sort,
    "diff": np.diff, "nanargmax": np.nanargmax, "flip": np.flip, "nancumsum": np.nancumsum,
    "argsort": lambda x, axis: np.argsort(x, axis=axis, kind="stable"),
    "logical_and.reduce": lambda x, axis: np.logical_and.reduce(x, axis=axis),
    "maximum.accumulate": lambda x, axis: np.maximum.accumulate(x, axis=axis),
    "subtract.reduce": lambda x, axis: np.subtract.reduce(x, axis=axis),
    "bitwise_xor.reduce": lambda x, axis: np.bitwise_xor.reduce(x, axis=axis),
    "norm": lambda x, axis: np.linalg.norm(x, axis=axis), "percentile": lambda x, axis: np.percentile(x, 30, axis=axis),
}  # fmt: skip

PAIRS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.lt,
    operator.ge, operator.eq, operator.and_, operator.xor, operator.lshift, np.fmod, np.maximum, np.fmin, np.copysign,
    np.arctan2, np.hypot, np.logaddexp, np.heaviside, np.logical_or, np.float_power, np.divmod, np.ldexp,
]  # fmt: skip


def numbers(rng, dtype, shape):
    """Small numbers, with a few that are large, infinite or none."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.random(shape) < 0.5
    if kind in "iu":
        found = rng.integers(-4 if kind == "i" else 0, 9, shape).astype(dtype)
        edge = np.iinfo(dtype).max
    else:
        found = (np.round(rng.normal(size=shape) * 4) / 4).astype(dtype)
        if kind == "c":
            found += 1j * np.round(rng.normal(size=shape))
        edge = rng.choice([np.nan, np.inf, -np.inf, -0.0])
    if rng.random() < 0.5:
        found[rng.random(shape) < 0.1] = edge
    return found


def laid_out(rng, x):
    """The same array, lanes first or last, or with gaps."""
    layout = rng.integers(3)
    if layout == 0:
        return x
    return np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0) if layout == 1 else np.stack([x, x], -1)[..., 0]


def check(function, *args):
    """Compare `vmap` and compiled code with the loop: values to rounding, dtypes, shapes and exceptions."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = outcome(lambda *xs: stacked([function(*x) for x in zip(*xs, strict=True)]), args)
        for mapped in (vmap(function), jit(vmap(function))):
            found = outcome(mapped, args)
            if isinstance(wanted, type) or isinstance(found, type):
                assert found is wanted
                continue
            for mine, its in zip(found, wanted, strict=True):
                assert (mine.dtype, mine.shape) == (its.dtype, its.shape)
                same(mine, its, args)


def outcome(function, args):
    try:
        result = function(*args)
    except Exception as error:
        return type(error)
    return list(result) if isinstance(result, (list, tuple)) else [result]


def stacked(results):
    if isinstance(results[0], tuple):
        return [np.stack(column) for column in zip(*results, strict=True)]
    return np.stack(results)


def same(found, wanted, args):
    if wanted.dtype.kind not in "fc":
        np.testing.assert_array_equal(found, wanted)
        return
    rtol = 8 * np.finfo(wanted.dtype).eps
    sizes = [np.abs(x[np.isfinite(x)]).max(initial=1) for x in args if x.dtype.kind in "fc"]
    close = np.isclose(found, wanted, rtol=rtol, atol=4 * rtol * float(max(sizes, default=1)), equal_nan=True)
    assert (close | (np.isnan(found) & np.isnan(wanted))).all()


SEEDS = st.integers(0, 2**32)


@pytest.mark.parametrize("name", [*OVER_AXES, *ALONG_AN_AXIS])
@settings(max_examples=4, deadline=None)
@given(seed=SEEDS)
def test_folds(name, seed):
    rng = np.random.default_rng(seed)
    shape, dtype = SHAPES[rng.integers(len(SHAPES))], str(rng.choice(DTYPES))
    axes = [0, -1, *([1] if len(shape) > 1 else [])]
    if name in OVER_AXES:
        axes += [None, *([(0, 1), (-1, 0)] if len(shape) > 1 else [])]
    axis = axes[rng.integers(len(axes))]
    function = (OVER_AXES | ALONG_AN_AXIS)[name]
    check(lambda x: function(x, axis=axis), laid_out(rng, numbers(rng, dtype, (LANES, *shape))))


@pytest.mark.parametrize("function", PAIRS, ids=lambda function: function.__name__)
@settings(max_examples=4, deadline=None)
@given(seed=SEEDS)
def test_pairs(function, seed):
    rng = np.random.default_rng(seed)
    shapes = [((), ()), ((3,), (3,)), ((3,), ()), ((20,), (20,)), ((4, 1), (3,)), ((1,), (5,)), ((2, 3), (1, 1))]
    pair = shapes[rng.integers(len(shapes))]
    args = [laid_out(rng, numbers(rng, str(rng.choice(DTYPES)), (LANES, *shape))) for shape in pair]
    check(function, *args)
