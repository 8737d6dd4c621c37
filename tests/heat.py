"""Every call is long: what `lanewise.hot` may do, it does at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

from lanewise import hot, vmap
from lanewise.axes import label
from lanewise.compile import hot as compiling

RAN: list[str] = []
"""The functions that compiled code ran for."""

DIFFERED: list[str] = []
"""Those of which a few lanes did not agree with the function itself, so that they ran eagerly after all."""

X = np.array([3.0, 0.5, -2.0, 7.25, 1.0])


@contextmanager
def heat(worth: int = 0) -> Iterator[list[str]]:
    """Let every call go over to compiled code that can; gives the names of the functions that did.

    Parameters
    ----------
    worth : int
        The work that each character of a kernel is worth: 1 keeps what takes seconds to compile eager.
    """
    run, agrees = compiling.Ready.run, compiling.agrees

    def noted(ready: Any, call: Any, reached: Any) -> Any:
        found = run(ready, call, reached)
        if found is not None:
            RAN.append(label(call.fun))
        return found

    def compared(call: Any, result: Any) -> bool:
        found = agrees(call, result)
        if not found:
            DIFFERED.append(label(call.fun))
        return found

    RAN.clear()
    DIFFERED.clear()
    with (
        mock.patch.multiple(hot, LONG=0, SWEEP=0, ON=True),
        mock.patch.multiple(compiling, WORTH=worth, agrees=compared),
        mock.patch.object(compiling.Ready, "run", noted), warnings.catch_warnings(),
    ):  # fmt: skip
        warnings.simplefilter("ignore", RuntimeWarning)
        yield RAN


def heated(f: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """``vmap`` of which every call is long, in the place of ``vmap``."""
    mapped = vmap(f, **options)

    def call(*args: Any, **kwargs: Any) -> Any:
        with heat():
            return mapped(*args, **kwargs)

    return call


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
