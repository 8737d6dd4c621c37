"""What long calls reach may change from one to the next: each sees what there is."""

from __future__ import annotations

import dataclasses
from collections import namedtuple
from typing import Any
from unittest import mock

import numpy as np
import pytest
from heat import X, both, same

pytestmark = pytest.mark.filterwarnings("ignore::lanewise.PerformanceWarning")

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
