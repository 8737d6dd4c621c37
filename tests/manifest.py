"""What lanewise does with every name of NumPy: the tables behind ``docs/numpy.md``.

A table says of each name of a section how it runs under ``vmap``, with a call that shows it: ``"f(x, axis=0)"``
stands for a call of each of the names beside it, on operands of `OPERANDS`. `test_manifest` makes the calls, so
nothing here is taken on trust, and looks for names that a table lacks. Names that only some of the supported
versions of NumPy have are in ``some_versions``.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from law import Row

import lanewise.numpy as lnp

BATCHED, SPLITS, LANE_BY_LANE, NOT_FOR_ARRAYS = "batched", "splits", "lane by lane", "not for arrays"
MEANING = {
    BATCHED: "one call on the whole batch (or a few, never one for each lane)",
    SPLITS: "the shape or the dtype of the result depends on values: lanes are grouped by it, each group is batched",
    LANE_BY_LANE: "runs on one lane at a time, with a `PerformanceWarning`",
    NOT_FOR_ARRAYS: "computes nothing from the values of an array",
}

USUAL = "2.1" <= ".".join(np.__version__.split(".")[:2]) < "2.5"
"""Whether this is one of the versions that the tables speak of where versions differ."""

OPERANDS = {
    "x": "f8:4", "y": "f8:4", "z": "f8:4|pos", "u": "f8:5", "w": "f8:4|unit", "a": "f8:2,3", "b": "f8:3,2", "k": "f8:3",
    "m": "f8:3,3", "n": "f8:3,3", "p": "f8:3,3|spd", "t": "f8:4|sorted", "s": "f8:", "r": "f8:|pos", "g": "f8:2,2,2",
    "i": "i8:4|0..4", "j": "i8:4|0..4", "d": "i8:|0..4", "h": "u1:4|0..9", "c": "bool:4", "e": "bool:4", "q": "D:4",
    "l": "i8:4|0..3", "o": "f8:1", "date": "M8[D]:4", "days": "m8[D]:4", "words": "U3:4", "raw": "S3:4",
}  # fmt: skip
"""The operands that a call may name, as `law.Row` takes them."""


@dataclass(frozen=True)
class Entry:
    """One name of NumPy, and what is said of it.

    Parameters
    ----------
    section, name : str
        Where it is, and what it is called there.
    verdict : str
        One of `MEANING`.
    call : str
        An expression that shows it; empty for what is not for arrays.
    reason : str
        Why it isn't batched.
    row : Row, optional
        The call, as the law takes it.
    varies : bool
        Whether it may be otherwise in the oldest or the newest of the supported versions.
    """

    section: str
    name: str
    verdict: str
    call: str = ""
    reason: str = ""
    row: Row | None = field(default=None, repr=False)
    varies: bool = False


@dataclass(frozen=True)
class Section:
    """A namespace of NumPy.

    Parameters
    ----------
    title, prefix : str
        Its name, and what stands before a name in a call.
    names : callable
        Its names in the NumPy that is installed.
    batched, splits : dict
        Names, separated by blanks, for each call.
    lane_by_lane : dict
        For each reason, names for each call.
    not_for_arrays : dict
        Names for each reason.
    some_versions : str
        Names that not every supported version has.
    shared : str
        Names that run lane by lane where their first operand is a plain array: Python asks no lane value about it.
    varies : str
        Names that the oldest or the newest of the supported versions, whose code differs, may have otherwise.
    needs_lanes : str
        Names that a batch of no lanes can't answer.
    numeric : bool
        Whether its names count as applying to numeric arrays.
    """

    title: str
    prefix: str
    names: Callable[[], set[str]]
    batched: dict[str, str]
    splits: dict[str, str] = field(default_factory=dict)
    lane_by_lane: dict[str, dict[str, str]] = field(default_factory=dict)
    not_for_arrays: dict[str, str] = field(default_factory=dict)
    some_versions: str = ""
    shared: str = ""
    varies: str = ""
    needs_lanes: str = ""
    numeric: bool = True

    def entries(self) -> list[Entry]:
        """Every name of the table, in alphabetical order."""
        found = []
        for verdict, calls in ((BATCHED, self.batched), (SPLITS, self.splits)):
            found += [self._entry(name, verdict, call) for call, name in _pairs(calls)]
        for reason, calls in self.lane_by_lane.items():
            found += [self._entry(name, LANE_BY_LANE, call, reason) for call, name in _pairs(calls)]
        found += [Entry(self.title, name, NOT_FOR_ARRAYS, "", reason) for reason, name in _pairs(self.not_for_arrays)]
        return sorted(found, key=lambda entry: entry.name)

    def _entry(self, name: str, verdict: str, call: str, reason: str = "") -> Entry:
        text = re.sub(r"(\.?)\bf\b", lambda found: found[1] + name if found[1] else self.prefix + name, call)
        return Entry(
            self.title, name, verdict, text, reason, self._row(name, verdict, text), name in self.varies.split()
        )

    def _row(self, name: str, verdict: str, call: str) -> Row:
        named = sorted((node.col_offset, node.id) for node in ast.walk(ast.parse(call)) if isinstance(node, ast.Name))
        used = list(dict.fromkeys(name for _, name in named if name in OPERANDS))
        f = eval(f"lambda {', '.join(used)}: {call}", NAMESPACE)
        return Row(
            f"{self.prefix}{name}", f, tuple(OPERANDS[operand] for operand in used), special=False, kinds=False,
            facts=verdict == SPLITS or name in self.needs_lanes.split(),
            strict=verdict != LANE_BY_LANE and (USUAL or name not in self.varies.split()),
            reads=name in self.shared.split(),
            writes=any(word in call for word in ("after(", "method(", "out=")),
            alone=name.endswith(".at"),
        )  # fmt: skip


def _pairs(table: dict[str, str]) -> Iterable[tuple[str, str]]:
    return [(key, name) for key, names in table.items() for name in names.split()]


def after(function: Callable[..., Any], target: Any, *args: Any, **kwargs: Any) -> Any:
    """An array after a function has written into a copy of it."""
    target = target.copy()
    function(target, *args, **kwargs)
    return target


def method(name: str, target: Any, *args: Any, **kwargs: Any) -> Any:
    """An array after one of its methods has changed a copy of it."""
    target = target.copy()
    getattr(target, name)(*args, **kwargs)
    return target


def total(*found: Any) -> Any:
    """The sum of each array, so that results whose shapes differ between lanes can be stacked."""
    return [np.sum(part) for part in found]


NAMESPACE: dict[str, Any] = {"np": np, "lnp": lnp, "after": after, "method": method, "total": total}


def callables(module: Any, *extra: str) -> Callable[[], set[str]]:
    """The names of a module's public callables, and some more."""

    def names() -> set[str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            found = {name for name in dir(module) if not name.startswith("_") and callable(getattr(module, name))}
        return found | set(extra)

    return names
