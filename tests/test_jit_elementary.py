"""Elementary functions inside kernels: near the true value everywhere, and NumPy's special values."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lanewise import jit, vmap
from lanewise.compile import elementary, tables
from lanewise.compile.native import machine

pytestmark = pytest.mark.filterwarnings("error::lanewise.PerformanceWarning")
NAMES = ("exp", "log", "log1p", "sin", "cos", "tanh", "arcsin", "arccos")
RNG = np.random.default_rng(3)
ENDS = [0.0, 5e-324, 1e-310, 2.0**-1022, 1e-300, 1e-20, 1e-8, 0.5, np.sqrt(0.5), 1.0, 1.5, 2.0, 2.0**26, 2.0**26 + 1,
        709.0, 709.9, 745.1, 746.0, 1e10, 1e22, 1e308, np.inf]  # fmt: skip
SPECIAL = np.array([*ENDS, *[-x for x in ENDS], np.nan])


def spread(low, high, count=20_000):
    return RNG.uniform(low, high, count)


def near(*places):
    """Numbers a few units in the last place from some, and a little further."""
    steps = np.concatenate([np.arange(-40, 41) * 2.0**-52, spread(-1e-3, 1e-3, 500)])
    return (np.array(places)[:, None] * (1 + steps)).ravel()


ROUNDED = 32 / np.arange(23.5, 65)  # where a reciprocal of five bits is rounded another way

OPERANDS = {
    "exp": [spread(-708, 708), spread(-1, 1), spread(-1e-9, 1e-9), near(*(np.arange(-40, 40) + 0.5) * np.log(2)),
            near(*(np.arange(-40, 40) + 0.5) * np.log(2) / 16)],
    "log": [spread(0, 3), np.exp(spread(-700, 700)), near(1.0, np.sqrt(0.5), np.sqrt(2), 2.0), near(*ROUNDED),
            near(2.0**-1021, 2.0**1021)],
    "log1p": [spread(-1, 3), spread(-1e-6, 1e-6), np.exp(spread(-700, 700)), -np.exp(spread(-700, 0)),
              near(*ROUNDED - 1), near(2.0**53, 2.0**1021), np.ldexp(spread(-1, 1), -1021), 2.0**-53 * spread(-3, 3),
              np.arange(1, 500) * 2.0**-53 - 1],
    "sin": [spread(-4, 4), spread(-1e7, 1e7), near(*np.arange(-200, 200) * np.pi / 2)],
    "cos": [spread(-4, 4), spread(-1e7, 1e7), near(*np.arange(-200, 200) * np.pi / 2)],
    "tanh": [spread(-1, 1), spread(-30, 30), spread(-1e-6, 1e-6), near(0.17, 0.35, 19.0, 25.0)],
    "arcsin": [spread(-1, 1), near(0.5, -0.5), np.clip(near(1.0, -1.0), -1, 1), spread(-1e-6, 1e-6)],
    "arccos": [spread(-1, 1), near(0.5, -0.5), np.clip(near(1.0, -1.0), -1, 1), spread(-1e-6, 1e-6)],
}


def wide(name, x):
    """The function with more digits."""
    return getattr(np, name)(x.astype(np.longdouble))


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long double has no more digits than double here")
@pytest.mark.parametrize("name", NAMES)
def test_is_near_the_true_value(name):
    compiled = jit(vmap(lambda x: getattr(np, name)(x)))
    for x in OPERANDS[name]:
        true = wide(name, x)
        error = np.abs(compiled(x) - true) / np.spacing(np.abs(true).astype(float))
        assert error.max() < 3, x[error.argmax()]


@pytest.mark.parametrize("count", [1, 7, 64, 500])
@pytest.mark.parametrize("name", NAMES)
def test_special_values_are_those_of_numpy(name, count):
    x = np.resize(SPECIAL, max(count, SPECIAL.size))
    with np.errstate(all="ignore"):
        wanted = getattr(np, name)(x)
    found = jit(vmap(lambda x: getattr(np, name)(x)))(x)
    np.testing.assert_allclose(found, wanted, rtol=1e-15, atol=0)
    number = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(found[number]), np.signbit(wanted[number]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300, -5.0, 0.0])
def test_a_lane_out_of_the_ordinary_leaves_the_others_as_they_are(bad):
    def all_of_them(x):
        return np.exp(x), np.log(x), np.log1p(x), np.sin(x), np.cos(x)

    x = np.linspace(0.1, 9, 300)
    compiled = jit(vmap(all_of_them))
    before = compiled(x)
    x[137] = bad
    after = compiled(x)
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(np.delete(old, 137), np.delete(new, 137))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose([new[137] for new in after], all_of_them(np.float64(bad)), rtol=1e-15)


def test_in_a_loop_and_under_a_mask():
    def settle(x):
        turns = 0
        while np.cos(x) * 1.5 > np.sin(x) and turns < 40:
            x = x + 0.3 * np.exp(-x) if x > 1 else np.log(x + 2.0) * 1.1
            turns += 1
        return x, turns

    x = np.linspace(-0.9, 6, 333)
    found, turns = jit(vmap(settle))(x)
    wanted, wanted_turns = vmap(settle)(x)
    np.testing.assert_array_equal(turns, wanted_turns)
    np.testing.assert_allclose(found, wanted, rtol=1e-13)


def test_fastmath_keeps_the_roundings():
    x = spread(-9, 9)
    compiled = jit(vmap(lambda x: (np.sin(x), np.exp(x))), fastmath=True)
    for name, found in zip(("sin", "exp"), compiled(x), strict=True):
        np.testing.assert_allclose(found, getattr(np, name)(x), rtol=1e-14)


@pytest.mark.skipif("fma" not in machine().features, reason="the processor has no fused multiply-add")
def test_they_are_written_out():
    compiled = jit(vmap(lambda x: np.tanh(x) + np.exp(x)))
    compiled(spread(-1, 1))
    (plan,) = [known.plan for known in compiled.known.values()]
    assert not any("_ZGV" in step.text for step in plan.steps)
    assert set(elementary.RULES) == {"log", "sin", "cos", "tanh", "asin", "acos"}
    assert set(tables.RULES) == {"exp", "log", "log1p"}


@pytest.mark.skipif("fma" not in machine().features, reason="the processor has no fused multiply-add")
def test_what_the_library_computes_is_written_once_for_all_pieces():
    def halve(x):
        while np.sin(x) > 0.5:
            x = x * 0.5
        return x

    x = np.concatenate([np.linspace(0, 9, 200), [1e9, -1e9, 3e7, np.pi * 1e8, 7e15]])
    compiled = jit(vmap(halve))
    np.testing.assert_allclose(compiled(x), [halve(number) for number in x], rtol=1e-13)
    (plan,) = [known.plan for known in compiled.known.values()]
    (step,) = plan.steps
    asides = sum(line.endswith(".slow:") for line in step.text.splitlines())
    assert asides
    assert len(re.findall("= call .*@_ZGV", step.text)) <= asides


def test_what_is_the_same_in_all_turns_of_an_outer_loop_is_computed_once():
    def pair(a, b):
        return np.cos(a) * np.cos(b * 0.5) + b

    a, b = spread(-3, 3, 37), spread(-3, 3, 211)
    nested = vmap(vmap(pair, in_axes=(None, 0)), in_axes=(0, None))
    compiled = jit(nested)
    np.testing.assert_allclose(compiled(a, b), nested(a, b), rtol=1e-13, atol=1e-15)
    (plan,) = [known.plan for known in compiled.known.values()]
    first, second = plan.steps
    assert [stored.shape for stored in first.outputs] == [(211,)]
    assert [stored.shape for stored in second.outputs] == [(37, 211)]
    few = jit(nested)
    np.testing.assert_allclose(few(a[:3], b), nested(a[:3], b), rtol=1e-13, atol=1e-15)
    assert len(next(iter(few.known.values())).plan.steps) == 1
