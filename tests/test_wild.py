"""Functions that no one wrote with lanewise in mind (`wild`): ``vmap`` gives what the loop gives."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wild import WILD, Wild
from wild.compare import difference, disagreement, stack

from lanewise import vmap

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks import machine  # noqa: E402
from benchmarks import wild as benchmark  # noqa: E402

LANES = 200  # lanes that go their own ways are a slow path from 65 groups on, and an error here

each = pytest.mark.parametrize("entry", WILD, ids=lambda entry: entry.name)


def by_vmap(entry: Wild, args: tuple[Any, ...]) -> Any:
    """What ``vmap`` gives."""
    return vmap(entry.fun, in_axes=entry.in_axes, strict=True)(*args)


@each
def test_vmap_is_the_loop(entry: Wild) -> None:
    slow, fast = entry.arguments(LANES), entry.arguments(LANES)
    expected, found = stack(entry.loop(*slow)), by_vmap(entry, fast)
    assert not (text := disagreement((expected, slow), (found, fast), entry.tol)), text  # the arguments as left, too


@each
def test_inputs_differ_between_lanes_and_not_between_calls(entry: Wild) -> None:
    first, second = entry.arguments(8), entry.arguments(8)
    assert len(entry.in_axes) == len(first)
    for x, y, axis in zip(first, second, entry.in_axes, strict=True):
        assert np.array_equal(x, y)
        assert axis is None or len(x) == 8
    assert any(len(np.unique(x, axis=0)) > 1 for x, axis in zip(first, entry.in_axes, strict=True) if axis == 0)


def test_there_are_many_and_each_has_its_name() -> None:
    names = [entry.name for entry in WILD]
    assert len(names) >= 65
    assert len(set(names)) == len(names)


def test_differences_are_seen() -> None:
    x = np.array([1.0, np.nan, -2.0])
    assert not difference(x, x.copy(), 0.0)
    assert not difference(x, x + 1e-13, 1e-12)
    assert difference(x, np.nextafter(x, 9), 0.0)
    assert difference(x, np.array([1.0, 0.0, -2.0]), 1e-3)
    assert difference(x, x.astype(np.float32), 1e-3)
    some = np.array([None, 1.5], dtype=object)
    assert not difference(some, some.copy(), 0.0)
    assert difference(some, np.array([0.0, 1.5], dtype=object), 0.0)
    assert disagreement((x, x), [x, x], 0.0)


# ---- the benchmark ----


def named(name: str) -> Wild:
    return next(entry for entry in WILD if entry.name == name)


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("is_prime", None),
        ("horner", "(d0),()->()"),
        ("cholesky", "(d0,d1)->(d2,d3)"),
        ("kalman_scalar", "(d0),(),()->(d1),()"),
    ],
)
def test_signature(name: str, signature: str | None) -> None:
    assert benchmark.signature(named(name), named(name).arguments(4)) == signature


def test_the_table_has_a_line_for_each() -> None:
    names = ("horner", "ray_sphere", "order_book_step")
    rows = [benchmark.measure(named(name), lanes=64, longest=0.0) for name in names]
    text = benchmark.page(rows, machine.describe())
    assert all(f"| `{row.entry.name}` | {row.entry.topic} |" in text for row in rows)
    assert "geometric mean" in text
    assert all(row.eager.lanes < 64 for row in rows)
    assert "~: measured on fewer lanes" in text


def test_a_wrong_result_is_no_time() -> None:
    entry = named("horner")
    args = entry.arguments(8)
    right = np.array(entry.loop(*args))
    benchmark.check(entry, args, right, 8)
    with pytest.raises(AssertionError, match="horner: 8 of 8 differ"):
        benchmark.check(entry, args, np.nextafter(right, 9), 8)
