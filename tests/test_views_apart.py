"""Views that some lanes make of an array, and writes that they see: while lanes are apart, in loops, and afterwards."""

from __future__ import annotations

import linecache
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lanewise import jit, vmap

VIEWS = [
    "{a}", "{a}[...]", "{a}[1:]", "{a}[::-1]", "{a}[None]", "{a}[:, None]", "{a}.T", "{a}.view()", "{a}.real",
    "{a}.ravel()", "{a}.squeeze()", "{a}.reshape(3, 4)", "{a}.reshape(3, 4).T", "{a}.reshape(3, 4)[1]",
    "{a}.reshape(3, 4).diagonal()", "{a}.astype(float, copy=False)", "{a}.view('f8')", "np.asarray({a})",
    "np.array({a}, copy=False)", "np.require({a})", "np.squeeze({a})", "np.flip({a})", "np.expand_dims({a}, 0)",
    "np.split({a}, 2)[0]", "np.broadcast_to({a}, (2, 12))", "np.broadcast_arrays({a}, np.ones((2, 12)))[0]",
    "np.lib.stride_tricks.sliding_window_view({a}, 3)", "np.einsum('i->i', {a})", "np.rot90({a}.reshape(3, 4))",
    "list({a}.reshape(3, 4))[0]", "np.unstack({a}.reshape(3, 4))[1]",
]  # fmt: skip

WRITES = [
    "d -= w.sum()", "d[0] = w.sum()", "d[n % 12] += w.max() + 1", "d[:] = 7", "w[0] = 5", "w += 1", "w[...] = d.sum()",
    "d.sort()", "np.add(d, 1, out=d)", "d[d > 0] = 2", "d[[0, 1]] = d[[1, 0]]", "np.put(d, 0, 5.0)",
]  # fmt: skip

OWNERS = {"an argument": "y = x", "of its lanes": "y = x * 1.0", "plain at first": "y = np.zeros(12)"}

PLACES = {
    "made before": """
    w = {view}
    t = 0.0
    if n % 2:
        {write}
        t = d.sum() + w.sum()
    else:
        t = w.max()""",
    "made by some": """
    t = 0.0
    if n % 2:
        w = {view}
        {write}
        t = d.sum() + w.sum()""",
    "of some": """
    w = np.zeros(1)
    if n % 2:
        w = {view}
    {write}
    t = d.sum() + w.sum()""",
    "made in a loop": """
    t = 0.0
    for k in range(n):
        w = {view}
        {write}
        if k % 2:
            continue
        t += d.sum() + w.sum()""",
    "carried by a loop": """
    w = {view}
    t, k = 0.0, 0
    while k < n:
        k += 1
        {write}
        t += d.sum() + w.sum()
        w = {view}""",
    "bound by a loop": """
    w = {view}
    for k in range(n):
        w = {view}
    {write}
    t = d.sum() + w.sum()""",
}

NUMBERS = np.random.default_rng(0)
X, N = NUMBERS.integers(-4, 5, (9, 12)) / 2, NUMBERS.integers(0, 6, 9)


def loop(f: Callable[..., Any]) -> Callable[..., Any]:
    """The loop, in the place of ``vmap``."""
    return lambda x, n: tuple(map(np.array, zip(*[f(*pair) for pair in zip(x, n, strict=True)], strict=True)))


def made(place: str, owner: str, view: str, write: str) -> Callable[..., Any]:
    """A function, whose source can be read."""
    body = PLACES[place].format(view=view.format(a="y"), write=write)
    source = f"def f(x, n):\n    {OWNERS[owner]}\n    d = y{body}\n    return t, y * 1.0\n"
    name = f"<views {hash(source)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {"np": np}
    exec(compile(source, name, "exec"), namespace)
    return namespace["f"]  # type: ignore[no-any-return]


def outcome(mapper: Callable[..., Any], f: Callable[..., Any]) -> tuple[Any, Any]:
    """What it gives, or the type of what it raises; and the argument afterwards."""
    x = X.copy()
    try:
        return mapper(f)(x, N), x
    except (ValueError, TypeError) as error:
        return type(error), x


def check(mapper: Callable[..., Any], place: str, owner: str, writes: int) -> None:
    choose = random.Random(place + owner)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for view in VIEWS:
            for write in choose.sample(WRITES, writes):
                f = made(place, owner, view, write)
                (expected, left), (found, ours) = outcome(loop, f), outcome(mapper, f)
                assert isinstance(found, tuple) == isinstance(expected, tuple), (view, write)
                if isinstance(found, tuple):
                    np.testing.assert_array_equal(found[0], expected[0], f"{view}; {write}")
                    np.testing.assert_array_equal(found[1], expected[1], f"{view}; {write}")
                np.testing.assert_array_equal(ours, left, f"{view}; {write}")


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("place", PLACES)
def test_lanes(place: str, owner: str) -> None:
    check(vmap, place, owner, 4)


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("place", PLACES)
def test_compiled(place: str, owner: str) -> None:
    check(lambda f: jit(vmap(f)), place, owner, 1)
