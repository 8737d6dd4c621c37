"""Generators that the function reaches: as the loop would draw, or not moved at all."""

from __future__ import annotations

import functools
import random
import warnings

import numpy as np
import pytest

from lanewise import PerformanceWarning, vmap

X = np.array([1.0, -2.0, 3.0, -4.0, 0.0])
GLOBAL_GENERATOR = np.random.default_rng(7)


class Sampler:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def __call__(self, x):
        return x + self.rng.normal()

    def draw(self, x):
        return x + self.rng.normal()


def closure(seed):
    rng = np.random.default_rng(seed)
    return lambda x: x + rng.normal()


def legacy(seed):
    rng = np.random.RandomState(seed)
    return lambda x: x + rng.standard_normal()


def pythons(seed):
    rng = random.Random(seed)
    return lambda x: x + rng.gauss(0, 1)


def bound_method(seed):
    draw = np.random.default_rng(seed).normal
    return lambda x: x + draw()


def argument(seed):
    rng = np.random.default_rng(seed)
    return functools.partial(lambda rng, x: x + rng.normal(), rng)


def in_some_lanes(seed):
    rng = np.random.default_rng(seed)
    return lambda x: x + rng.normal() if x > 0 else x


def through_a_helper(seed):
    rng = np.random.default_rng(seed)

    def noise():
        return rng.normal(size=2)

    return lambda x: x * noise()


def numpys_own(seed):
    np.random.seed(seed)
    return lambda x: x + np.random.normal() + np.random.rand()


def pythons_own(seed):
    random.seed(seed)
    return lambda x: x + random.random()


def module_global(seed):
    GLOBAL_GENERATOR.bit_generator.state = np.random.default_rng(seed).bit_generator.state
    return lambda x: x + GLOBAL_GENERATOR.normal()


MAKERS = [
    closure, legacy, pythons, bound_method, argument, in_some_lanes, through_a_helper, numpys_own, pythons_own,
    module_global, Sampler, lambda seed: Sampler(seed).draw,
]  # fmt: skip


@pytest.mark.parametrize("make", MAKERS)
def test_draws_are_those_of_the_loop(make):
    function = make(3)
    expected = [function(x) for x in X]
    after = function(0.0)
    function = make(3)
    with pytest.warns(PerformanceWarning, match="moved"):
        found = vmap(function)(X)
    assert np.array_equal(found, expected)
    assert np.array_equal(function(0.0), after), "the generator goes on where the loop would have left it"


@pytest.mark.parametrize("make", MAKERS)
def test_strict_refuses_and_leaves_the_generator_alone(make):
    function = make(3)
    expected = function(1.0)
    function = make(3)
    with pytest.raises(PerformanceWarning):
        vmap(function, strict=True)(X)
    assert np.array_equal(function(1.0), expected)


def test_an_odd_number_of_normals_of_numpys_own_generator():
    np.random.seed(0)
    np.random.normal()  # the generator now holds a spare normal number
    expected = [x + np.random.normal() for x in X]
    np.random.seed(0)
    np.random.normal()
    with pytest.warns(PerformanceWarning):
        assert np.array_equal(vmap(lambda x: x + np.random.normal())(X), expected)


def test_a_generator_as_an_unmapped_argument():
    def draw(x, rng):
        return x + rng.normal()

    expected = [draw(x, rng) for rng in [np.random.default_rng(1)] for x in X]
    with pytest.warns(PerformanceWarning):
        found = vmap(draw, in_axes=(0, None))(X, np.random.default_rng(1))
    assert np.array_equal(found, expected)


def test_a_function_that_leaves_generators_alone_stays_fast():
    rng = np.random.default_rng(0)
    table = rng.normal(size=3)
    assert np.array_equal(vmap(lambda x: x + table[0], strict=True)(X), X + table[0])
    state = np.random.get_state(legacy=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vmap(lambda x: x * 2 if x > 0 else -x)(X)
    assert np.array_equal(np.random.get_state(legacy=False)["state"]["key"], state["state"]["key"])
