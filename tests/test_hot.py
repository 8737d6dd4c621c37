"""Long calls go over to compiled code, and nobody sees it but by the clock."""

from __future__ import annotations

import dataclasses
import logging
import math
import os
import random
import subprocess
import sys
import time
import warnings
from collections import namedtuple
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
import pytest
from heat import DIFFERED, heat, heated
from programs import check_seed
from wild import WILD, Wild
from wild.compare import disagreement, stack

from lanewise import PerformanceWarning, do_not_convert, eval_shape, hot, jit, lax, vmap
from lanewise.compile import hot as compiling

pytestmark = pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")

X = np.array([3.0, 0.5, -2.0, 7.25, 1.0])


@pytest.fixture(autouse=True)
def _errors_as_before():
    with np.errstate():  # some of the functions change how NumPy treats errors
        yield


def same(found: Any, expected: Any) -> None:
    """See that two results are alike, types and all."""
    assert type(found) is type(expected)
    if isinstance(found, tuple):
        for x, y in zip(found, expected, strict=True):
            same(x, y)
        return
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def both(f: Any, *args: Any, compiled: bool = True, **options: Any) -> Any:
    """What a call gives, hot and eager alike; and whether compiled code made it."""
    expected = vmap(f, **options)(*args)
    with heat() as ran:
        found = vmap(f, **options)(*args)
    assert bool(ran) is compiled
    assert not DIFFERED
    same(found, expected)
    return found


def halvings(x):
    n = 0
    while x > 0.1:
        x = x / 2
        n += 1
    return n


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


# ---- what has changed since is seen ----

FACTOR = 2.0
TABLE = [1.0, 2.0]
ARRAY = np.array([1.0, 2.0])
OPTIONS = {"add": 1.0}


def helper(x):
    return x + FACTOR


def by_helper(x):
    return helper(x) * TABLE[1] + ARRAY[1] + OPTIONS["add"]


def other_helper(x):
    return x - FACTOR


@pytest.mark.parametrize(
    "change",
    [
        lambda monkeypatch: monkeypatch.setitem(globals(), "FACTOR", 3.0),
        lambda monkeypatch: monkeypatch.setitem(globals(), "FACTOR", np.float32(2.0)),
        lambda monkeypatch: monkeypatch.setitem(globals(), "helper", other_helper),
        lambda monkeypatch: monkeypatch.setattr(helper, "__code__", other_helper.__code__),
        lambda monkeypatch: monkeypatch.setitem(globals(), "TABLE", [1.0, 5.0]),
        lambda monkeypatch: monkeypatch.setitem(globals(), "ARRAY", np.array([1.0, 9.0])),
        lambda monkeypatch: monkeypatch.setitem(OPTIONS, "add", -1.0),
    ],
)
def test_globals(change: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    both(by_helper, X)
    change(monkeypatch)
    found = both(by_helper, X)
    same(found, np.array([by_helper(x) for x in X]))
    monkeypatch.undo()
    both(by_helper, X)


def test_items_of_globals() -> None:
    for container in (TABLE, ARRAY):
        both(by_helper, X)
        container[1] = 7.0
        same(both(by_helper, X), np.array([by_helper(x) for x in X]))
        container[1] = 2.0


def test_signed_zeros_and_types_are_told_apart() -> None:
    for value in (0.0, -0.0, 0, False, 1, 1.0, True, np.float32(1), np.int8(1), float("nan"), 1j, 1 + 0j):
        with mock.patch.dict(globals(), FACTOR=value):
            found = both(lambda x: np.copysign(np.ones(2), np.real(FACTOR)) * x * FACTOR, X)
            same(found, np.array([np.copysign(np.ones(2), np.real(FACTOR)) * x * FACTOR for x in X]))


def test_closures_defaults_and_attributes() -> None:
    state = 2.0

    def closed(x):
        return x * state

    both(closed, X)
    state = 5.0
    same(both(closed, X), X * 5.0)

    def given(x, by=2.0):
        return x * by

    both(given, X)
    given.__defaults__ = (7.0,)
    same(both(given, X), X * 7.0)

    def keyword(x, *, by=2.0):
        return x * by

    both(keyword, X)
    keyword.__kwdefaults__["by"] = 9.0
    same(both(keyword, X), X * 9.0)

    def labelled(x):
        return x * labelled.by

    labelled.by = 2.0
    both(labelled, X)
    labelled.by = 3.0
    same(both(labelled, X), X * 3.0)


def test_functions_that_look_alike() -> None:
    for by in (1.0, 2.0, 3):
        same(both(lambda x, by=by: x * by, X), X * by)
        same(both(lambda x: x + by, X), X + by)


@dataclasses.dataclass
class Settings:
    rate: float
    steps: int
    nested: Any = None

    def apply(self, x: Any) -> Any:
        for _ in range(self.steps):
            x = x * self.rate
        return x


class Slotted:
    __slots__ = ("by",)

    kept = 1.0

    def __init__(self, by: float) -> None:
        self.by = by

    def __call__(self, x: Any) -> Any:
        return x * self.by + self.kept


def test_objects() -> None:
    settings = Settings(0.5, 3, Slotted(2.0))
    both(settings.apply, X)
    settings.rate = 0.25
    same(both(settings.apply, X), np.array([settings.apply(x) for x in X]))
    settings.steps = 2
    same(both(settings.apply, X), np.array([settings.apply(x) for x in X]))

    both(lambda x: x * settings.nested.by, X)
    settings.nested.by = 4.0
    same(both(lambda x: x * settings.nested.by, X), X * 4.0)
    callable_ = Slotted(3.0)
    both(lambda x: callable_(x), X)
    with mock.patch.object(Slotted, "kept", 5.0):
        same(both(lambda x: callable_(x), X), X * 3.0 + 5.0)
    with mock.patch.object(Slotted, "__call__", lambda self, x: x - self.by):
        same(both(lambda x: callable_(x), X), X - 3.0)


def test_named_tuples() -> None:
    point = namedtuple("point", "x y")
    at = point(1.0, 2.0)
    both(lambda x: x * at.x + at.y, X)
    at = point(1.0, 5.0)
    same(both(lambda x: x * at.x + at.y, X), X + 5.0)


# ---- effects ----

COUNT = 0
SEEN: list[Any] = []


def counts(x):
    global COUNT
    COUNT += 1
    return x * 2


def sets(x):
    counts.last = 1
    return x * 2


class Tally:
    def __init__(self) -> None:
        self.n = 0

    def __add__(self, other: Any) -> Any:
        self.n += 1
        return other * 2

    @property
    def next(self) -> int:
        self.n += 1
        return self.n

    def __getitem__(self, n: Any) -> Any:
        self.n += 1
        return n


TALLY = Tally()


def helper_that_appends(x):
    SEEN.append(1)
    return x


@do_not_convert
def as_written(x):
    SEEN.append(1)
    return x * 2


def shifted(x):
    def inner():
        yield SEEN.append(1)

    for _ in inner():
        x = x + 1
    return x


def imported(x):
    import statistics

    return x * len(statistics.__name__)


def made_class(x):
    class Own:
        by = SEEN.append(1)

    return x if Own else 0


EFFECTS = {
    "print": lambda x: (print("here"), x * 2)[1],
    "logging": lambda x: (logging.getLogger("hot").warning("here"), x * 2)[1],
    "a file": lambda x: (open(os.devnull).close(), x * 2)[1],
    "time": lambda x: x * (time.time() > 0),
    "random": lambda x: x + random.random(),
    "numpy.random": lambda x: x + np.random.normal(),
    "a generator": lambda x: x + GENERATOR.normal(),
    "a global": counts,
    "an attribute": sets,
    "a list": lambda x: (SEEN.append(1), x * 2)[1],
    "a list, handed on": lambda x: (list(map(helper_that_appends, [1])), x * 2)[1],
    "a list, by a method that is held": lambda x: (APPEND(1), x * 2)[1],
    "a list, extended": lambda x: x * len(SEEN.__iadd__([1])),
    "a dict": lambda x: (OPTIONS.setdefault("new", 1), x * 2)[1],
    "an item": lambda x: (OPTIONS.__setitem__("new", 1), x * 2)[1],
    "setattr": lambda x: (setattr(counts, "last", 1), x * 2)[1],
    "an operator": lambda x: TALLY + x,
    "a property": lambda x: x * TALLY.next,
    "getitem": lambda x: TALLY[x] * 2.0,
    "the environment": lambda x: x * len(os.environ),
    "eval": lambda x: eval("SEEN.append(1)") or x * 2,
    "getattr": lambda x: (getattr(SEEN, "app" + "end")(1), x * 2)[1],
    "np.set_printoptions": lambda x: (np.set_printoptions(), x * 2)[1],
    "np.errstate": lambda x: np.errstate(all="ignore").__enter__() or x * 2,
    "a ufunc of Python": lambda x: x * float(UFUNC(1.0)),
    "not rewritten": as_written,
    "a generator function": shifted,
    "an import": imported,
    "a class": made_class,
    "through a frame": lambda x: ((n for n in ()).gi_frame.f_globals["SEEN"].append(1), x * 2)[1],
}
GENERATOR = np.random.default_rng(3)
APPEND = SEEN.append
UFUNC = np.frompyfunc(lambda y: SEEN.append(1) or y, 1, 1)


@pytest.mark.parametrize("what", EFFECTS)
def test_effects_stay_eager_and_are_not_repeated(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    def state() -> Any:
        return COUNT, len(SEEN), TALLY.n, dict(OPTIONS), dict(vars(counts)).pop("last", None)

    def run(ran: Any) -> Any:
        SEEN.clear()
        OPTIONS.pop("new", None)
        TALLY.n = 0
        globals()["COUNT"] = 0
        vars(counts).pop("last", None)
        random.seed(1)
        np.random.seed(1)
        globals()["GENERATOR"] = np.random.default_rng(3)
        found = vmap(EFFECTS[what])(X)
        return found, state(), capsys.readouterr().out, ran

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, before, text, _ = run(None)
        with heat() as ran:
            found, after, other, _ = run(ran)
    assert not ran
    same(found, expected)
    assert (before, text) == (after, other)
    OPTIONS.pop("new", None)


def test_nonlocal_of_an_outer_function() -> None:
    n = 0

    def f(x):
        nonlocal n
        n += 1
        return x * 2

    with heat() as ran:
        vmap(f)(X)
    assert not ran
    assert n == 1


def test_containers_of_its_own_are_no_effects() -> None:
    def f(x):
        seen = {}
        for n in range(3):
            seen[n] = x * n
        found = []
        for n in seen:
            found.append(seen[n])
        return sum(found)

    both(f, X)


def test_an_array_of_a_closure_is_not_written() -> None:
    total = np.zeros(1)

    def f(x):
        total[0] += x
        return total[0] * 1.0

    expected = np.cumsum(X)
    with heat() as ran, pytest.warns(PerformanceWarning):
        found = vmap(f)(X)
    assert not ran
    np.testing.assert_array_equal(found, expected)
    assert total[0] == X.sum()


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
