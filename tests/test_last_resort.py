"""The last resort: what has no batched form runs lane by lane, with a warning that names the line."""

from __future__ import annotations

import functools
import gc
import json
import math
import struct
import threading
import warnings
import weakref

import numpy as np
import pytest
from law import check

import lanewise.numpy as lnp
from lanewise import PerformanceWarning, vmap

X = np.array([1.5, -2.0, 3.25, 0.0, -0.0, 1.5])
A = np.arange(12.0).reshape(4, 3) - 5


def insists_on_memory(x):
    return np.frombuffer(x)[0] + 1


def insists_on_an_array(x):
    return np.linalg.LinAlgError(np.ma.asarray(x).sum()).args[0]


def writes_json(x):
    return len(json.dumps(x.tolist()))


SLOW = [insists_on_memory, insists_on_an_array, writes_json]


@pytest.mark.parametrize("function", SLOW)
def test_runs_lane_by_lane_and_names_the_line(function):
    line = function.__code__.co_firstlineno
    with pytest.warns(PerformanceWarning, match=rf"test_last_resort\.py:({line + 1}|{line + 2}):") as caught:
        found = vmap(function)(A)
    assert found.tolist() == [function(row) for row in A]
    assert caught[0].filename.endswith("test_last_resort.py")


@pytest.mark.parametrize("function", SLOW)
def test_strict_refuses(function):
    with pytest.raises(PerformanceWarning, match="runs lane by lane"):
        vmap(function, strict=True)(A)


def test_a_function_that_fails_on_one_example_too_shows_that_error():
    def broken(x):
        return x + "text"

    with pytest.raises(Exception) as plain:
        broken(A[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(type(plain.value)) as caught:
            vmap(broken)(A)
    assert str(caught.value).splitlines()[0] == str(plain.value).splitlines()[0]
    assert "lane 0 of 4" in caught.value.__notes__[0]


def test_shape_errors_show_the_shapes_of_one_example():
    with pytest.raises(ValueError, match=r"shapes \(3,\) \(4,\)"):
        vmap(lambda x: x + np.ones(4))(A)


def test_only_the_group_that_needs_it_runs_lane_by_lane():
    calls = []

    def some(x):
        if x[0] > 0:
            calls.append(1)
            return np.frombuffer(x)[0]
        return x.sum()

    with pytest.warns(PerformanceWarning):
        found = vmap(some)(A)
    assert found.tolist() == [np.frombuffer(row)[0] if row[0] > 0 else row.sum() for row in A]


def test_an_inner_map_falls_to_the_outermost():
    def outer(x):
        return vmap(lambda row: np.frombuffer(row)[0])(x).sum()

    x = np.arange(24.0).reshape(2, 4, 3)
    with pytest.warns(PerformanceWarning):
        assert vmap(outer)(x).tolist() == [sum(row[0] for row in example) for example in x]
    with pytest.raises(PerformanceWarning):
        vmap(lambda x: vmap(lambda row: np.frombuffer(row)[0], strict=True)(x).sum())(x)


def test_arrays_of_objects_run_lane_by_lane():
    with pytest.warns(PerformanceWarning, match="array of objects"):
        found = vmap(lambda x: len(x))(np.array(["a", "bcd", "ef"], object))
    assert found.tolist() == [1, 3, 2]


def test_other_array_types_run_lane_by_lane():
    masked = np.ma.masked_equal(A, 3)
    with pytest.warns(PerformanceWarning, match="MaskedArray"):
        found = vmap(lambda x: x.sum() * 1.0)(masked)
    assert found.tolist() == [row.sum() for row in masked]


def test_strings_and_dates_are_batched():
    check(lambda s: s + "!", np.array(["a", "bcd"]), kinds=False)
    check(lambda d: d + np.timedelta64(1, "D"), np.array(["2020-02-28", "2021-01-01"], "M8[D]"))


def test_object_arrays_of_lane_values_are_put_together():
    check(lambda x: np.array([x, x**2]), X, kinds=False)
    check(lambda x: np.array([[x, 1.0], [2.0, x]]), X, kinds=False)
    check(lambda x: np.array([x, x**2]) * x, X, kinds=False)
    check(lambda x: np.array([x[0], x[1] * 2]), A, kinds=False)
    check(lambda x: np.array([x[:2], x[1:]]), A, kinds=False)
    check(lambda x: np.array([x, x]) @ x, A, kinds=False)
    check(lambda x: np.array([x[0], 2.0]).sum(), A, kinds=False)
    check(lambda x: np.dot(np.array([[x[0], x[1]], [x[1], x[2]]]), x[:2]), A, kinds=False)


def test_a_part_of_an_object_array_without_lane_values():
    namespace = {"np": np}
    exec("def f(y): return np.array([1.0, 2, y])[:2]", namespace)
    check(namespace["f"], X, strict=False, kinds=False)


def test_object_arrays_are_not_taken_for_numbers():
    """What treats an object array unlike numbers falls back."""
    check(lambda x: np.maximum(np.array([x, 1.0]), np.array([2.0, x]))[0], np.array([np.nan, 1.0, 3.0]), strict=False)
    check(lambda x: 1.0 if np.asarray(x).dtype == float else 2.0, A, strict=False)
    check(lambda x: np.sort(np.array([x[2], x[0], x[1]]))[0], A, strict=False)


# ---- caches ----


@functools.lru_cache
def cached(x):
    return 1 / x if x else math.copysign(math.inf, x)


@functools.lru_cache
def cached_integer(n):
    return n * 2 + 1


def test_lru_caches():
    x = np.array([0.0, -0.0, 2.0, np.nan, 2.0, np.inf])
    cached.cache_clear()
    expected = [cached(v) for v in x]
    cached.cache_clear()
    with pytest.warns(PerformanceWarning, match="hash of a float"):
        assert np.array_equal(vmap(cached)(x), expected, equal_nan=True)
    n = np.array([1, 2, 1, 5])
    assert vmap(cached_integer)(n).tolist() == [3, 5, 3, 11]
    assert [cached_integer(v) for v in (1, 2, 5, 7)] == [3, 5, 11, 15], "the cache holds nothing of the lanes"
    assert vmap(cached_integer)(n).tolist() == [3, 5, 3, 11]


def test_memo_dicts():
    memo = {}

    def fibonacci(n):
        if n < 2:
            return n
        if n not in memo:
            memo[n] = fibonacci(n - 1) + fibonacci(n - 2)
        return memo[n]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        assert vmap(fibonacci)(np.array([5, 8, 5, 1])).tolist() == [5, 21, 5, 1]
        assert vmap(fibonacci)(np.array([9, 8])).tolist() == [34, 21]


# ---- nothing is left behind ----


def test_a_failed_call_leaves_no_state():
    def bad(x):
        if x > 1:
            raise ValueError("no")
        return x

    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            vmap(bad)(X)
    assert vmap(lambda x: x + 1)(X).tolist() == (X + 1).tolist()
    assert type(lnp.zeros(3)) is np.ndarray, "no mapped function is at work any more"


def test_a_call_leaves_no_memory():
    x = np.random.default_rng(0).normal(size=(100, 100))
    vmap(lambda v: v * 2 if v[0] > 0 else v)(x)
    gc.collect()
    gc.disable()
    try:
        watched = weakref.ref(x)
        result = vmap(lambda v: v * 2 if v[0] > 0 else v)(x)
        del x
        assert watched() is None, "an argument outlives the call"
        del result
    finally:
        gc.enable()


def test_threads_are_independent():
    results = {}

    def work(seed):
        x = np.random.default_rng(seed).normal(size=200)
        for _ in range(20):
            results[seed] = np.array_equal(vmap(lambda v: v * 2 if v > 0 else -v)(x), np.where(x > 0, x * 2, -x))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(4), True)


def test_packing_asks_for_the_float():
    check(lambda x: struct.unpack("d", struct.pack("d", x))[0], X)


def test_signals_survive_code_that_replaces_exceptions():
    """NumPy turns what ``float()`` raises inside an assignment into an exception of its own."""

    def into_a_plain_array(x):
        out = np.zeros.__call__(2)
        out[0] = x
        return out

    check(into_a_plain_array, np.arange(200.0), strict=False)
    with pytest.warns(PerformanceWarning, match=r"float\(\) of a value differs from lane to lane"):
        vmap(into_a_plain_array)(np.arange(200.0))

    def swallows(x):
        try:
            return float(np.frombuffer(np.asarray(x))[0])
        except BaseException:
            return -1.0

    with pytest.warns(PerformanceWarning):
        assert vmap(swallows)(X).tolist() == X.tolist()


def test_results_of_no_array_kind():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = vmap(lambda x: print(end="") if x > 0 else None)(np.array([1.0, -1.0, 2.0]))
        assert found.tolist() == [None, None, None]
        assert vmap(lambda x: "pos" if x > 0 else "negative")(np.array([1.0, -1.0])).tolist() == ["pos", "negative"]
        assert vmap(lambda x: (1, 2) if x > 0 else (3, 4))(np.array([1.0, -1.0]))[1].tolist() == [2, 4]
    marker = object()
    assert vmap(lambda x: marker if x > 0 else None)(np.array([1.0, -1.0])).tolist() == [marker, None]
    assert vmap(lambda x: "same", out_axes=None)(X) == "same"


class Holder:
    def __init__(self, value):
        self.value = value


def test_objects_that_may_hold_lane_values_are_made_lane_by_lane():
    with pytest.warns(PerformanceWarning, match="object of type Holder"):
        found = vmap(Holder)(X)
    assert [holder.value for holder in found] == X.tolist()
