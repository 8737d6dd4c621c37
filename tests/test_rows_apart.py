"""Views found by an index of each lane (rows) where lanes have parted: what is written is seen, and nothing old is."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import pytest

from lanewise import vmap
from lanewise.facts import Run


def made(x: Any) -> Any:
    return np.arange(12.0).reshape(3, 4) + x


def read_for_a_write(x: Any, p: Any) -> Any:
    M = made(x)
    if x > 0:
        M[0] -= M[p]
        if x > 1:
            M[1] = M[p]
    else:
        M[[0, p]] = M[[p, 0]]
    return M


def written_itself(x: Any, p: Any) -> Any:
    M = made(x)
    if x > 0:
        M[0] -= M[p]
        if x > 1:
            M[p] *= M[1]
    return M


def dropped_before_the_end(x: Any, p: Any) -> Any:
    M = made(x)
    total = 0.0
    for k in range(3):
        if x > k - 1:
            row = M[p]
            total += row[k]
            row = None
            M[k] += total
    return M, total


def used_after_a_write(x: Any, p: Any) -> Any:
    M = made(x)
    if x > 0:
        row = M[p]
        M[0] = 7
        return row.sum()
    return M[0, 0]


def found_before_they_part(x: Any, p: Any) -> Any:
    M = made(x)
    row = M[p]
    if x > 0:
        M[0] = 50
    else:
        row[1] = 60
    return row.sum(), M


def kept_in_a_list(x: Any, p: Any) -> Any:
    M = made(x)
    rows = [M[p], M[0]]
    part = rows[0][1:]
    if x > 0:
        M[p, 2] = 9
    elif p > 0:
        part[0] = 8
    return part * 2, rows[0], rows[1], M


def of_a_row(x: Any, p: Any) -> Any:
    M = np.arange(24.0).reshape(3, 2, 4) * x
    if x < 1:
        plane = M[p]
        row = plane[p % 2]
        M[1] += 1
        if x < 0:
            return row * 1
    return M[0, 0]


FREE = [read_for_a_write, dropped_before_the_end]
ALL = [*FREE, written_itself, used_after_a_write, found_before_they_part, kept_in_a_list, of_a_row]


@pytest.mark.parametrize("lanes", [1, 3, 300])
@pytest.mark.parametrize("fun", ALL)
def test_it_is_the_loop(fun: Any, lanes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lanewise.hot.ON", False)
    rng = np.random.default_rng(3)
    x, p = rng.normal(size=lanes), rng.integers(0, 3, lanes)
    found = vmap(fun, strict=True)(x, p)
    expected = [fun(a, b) for a, b in zip(x, p, strict=True)]
    if type(found) is not tuple:
        found, expected = (found,), [(one,) for one in expected]
    for mine, theirs in zip(found, zip(*expected, strict=True), strict=True):
        np.testing.assert_array_equal(mine, np.stack(theirs))


@pytest.mark.parametrize("fun", FREE)
def test_no_fact_is_asked_for_a_row_that_nobody_sees_any_more(fun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = []
    give_up = Run.give_up

    def noted(self: Run, statements: Any = None) -> NoReturn:
        given_up.append(self)
        give_up(self, statements)

    monkeypatch.setattr("lanewise.hot.ON", False)
    monkeypatch.setattr(Run, "give_up", noted)
    rng = np.random.default_rng(4)
    vmap(fun)(rng.normal(size=40), rng.integers(0, 3, 40))
    assert not given_up
