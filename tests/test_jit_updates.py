"""``jit``: large arrays that are written in place, outside of loops."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from compiled import same
from test_jit_safety import KEPT, fenced, in_subprocess
from updates import Updates
from wild.compare import disagreement, stack

from lanewise import PerformanceWarning, jit, make_program, vmap
from lanewise.compile import run

RNG = np.random.default_rng(5)
ROWS, IMAGES, PLACES, NUMBERS = (
    RNG.normal(size=(9, 1000)), RNG.normal(size=(9, 40, 24)), RNG.integers(-24, 24, 9), RNG.normal(size=9),
)  # fmt: skip


def heat(u):
    v = u.copy()
    v[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
    v[0] = 0.0
    return v


def heat_of_a_plate(u):
    for _ in range(3):
        v = u.copy()
        v[1:-1, 1:-1] += 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1])
        v[0], v[:, -1] = 1.0, v[:, -2]
        u = v
    return u


def red_and_black(u):
    u = u.copy()
    u[1:-1:2] = 0.5 * (u[:-2:2] + u[2::2])
    u[2:-1:2] = 0.5 * (u[1:-2:2] + u[3::2])
    return u


def half_of_another(u):
    v = np.zeros(500)
    v[::2], v[1::2] = u[:250], u[-250:]
    return v


def borders(image):
    out = np.zeros_like(image)
    out[2:-2, 2:-2] = image[4:, 2:-2] - image[:-4, 2:-2]
    out[out < 0] = 0
    out[:, 0] += 1
    row = out[3]
    row[:] = 7
    row[5] = image[0, 0]
    out.T[7] = -1
    return out, out[2, 2], out.sum(axis=0)


def dear_in_a_corner(image):
    out = np.zeros_like(image)
    out[:3, :5] = np.exp(np.sin(image[:3, :5])).cumsum(axis=1)
    return out


def in_arguments(u):
    u[1:-1] = u[2:]
    u[0] = 5
    return u.sum()


def at_places(image, i, t):
    image = image.copy()
    image[i] = t
    image[i, 3:9] += image[3, i]
    image[-1, i - 24 if i >= 0 else i] = 2.0
    return image


def under_a_branch(image, i, t):
    out = np.zeros((40, 24))
    if t > 0:
        out[3:30, ::3] = image[3:30, ::3] * t
    elif t < -0.5:
        out[i, 2:] = 1
    return out


def out_of_range_elsewhere(image, i, t):
    out = image.copy()
    if t > 0:
        out[i * 1000 if t < 0 else i] = t
    return out


def kinds(image, i, t):
    whole = (image * 100).astype(np.int32)
    whole[5:9] = image[5:9] > 0
    whole[..., -1] = 7.9
    flags = image > 0
    flags[:, ::2] = whole[:, ::2] % 2
    waves = image * 1j
    waves[1:] = image[:-1]
    return whole, flags, waves


def triangles(image, i, t):
    out = image[:24].copy()
    out[np.triu_indices(24, 1)] = 0
    np.fill_diagonal(out, t)
    out[[1, 3]] = image[7:9]
    out[np.arange(24), np.arange(24)[::-1]] += 1
    return out


def unchanged_by_nothing(image, i, t):
    out = image.copy()
    out[3:3] = 1.0
    out[:, 30:] = np.zeros((40, 0))
    out[50:] = 5.0
    return out


def the_same_in_all_lanes(image, i, t):
    out = np.zeros(257, np.float32)
    out[162] += 1
    return out, out[74:].sum(), out * t


def histogram(u):
    counts = np.zeros(300)
    np.add.at(counts, (np.abs(u) * 100).astype(int) % 300, u)
    return counts


def pairs_counted(u):
    counts = np.zeros((20, 30), int)
    places = (np.abs(u) * 10).astype(int)
    np.add.at(counts, (places % 20, places % 30), 1)
    return counts


def by_other_writers(u):
    v = u.reshape(50, 20).copy()
    np.put_along_axis(v, np.argmax(v, axis=1)[:, None], 0.0, axis=1)
    w = u.copy()
    np.put(w, [3, 5, -1], u[:3])
    w.put(7, 2.0)
    return v, w


def flags_everywhere(u):
    flags = u > 0
    flags[:] = True
    flags[5] = u[0] > 0
    return flags


@pytest.mark.parametrize(
    "fun",
    [heat, red_and_black, half_of_another, histogram, pairs_counted, by_other_writers, flags_everywhere],
)
def test_rows(fun):
    same(fun, ROWS)


def test_arguments_are_written():
    f = jit(vmap(in_arguments))
    f(ROWS.copy())
    f.fun = None
    found, expected = ROWS.copy(), ROWS.copy()
    np.testing.assert_allclose(f(found), [in_arguments(row) for row in expected], rtol=1e-12)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("fun", [heat_of_a_plate, borders, dear_in_a_corner])
def test_images(fun):
    same(fun, IMAGES, tol=0.0 if fun is heat_of_a_plate else 1e-12)


@pytest.mark.parametrize(
    "fun",
    [at_places, under_a_branch, out_of_range_elsewhere, kinds, triangles, unchanged_by_nothing, the_same_in_all_lanes],
)
def test_images_at_places(fun):
    same(fun, IMAGES, PLACES, NUMBERS)


@pytest.mark.parametrize("fun", [heat, red_and_black])
def test_without_vmap(fun):
    f = jit(fun)
    f(ROWS[0])
    f.fun = None
    assert np.array_equal(f(ROWS[0]), fun(ROWS[0]))


def test_a_step_is_one_loop():
    """A chain of writes makes no array but its result."""
    f = jit(vmap(heat))
    f(ROWS)
    (compiled,) = f.known.values()
    assert [[stored.shape for stored in step.outputs] for step in compiled.plan.steps] == [[(9, 1000)]]


def test_nested_maps():
    f = jit(vmap(vmap(heat, in_axes=1, out_axes=1)))
    x = RNG.normal(size=(2, 300, 3))
    f(x)
    f.fun = None
    assert np.array_equal(f(x), [np.stack([heat(a[:, n]) for n in range(3)], 1) for a in x])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_lanes_along_any_axis(axis):
    x = np.moveaxis(IMAGES, 0, axis)
    f = jit(vmap(borders, in_axes=axis, out_axes=(axis, 0, 1)))
    found = f(x)
    f.fun = None
    for a, parts, place in zip(found, zip(*map(borders, IMAGES), strict=True), (axis, 0, 1), strict=True):
        np.testing.assert_allclose(a, np.stack(parts, place), rtol=1e-12, atol=1e-12)


def raising(index: Any, value: Any):
    def write(image: Any) -> Any:
        out = image.copy()
        out[index] = value
        return out

    return write


@pytest.mark.parametrize(
    ("index", "value", "error"),
    [
        ((slice(1, None), 0), np.zeros(5), ValueError), ((40, 0), 1.0, IndexError), ((0, 0, 0), 1.0, IndexError),
        (slice(0, 3), np.zeros((2, 24)), ValueError), (slice(0, 3), "text", ValueError),
        (np.array([41]), 0, IndexError),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_errors_are_numpys(index, value, error):
    with pytest.raises(error) as own:
        raising(index, value)(IMAGES[0])
    with pytest.raises(error) as found:
        jit(vmap(raising(index, value)))(IMAGES)
    assert str(found.value) == str(own.value)


@pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")
def test_read_only_arrays_raise():
    x = np.broadcast_to(np.zeros(1000), (3, 1000))
    with pytest.raises(ValueError, match="read-only"):
        jit(vmap(in_arguments))(x)


def test_places_out_of_range_raise():
    places = PLACES.copy()
    places[4] = 99
    with pytest.raises(IndexError, match="index 99 is out of bounds"):
        jit(vmap(at_places))(IMAGES, places, NUMBERS)
    with pytest.raises(IndexError, match="index 99 is out of bounds"):
        jit(vmap(lambda u, i: np.add.at(u.copy(), np.array([i] * 70), 1.0)))(IMAGES[:, 0], places)


def test_writes_are_nodes():
    text = str(make_program(vmap(heat))(ROWS))
    assert "put(%2, 1:-1:," in text


def check(seed: int) -> None:
    """A random function, compiled, against the loop."""
    fun = Updates(seed)
    args = fun.arguments(int(fun.rng.choice([3, 9, 70])))
    mine, loops = [x.copy() for x in args], [x.copy() for x in args]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected: Any = stack([fun.run(*row) for row in zip(*loops, strict=True)])
        except Exception as problem:  # shapes that do not fit, say
            with pytest.raises(type(problem)):
                jit(vmap(fun.run))(*mine)
            return
        warnings.simplefilter("error", PerformanceWarning)
        found = jit(vmap(fun.run))(*mine)
    tol = 1e-11 if np.dtype(fun.dtype).itemsize >= 8 else 1e-4
    assert not (text := disagreement((expected, loops), (found, mine), tol)), (seed, text)


@pytest.mark.parametrize("seed", range(40))
def test_random_writes(seed):
    check(seed)


def check_fences(seeds: range) -> None:
    """Random functions of arrays beside pages that nobody may touch."""
    from lanewise.compile import jit as jit_module

    warnings.simplefilter("ignore")
    rng = np.random.default_rng(seeds[0])

    def fresh(shape: Any, dtype: Any) -> Any:
        return fenced(shape, dtype, at_end=bool(rng.integers(2)))

    jit_module._EMPTY = run.fresh = fresh
    for seed in seeds:
        fun = Updates(seed)
        args = fun.arguments(int(rng.choice([1, 3, 17])))
        for n in (0, 1):
            args[n], values = fenced(args[n].shape, args[n].dtype, at_end=bool(rng.integers(2))), args[n]
            args[n][...] = values
        try:
            jit(vmap(fun.run))(*args)
        except (ValueError, IndexError, TypeError):
            pass
        assert all(place.untouched() for place, _ in KEPT), seed
        KEPT.clear()


@pytest.mark.parametrize("start", [0, 20])
def test_no_write_leads_outside(start):
    in_subprocess(f"import test_jit_updates as u\nu.check_fences(range({start}, {start + 20}))")
