"""Functions that have effects are not compiled for their long calls, nor are effects repeated."""

from __future__ import annotations

import logging
import os
import random
import time
import warnings
from typing import Any

import numpy as np
import pytest
from heat import X, both, heat, same

from lanewise import PerformanceWarning, do_not_convert, vmap

pytestmark = pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")


@pytest.fixture(autouse=True)
def _errors_as_before():
    with np.errstate():  # some of the functions change how NumPy treats errors
        yield


OPTIONS = {"add": 1.0}
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
