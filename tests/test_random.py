"""`lanewise.random` against `jax.random`: equal bits, and samples that are equal to rounding."""

from __future__ import annotations

from functools import cache

import jax
import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

from lanewise import random
from lanewise.random import _erf, _threefry

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_threefry_partitionable", True)


pytestmark = pytest.mark.usefixtures("quick_xla")

SEEDS = st.integers(-(2**63), 2**63 - 1)
SHAPES = [(), (2, 0), (2, 3, 2)]
FLOATS = ["float16", "float32", "float64"]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
SOME = settings(
    max_examples=12, deadline=None, derandomize=True
)  # JAX compiles once for each shape and dtype

def jaxs(name, seed, *args, **kwargs):
    """What a function of `jax.random` gives for a seed, compiled as a whole: JAX is slow op by op."""
    try:
        sampler = compiled(name, args, tuple(kwargs.items()))
    except TypeError:  # arguments that can't be hashed
        sampler = compiled.__wrapped__(name, args, tuple(kwargs.items()))
    return sampler(jax.random.PRNGKey(seed))


@cache
def compiled(name, args, kwargs):
    """A function of `jax.random` with everything but the key fixed."""
    return jax.jit(lambda key: getattr(jax.random, name)(key, *args, **dict(kwargs)))


def equal(ours, expected):
    """Assert that two results are the same to the last bit, shape and dtype."""
    expected = np.asarray(expected)
    assert (ours.shape, ours.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(ours, expected)


def close(ours, expected, rtol, atol=0.0):
    """Assert that two results have the same shape and dtype and nearly the same values."""
    expected = np.asarray(expected)
    assert (ours.shape, ours.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(ours, expected, rtol=rtol, atol=atol)


# ---- keys ----


@given(seed=SEEDS)
@SOME
def test_seeds(seed):
    for make in random.key, random.PRNGKey:
        equal(make(seed), jax.random.PRNGKey(seed))
        equal(make(np.int64(seed)), jax.random.PRNGKey(seed))
    equal(random.key(seed), jax.random.key_data(jax.random.key(seed)))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_seeds_of_each_dtype(dtype):
    for seed in np.iinfo(dtype).min, np.iinfo(dtype).max, 5:
        equal(random.key(np.dtype(dtype).type(seed)), jax.random.PRNGKey(np.dtype(dtype).type(seed)))
        equal(random.key(np.array(seed, dtype)), jax.random.PRNGKey(np.array(seed, dtype)))


def test_a_python_bool_is_a_seed():
    equal(random.key(True), jax.random.PRNGKey(True))


@pytest.mark.parametrize("num", [0, 1, 2, 5, (), (2, 3), np.int64(3), [2, 2]])
def test_split(num):
    equal(random.split(random.key(3), num), jaxs("split", 3, num))


@given(seed=SEEDS, data=st.integers(0, 2**32 - 1))
@SOME
def test_fold_in(seed, data):
    expected = jax.random.fold_in(jax.random.PRNGKey(seed), data)
    equal(random.fold_in(random.key(seed), data), expected)
    equal(random.fold_in(random.key(seed), np.uint32(data)), expected)
    equal(random.fold_in(random.key(seed), np.int64(data - 2**32)), expected)


def test_fold_in_of_floats_and_bools():
    for data in 2.7, np.float32(2.7), True, np.int8(-1):
        equal(random.fold_in(random.key(0), data), jaxs("fold_in", 0, data))


def test_key_data_is_the_key():
    keys = random.split(random.key(0), 3)
    equal(random.key_data(keys), jax.random.key_data(jax.random.split(jax.random.key(0), 3)))
    equal(random.wrap_key_data(keys, impl="threefry2x32"), keys)


def test_threefry_known_answers():
    """The vectors that the authors of Threefry publish with Random123."""
    for key, counter, expected in [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ]:
        high, low = np.array(counter, np.uint32).reshape(2, 1)
        words = _threefry.hash_words(np.array(key, np.uint32), high, low)
        assert tuple(int(word[0]) for word in words) == expected


def test_counters_beyond_32_bits():
    key = random.key(1)
    first, second = _threefry.hash_counters(key, 2**33 + 5, 2**33 + 6)
    expected = _threefry.hash_words(key, np.array([2], np.uint32), np.array([5], np.uint32))
    equal(np.stack([first, second]), np.stack(expected))


# ---- bits and uniform numbers: the same to the last bit ----


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", INTEGERS[4:])
def test_bits(shape, dtype):
    equal(random.bits(random.key(9), shape, dtype), jaxs("bits", 9, shape, dtype))


@given(seed=SEEDS)
@SOME
def test_bits_of_any_seed(seed):
    equal(random.bits(random.key(seed), (5,)), jaxs("bits", seed, (5,)))


@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform(dtype):
    for shape in SHAPES:
        equal(
            random.uniform(random.key(-1), shape, dtype),
            jaxs("uniform", -1, shape, dtype),
        )


@given(seed=SEEDS)
@SOME
def test_uniform_of_any_seed(seed):
    equal(random.uniform(random.key(seed), (5,)), jaxs("uniform", seed, (5,)))


@pytest.mark.parametrize("bounds", [(-2.5, 7), (3, 1), (0, 1), (np.arange(3.0), np.float32(5))])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_between(bounds, dtype):
    ours = random.uniform(random.key(2), (2, 3), dtype, *bounds)
    bounds = [np.broadcast_to(bound, (2, 3)) for bound in bounds]  # JAX wants the ranks to agree
    eps = np.finfo(dtype).eps
    close(ours, jaxs("uniform", 2, (2, 3), dtype, *bounds), 4 * eps, 8 * eps)


def test_draws_made_in_blocks():
    """A long draw goes block by block; its samples are those of JAX at the seams, too."""
    size = 2 * _threefry.BLOCK + 3
    equal(random.bits(random.key(4), (size,)), jaxs("bits", 4, (size,)))
    ours = random.normal(random.key(4), (size,))
    normal_close(ours, jaxs("normal", 4, (size,)))


# ---- other continuous distributions ----


def normal_close(ours, expected):
    """As `close`, with what JAX's inverse error function is known to lose in the tails."""
    size = ours.dtype.itemsize
    body, tail = {2: (2e-3, 2e-3), 4: (2e-6, 1e-5), 8: (1e-13, 5e-10)}[size]
    close(ours, expected, tail)
    central = np.abs(ours) < (3 if size == 4 else 4)
    close(ours[central], np.asarray(expected)[central], body)


@given(seed=SEEDS)
@pytest.mark.parametrize("dtype", FLOATS)
@SOME
def test_normal(dtype, seed):
    normal_close(
        random.normal(random.key(seed), (9,), dtype),
        jaxs("normal", seed, (9,), dtype),
    )


@pytest.mark.parametrize(("dtype", "rtol"), [("complex64", 2e-6), ("complex128", 1e-13)])
def test_complex_normal(dtype, rtol):
    ours = random.normal(random.key(8), (2, 3), dtype)
    close(ours, jaxs("normal", 8, (2, 3), dtype), rtol)


TOLERANCES = {"float16": 4e-3, "float32": 2e-6, "float64": 1e-13}


@given(seed=SEEDS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["exponential", "gumbel", "laplace", "logistic", "cauchy"])
@SOME
def test_transforms_of_uniform_numbers(name, dtype, seed):
    tolerance = TOLERANCES[dtype]
    ours = getattr(random, name)(random.key(seed), (6,), dtype)
    expected = jaxs(name, seed, (6,), dtype)
    if name == "cauchy":  # as an angle: the tangent enlarges a rounding error without bound
        assert ours.dtype == dtype
        angles = [np.arctan(samples.astype(float)) for samples in (ours, np.asarray(expected))]
        np.testing.assert_allclose(*angles, rtol=tolerance, atol=4 * tolerance)
    else:  # the absolute part is for those that cross zero
        close(ours, expected, tolerance, tolerance)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("mode", ["high", "highest"])
def test_gumbel_modes(mode, dtype):
    tolerance = TOLERANCES[dtype]
    ours = random.gumbel(random.key(5), (3, 4), dtype, mode)
    close(ours, jaxs("gumbel", 5, (3, 4), dtype, mode), tolerance, tolerance)


def test_samplers_of_the_other_shapes():
    for shape in (), (2, 0):
        normal_close(random.normal(random.key(0), shape), jaxs("normal", 0, shape))
        for name in "exponential", "gumbel", "laplace", "logistic", "cauchy":
            ours = getattr(random, name)(random.key(0), shape)
            close(ours, jaxs(name, 0, shape), 1e-12)


BOUNDS = [(-1, 1), (0.5, 2.5), (-np.inf, 0.3), (-3, np.inf), (np.array([-1.0, 0.0, 1.0]), 1.5), (1, 1)]


@pytest.mark.parametrize(("lower", "upper"), BOUNDS)
@pytest.mark.parametrize("dtype", FLOATS[1:])
def test_truncated_normal(lower, upper, dtype):
    ours = random.truncated_normal(random.key(6), lower, upper, (2, 3), dtype)
    expected = jax_truncated_normal(dtype)(np.asarray(lower, dtype), np.asarray(upper, dtype))
    tolerance = {"float32": 3e-5, "float64": 1e-12}[dtype]
    close(ours, expected, tolerance, tolerance)
    assert np.all((ours > np.asarray(lower, dtype)) & (ours < np.asarray(upper, dtype)) | (lower == upper))


@cache
def jax_truncated_normal(dtype):
    key = jax.random.PRNGKey(6)
    return jax.jit(lambda lower, upper: jax.random.truncated_normal(key, lower, upper, (2, 3), dtype))


def test_truncated_normal_shapes():
    key, keys = random.key(6), jax.random.PRNGKey(6)
    close(random.truncated_normal(key, 0, 1), jax.random.truncated_normal(keys, 0, 1), 1e-13)
    lower = np.zeros((2, 1))
    close(
        random.truncated_normal(key, lower, [1, 2]),
        jax.random.truncated_normal(keys, lower, np.array([1, 2])),
        1e-13,
    )
    half = random.truncated_normal(key, -2, 2, (5,), "float16")
    close(half, jax.random.truncated_normal(keys, -2, 2, (5,), "float16"), 2e-2)


def test_error_function_and_its_inverse():
    """Against SciPy's, which are exact to a unit in the last place."""
    u = np.concatenate([np.linspace(-1, 1, 20001), 1 - 10.0 ** -np.linspace(1, 16, 501)])
    x = np.concatenate([np.linspace(-7, 7, 20001), 10.0 ** -np.linspace(0, 30, 501), [np.inf, -np.inf]])
    for dtype in "float32", "float64":
        u, x = u.astype(dtype), x.astype(dtype)
        rtol = 6 * float(np.finfo(dtype).eps)
        expected = scipy.special.erfinv(u.astype(float)) * np.sqrt(2)
        close(_erf.normal_quantile(u), expected.astype(dtype), rtol)
        close(_erf.erf(x), scipy.special.erf(x.astype(float)).astype(dtype), rtol)


# ---- integers and truth values ----


@given(seed=SEEDS, data=st.data())
@pytest.mark.parametrize("dtype", INTEGERS)
@SOME
def test_randint(dtype, seed, data):
    bounds = np.int64 if dtype != "uint64" else np.uint64
    info = np.iinfo(dtype)
    integers = st.integers(max(info.min, np.iinfo(bounds).min), min(info.max + 1, np.iinfo(bounds).max))
    minval, maxval = (bounds(data.draw(integers)) for _ in range(2))
    draw = jax_randint(dtype)
    equal(
        random.randint(random.key(seed), (4,), minval, maxval, dtype),
        draw(jax.random.PRNGKey(seed), minval, maxval),
    )


@cache
def jax_randint(dtype):
    return jax.jit(lambda key, minval, maxval: jax.random.randint(key, (4,), minval, maxval, dtype))


@pytest.mark.parametrize(
    ("minval", "maxval", "dtype"),
    [
        (0, 10, None),
        (0, 256, "uint8"),
        (-1000, 1000, "int8"),
        (0, 2**32, "uint32"),
        (-(2**31), 2**31, "int32"),
        (-(2**63), 2**63 - 1, "int64"),
        (0, np.uint64(2**63 + 5), "int64"),
        (0, np.uint64(2**64 - 1), "uint64"),
        (-5, 5, "uint16"),
        (5, 5, "int32"),
        (5, 2, None),
        (0.5, 3.7, None),
        (np.uint8(5), np.int8(7), None),
        (True, np.int16(9), "int16"),
        (np.array([[0], [5]]), np.array([10, 20, 6]), "int32"),
    ],
)
def test_randint_at_the_edges(minval, maxval, dtype):
    ours = random.randint(random.key(7), (2, 3), minval, maxval, dtype)
    equal(ours, jaxs("randint", 7, (2, 3), minval, maxval, dtype))


def test_randint_of_no_dimensions():
    sample = random.randint(random.key(7), (), 0, 9)
    assert type(sample) is np.int64
    equal(sample, jaxs("randint", 7, (), 0, 9))


def test_randint_takes_bounds_that_jax_cannot():
    """A Python integer may exceed int64; JAX raises OverflowError."""
    equal(
        random.randint(random.key(7), (5,), 0, 2**64 - 1, "uint64"),
        random.randint(random.key(7), (5,), 0, np.uint64(2**64 - 1), "uint64"),
    )


@pytest.mark.parametrize("mode", ["low", "high"])
@pytest.mark.parametrize(
    ("p", "shape"),
    [
        (0.3, None),
        (0.3, (4,)),
        (np.float32(0.7), (4,)),
        (np.array([0.1, 0.9]), None),
        (np.array([0.1, 0.9]), (3, 2)),
    ],
)
def test_bernoulli(p, shape, mode):
    equal(random.bernoulli(random.key(1), p, shape, mode), jaxs("bernoulli", 1, p, shape, mode))


@pytest.mark.parametrize("dtype", [None, "uint8", "float32"])
def test_rademacher(dtype):
    equal(random.rademacher(random.key(3), (5,), dtype), jaxs("rademacher", 3, (5,), dtype))


# ---- permutations and choices ----


@pytest.mark.parametrize("n", [0, 1, 2, 2000, np.int32(2), np.array(2), -3])
def test_permutation_of_a_range(n):
    equal(random.permutation(random.key(1), n), jaxs("permutation", 1, n))


@pytest.mark.parametrize("independent", [False, True])
@pytest.mark.parametrize(("shape", "axis"), [((6,), 0), ((3, 4), 1), ((2, 3, 4), -2)])
def test_permutation_of_an_array(shape, axis, independent):
    x = np.arange(np.prod(shape, dtype=int)).reshape(shape) * 1.5
    ours = random.permutation(random.key(4), x, axis, independent)
    equal(ours, jaxs("permutation", 4, x, axis, independent))
    assert ours.flags.writeable
    assert not np.shares_memory(ours, x)


def test_permutation_needs_several_rounds_for_many_elements():
    """About 1625 elements make a second round of sorting necessary, 2.6 million a third."""
    x = np.arange(3000).reshape(1000, 3)
    for independent in False, True:
        ours = random.permutation(random.key(4), x, 0, independent)
        equal(ours, jaxs("permutation", 4, x, 0, independent))


TABLE = np.arange(12).reshape(3, 4)


@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("weighted", [None, np.float32, int])
@pytest.mark.parametrize(("a", "axis", "shape"), [(4, 0, ()), (TABLE, -1, (3, 1))])
def test_choice(a, axis, shape, weighted, replace):
    p = None if weighted is None else np.array([1, 2, 0, 5]).astype(weighted)
    ours = random.choice(random.key(11), a, shape, replace, p, axis)
    equal(ours, jaxs("choice", 11, a, shape, replace, p, axis))


def test_choice_of_nothing():
    for a in 4, 0, TABLE:
        equal(random.choice(random.key(11), a, (2, 0)), jaxs("choice", 11, a, (2, 0)))


def test_choice_by_mode():
    p = np.array([0.3, 0.2, 0.5])
    for mode in "low", "high":
        ours = random.choice(random.key(1), 3, (3,), False, p, mode=mode)
        equal(ours, jaxs("choice", 1, 3, (3,), False, p, mode=mode))


def test_choice_of_strings_and_lists():
    words = np.array(["ash", "elm", "oak"])
    places = random.choice(random.key(1), 3, (5,))
    np.testing.assert_array_equal(random.choice(random.key(1), words, (5,)), words[places])
    np.testing.assert_array_equal(
        random.choice(random.key(1), [4, 5, 6], (5,), p=[0.1, 0.2, 0.7]).shape, (5,)
    )


LOGITS = np.random.default_rng(0).normal(size=(3, 4))


@pytest.mark.parametrize(
    ("axis", "shape", "mode", "dtype"),
    [
        (-1, None, None, np.float64),
        (0, None, "high", np.float64),
        (-2, (5, 4), None, np.float32),
        (1, (2, 2, 3), "high", np.float32),
    ],
)
def test_categorical(axis, shape, mode, dtype):
    logits = LOGITS.astype(dtype)
    ours = random.categorical(random.key(2), logits, axis, shape, mode=mode)
    equal(ours, jaxs("categorical", 2, logits, axis, shape, mode=mode))


@pytest.mark.parametrize(("axis", "shape"), [(-1, None), (0, (2, 4)), (1, (2, 2, 3))])
def test_categorical_without_replacement(axis, shape):
    ours = random.categorical(random.key(2), LOGITS, axis, shape, replace=False)
    equal(ours, jaxs("categorical", 2, LOGITS, axis, shape, replace=False))


def test_categorical_of_one_distribution():
    logits = np.log([0.2, 0.3, 0.5])
    for shape, replace in [(None, True), ((), True), ((4,), True), (None, False), ((2,), False)]:
        ours = random.categorical(random.key(2), logits, shape=shape, replace=replace)
        equal(ours, jaxs("categorical", 2, logits, shape=shape, replace=replace))
    one = np.zeros((1, 4))
    equal(
        random.categorical(random.key(2), one, shape=(2, 3)),
        jaxs("categorical", 2, one, shape=(2, 3)),
    )


def test_impossible_categories_are_never_drawn():
    logits = np.array([0.0, -np.inf, 0.0])
    assert 1 not in random.categorical(random.key(0), logits, shape=(200,))
    assert 1 not in random.choice(random.key(0), 3, (200,), p=[0.5, 0, 0.5])


# ---- kinds of results ----


def test_draws_of_no_dimensions_are_scalars():
    key = random.key(0)
    assert type(random.uniform(key)) is np.float64
    assert type(random.normal(key, (), "complex64")) is np.complex64
    assert type(random.bits(key)) is np.uint64
    assert type(random.bernoulli(key)) is np.bool_
    assert type(random.choice(key, 3)) is np.int64
    assert type(random.categorical(key, [0.5, 1.0])) is np.int64


def test_keys_are_not_written():
    key = random.key(0)
    key.flags.writeable = False
    random.normal(key, (3,))
    random.permutation(key, 2000)
    equal(key, np.zeros(2, np.uint32))


# ---- errors name the argument, what was found and what was expected ----

KEY = random.key(0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: random.key(0.5), TypeError, r"key: seed has dtype float64 and shape \(\), expected"),
        (lambda: random.PRNGKey(np.arange(3)), TypeError, r"PRNGKey: seed has .* shape \(3,\).*vmap"),
        (lambda: random.key(2**63), OverflowError, "key: seed is 9223372036854775808"),
        (lambda: random.key(0, impl="rbg"), ValueError, "key: impl is 'rbg', expected 'threefry2x32'"),
        (lambda: random.uniform(3), TypeError, r"uniform: key is int 3, expected a uint32 array"),
        (lambda: random.uniform(np.zeros(2)), TypeError, "uniform: key has dtype float64"),
        (lambda: random.split(np.zeros(3, np.uint32)), TypeError, r"split: key has .* shape \(3,\)"),
        (lambda: random.normal(random.split(KEY)), ValueError, r"normal: key has shape \(2, 2\).*vmap"),
        (lambda: random.wrap_key_data(np.zeros(2)), TypeError, "wrap_key_data: key has dtype float64"),
        (lambda: random.split(KEY, -1), TypeError, "split: num is -1, expected a non-negative integer"),
        (lambda: random.split(KEY, 2.0), TypeError, "split: num is 2.0"),
        (lambda: random.fold_in(KEY, -1), OverflowError, "fold_in: data is -1"),
        (lambda: random.fold_in(KEY, np.arange(2)), TypeError, r"fold_in: data has .* shape \(2,\).*vmap"),
        (lambda: random.normal(KEY, (2.0,)), TypeError, r"normal: shape is \(2.0,\)"),
        (lambda: random.normal(KEY, None), TypeError, "normal: shape is None"),
        (lambda: random.normal(KEY, (2, -1)), TypeError, r"normal: shape is \(2, -1\)"),
        (lambda: random.uniform(KEY, (), int), ValueError, "uniform: dtype is int64, expected float16"),
        (lambda: random.uniform(KEY, (), ">f8"), ValueError, "uniform: dtype is >f8"),
        (lambda: random.bits(KEY, (), "int32"), ValueError, "bits: dtype is int32, expected uint8"),
        (
            lambda: random.uniform(KEY, (2,), minval=np.zeros(3)),
            ValueError,
            r"minval has shape \(3,\) and maxval has shape \(\), expected what broadcasts to shape \(2,\)",
        ),
        (lambda: random.randint(KEY, (2,), 0, np.ones((3, 2))), ValueError, r"maxval has shape \(3, 2\)"),
        (lambda: random.randint(KEY, (2,), 0, 1j), TypeError, "randint: maxval has dtype complex128"),
        (lambda: random.randint(KEY, (2,), 0, 5, float), ValueError, "randint: dtype is float64"),
        (lambda: random.truncated_normal(KEY, np.zeros(3), 1, (2,)), ValueError, r"lower has shape \(3,\)"),
        (lambda: random.bernoulli(KEY, 1), TypeError, "bernoulli: p has dtype int64, expected floats"),
        (lambda: random.bernoulli(KEY, 0.5, mode="x"), ValueError, "bernoulli: mode is 'x'"),
        (lambda: random.bernoulli(KEY, np.ones(3) / 2, (2,)), ValueError, r"bernoulli: p has shape \(3,\)"),
        (lambda: random.gumbel(KEY, mode="x"), ValueError, "gumbel: mode is 'x', expected 'low', 'high' or"),
        (lambda: random.permutation(KEY, 2.5), TypeError, "permutation: x has dtype float64, expected"),
        (lambda: random.permutation(KEY, 5, axis=1), ValueError, "axis 1 is out of bounds"),
        (lambda: random.choice(KEY, 0), ValueError, "choice: a has nothing to draw 1 from"),
        (lambda: random.choice(KEY, 5, (6,), False), ValueError, "choice: can't draw 6 of the 5 elements"),
        (lambda: random.choice(KEY, 3, p=[0.5, 0.5]), ValueError, r"p has shape \(2,\), expected \(3,\)"),
        (lambda: random.categorical(KEY, [1, 2]), ValueError, "categorical: logits has dtype int64"),
        (lambda: random.categorical(KEY, LOGITS, 2), ValueError, "axis 2 is out of bounds"),
        (lambda: random.categorical(KEY, LOGITS, shape=(2,)), ValueError, r"shape \(3,\), expected .*2,"),
        (lambda: random.categorical(KEY, LOGITS, shape=(5, 3), replace=False), ValueError, "draw 5 of 4"),
        (
            lambda: random.categorical(KEY, LOGITS[:1], shape=(2, 3), replace=False),
            ValueError,
            "without replacement, shape must end",
        ),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
