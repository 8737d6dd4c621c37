"""Long calls go over to compiled code, and nobody sees it but by the clock."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import warnings
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
import pytest
from heat import DIFFERED, X, both, halvings, heat, heated, same
from programs import check_seed
from wild import WILD, Wild
from wild.compare import disagreement, stack

from lanewise import PerformanceWarning, eval_shape, hot, jit, lax, vmap
from lanewise.compile import hot as compiling

pytestmark = pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")


# ---- the same as the loop ----


@pytest.mark.parametrize("entry", WILD, ids=lambda entry: entry.name)
def test_wild_functions(entry: Wild) -> None:
    slow, fast = entry.arguments(40), entry.arguments(40)
    expected = stack(entry.loop(*slow))
    with heat(worth=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        found = vmap(entry.fun, in_axes=entry.in_axes)(*fast)
    assert not DIFFERED
    assert not (text := disagreement((expected, slow), (found, fast), entry.tol)), text


@pytest.mark.parametrize("first", range(20_000, 20_200, 50))
@pytest.mark.parametrize("flavours", [(), ("lists",), ("numbers", "texts"), ("algebra",), ("wide",)])
def test_random_programs(first: int, flavours: tuple[str, ...]) -> None:
    for seed in range(first, first + (50 if flavours == () else 25)):
        assert not (text := check_seed(seed, heated, *flavours)), text
        assert not DIFFERED


def test_a_long_call_and_a_short_one() -> None:
    x = np.linspace(0.0, 9.0, 400_000)

    def turns(x):
        for _ in range(60):
            x = x * 0.5 + 1.0
        return x

    run = compiling.Ready.run
    seen = []

    def noted(ready, call, reached):
        seen.append(call.size)
        return run(ready, call, reached)

    with mock.patch.object(compiling.Ready, "run", noted), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = vmap(turns)(x)
        vmap(turns)(x[:1000])
    assert seen == [400_000]
    same(found, turns(x))


@pytest.mark.parametrize(
    "f",
    [
        halvings,
        lambda x: (x * 2, x > 1, 7, 2.5),
        lambda x: [{"a": x, "b": np.array([x, 1.0])}][0]["b"],
        lambda x: np.float32(2) if x > 0 else 1,
        lambda x: 1 if x > 0 else 2.5,
        lambda x: None if x > 0 else x,
        lambda x: "yes" if x > 0 else "no",
    ],
)
def test_results_of_all_kinds(f: Any) -> None:
    expected = vmap(f)(X)
    with heat():
        same(vmap(f)(X), expected)


def test_axes_shared_arguments_and_keywords() -> None:
    table = np.arange(15.0).reshape(3, 5)
    both(lambda x, y: x * y, table, 2.0, in_axes=(1, None), out_axes=1)
    both(lambda x, w: (x[:, None] * w.T).sum(), table, table, in_axes=(0, None))
    both(lambda p, n: p["x"] ** n, {"x": X}, 3, in_axes=(0, None))
    both(partial(lambda x, scale: x * scale, scale=3.0), X)
    f = vmap(lambda x, *, y: x - y)
    expected = f(X, y=X[::-1])
    with heat() as ran:
        same(f(X, y=X[::-1]), expected)
        assert ran


def test_batches_of_other_sizes_use_the_same_code() -> None:
    with heat() as ran:
        for size in (200, 300, 70, 1, 2):
            x = np.linspace(0.0, 3.0, size)
            same(vmap(halvings)(x), np.array([halvings(y) for y in x]))
        assert len(ran) == 5


def test_nested_maps() -> None:
    def outer(x, ys):
        total = 0.0
        for n in range(3):
            total += vmap(lambda y: np.where(y > x, y, x) * n)(ys).sum()
        return total

    both(outer, X, np.arange(4.0), in_axes=(0, None))


def test_a_loop_of_lax() -> None:
    both(lambda x: lax.while_loop(lambda c: c[0] < 100, lambda c: (c[0] * 2 + 1, c[1] + 1), (abs(x), 0))[1], X)
    both(lambda x: lax.fori_loop(0, 20, lambda i, c: c + x * i, x), X)
    both(lambda x: lax.scan(lambda c, y: (c + y * x, c), x, np.arange(20.0))[1], X)


def test_writes_to_arguments() -> None:
    def scale(row):
        row *= 2
        while row[0] < 10:
            row[0] += 3
        return row.sum()

    ours, theirs = np.arange(12.0).reshape(4, 3), np.arange(12.0).reshape(4, 3)
    expected = np.array([scale(row) for row in theirs])
    with heat() as ran:
        same(vmap(scale)(ours), expected)
        assert ran == ["scale"]
    np.testing.assert_array_equal(ours, theirs)


def test_written_rows_that_overlap_run_in_order() -> None:
    def push(row):
        row[1] += row[0]
        return row[1] * 1.0

    def rows(memory):
        return np.lib.stride_tricks.as_strided(memory, (5, 2), (8, 8))

    ours, theirs = np.arange(6.0), np.arange(6.0)
    expected = np.array([push(row) for row in rows(theirs)])
    with heat() as ran, pytest.warns(PerformanceWarning, match="overlaps"):
        same(vmap(push)(rows(ours)), expected)
    assert not ran
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_chunks(size: int) -> None:
    x = np.arange(10.0)
    expected = vmap(halvings)(x)
    with heat() as ran:
        same(vmap(halvings, chunk_size=size)(x), expected)
        assert len(ran) == -(-10 // size)


@pytest.mark.parametrize("f", [lambda x: 1 if x > 4 else x, lambda x: 2.5 if x < 5 else np.float32(3), lambda x: x > 3])
def test_chunks_of_several_kinds(f: Any) -> None:
    for x in (np.arange(10), np.arange(10, dtype=np.float32)):
        expected = vmap(f, chunk_size=5)(x)
        with heat():
            same(vmap(f, chunk_size=5)(x), expected)


def test_exceptions_are_those_of_the_loop() -> None:
    def f(x):
        total = 0
        for n in range(4):
            if x == n:
                raise ValueError(f"it is {n}")
            total += 1 / (x - 7)
        return total

    with heat() as ran:
        with pytest.raises(ValueError, match="it is 2") as caught:
            vmap(f)(np.array([8.0, 9.0, 2.0, 7.0]))
        assert any("lane 2 of 4" in note for note in caught.value.__notes__)
        assert not ran


def test_a_lane_that_compiled_code_can_not_hold() -> None:
    def power(x):
        found = 1
        for _ in range(40):
            found = found * x
        return found % 1000

    with heat() as ran, warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        found = vmap(lambda x: power(int(x)))(np.array([1, 2, 7]))
        assert not ran
    assert found.tolist() == [power(1), power(2), power(7)]


# ---- whether a call is long depends on the call only ----


def test_the_work_is_the_same_at_every_call() -> None:
    seen = []

    class Counted(hot.Meter):
        def next_limit(self):
            return math.inf

        def __init__(self, call):
            super().__init__(call)
            seen.append(self)

    x = np.linspace(0.0, 50.0, 1000)
    with mock.patch.object(hot, "Meter", Counted), mock.patch.object(hot, "ON", True):
        for _ in range(3):
            vmap(halvings)(x)
        with heat():
            pass
        vmap(halvings)(x)
        vmap(halvings)(x[:10])
    works = [meter.work for meter in seen]
    assert len(set(works[:4])) == 1
    assert works[4] < works[0]


def test_a_call_that_is_not_long_stays_eager_when_code_is_there() -> None:
    run = compiling.Ready.run
    with heat():
        vmap(halvings)(X)
    with mock.patch.object(compiling.Ready, "run", side_effect=run) as spy:
        vmap(halvings)(X)
    assert not spy.called


def test_code_that_takes_long_to_compile_is_for_longer_calls() -> None:
    def turns(x):
        for _ in range(50):
            x = np.sin(x) if x > 0 else x + 1.0
        return x

    with heat() as ran, mock.patch.object(compiling, "WORTH", 10**9):
        vmap(turns)(X)
        assert not ran
    with heat() as ran:
        vmap(turns)(X)
        assert ran == ["turns"]


def test_functions_of_large_arrays_are_work() -> None:
    def wave(b):
        return np.sin(np.sin(np.linspace(0, b, 1000))).sum()

    with mock.patch.object(hot.Meter, "decide") as spy:
        vmap(wave)(np.arange(100.0))
        assert not spy.called
        vmap(wave)(np.arange(5000.0))
        assert spy.called


# ---- when it stays away ----


@pytest.mark.parametrize("options", [{"invalid": "raise"}, {"over": "call", "call": print}, {"divide": "print"}])
def test_errors_that_somebody_wants_to_hear_of(options: Any) -> None:
    with heat() as ran, np.errstate(**options):
        vmap(halvings)(X)
    assert not ran
    with heat() as ran, np.errstate(all="ignore"):
        vmap(halvings)(X)
    assert ran


@pytest.mark.parametrize("category", [RuntimeWarning, Warning, np.exceptions.ComplexWarning])
def test_warnings_that_are_errors(category: Any) -> None:
    with heat() as ran, warnings.catch_warnings():
        warnings.simplefilter("error", category)
        vmap(halvings)(X)
    assert not ran


def test_it_can_be_switched_off() -> None:
    code = "from lanewise import hot; print(hot.ON)"
    for value, expected in (("0", "False"), ("1", "True"), (None, "True")):
        environment = {key: text for key, text in os.environ.items() if key != "LANEWISE_HOT"}
        environment |= {} if value is None else {"LANEWISE_HOT": value}
        found = subprocess.check_output([sys.executable, "-c", code], text=True, env=environment)
        assert found.strip() == expected


def test_without_llvmlite() -> None:
    expected = vmap(halvings)(X)
    missing = mock.patch.dict(sys.modules, {"lanewise.compile.hot": None})
    with heat() as ran, missing, mock.patch.dict(hot._KNOWN, clear=True):
        same(vmap(halvings)(X), expected)
    assert not ran


def test_names_for_collectives_and_shapes() -> None:
    with heat() as ran:
        vmap(lambda x: lax.psum(x, "i"), axis_name="i")(X)
        assert not ran
        assert eval_shape(vmap(halvings), X).shape == (5,)
        assert vmap(halvings)(X[:0]).shape == (0,)
        assert not ran


def test_jit_is_left_alone() -> None:
    def f(x):
        while x > 0.1:
            x = x / 2
        return x * len(f"{x}")

    with heat() as ran, warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        jit(vmap(f))(X)
        assert not ran
        jit(vmap(halvings))(X)
        assert not ran


def test_strict_calls_that_compiled_code_takes() -> None:
    def groups(x):
        seen = {}
        seen[int(x) % 90] = 1.0  # a fact: the key
        return seen.get(3, 0.0) + x

    x = np.arange(500.0)
    with heat() as ran, pytest.raises(PerformanceWarning):
        vmap(groups, strict=True)(x)
    assert not ran

    def rank(a):
        a = a.copy()
        rank = 0
        for column in range(4):
            for row in range(rank, 4):
                if a[row, column] % 2:
                    a[[rank, row]] = a[[row, rank]]
                    for other in range(4):
                        if other != rank and a[other, column] % 2:
                            a[other] = (a[other] + a[rank]) % 2
                    rank += 1
                    break
        return rank

    rows = np.random.default_rng(1).integers(0, 2, (300, 4, 4))
    expected = np.array([rank(row) for row in rows])
    with heat() as ran:
        same(vmap(rank, strict=True)(rows), expected)
        assert ran == ["rank"]


def test_a_result_that_is_not_the_functions_own_is_not_used() -> None:
    expected = vmap(halvings)(X)
    finish = compiling.Compiled.finish
    with heat() as ran, mock.patch.object(compiling.Compiled, "finish", lambda *args: finish(*args) + 1):
        same(vmap(halvings)(X), expected)
    assert not ran
    assert DIFFERED == ["halvings"]
