"""Random programs: small NumPy functions of one example, to be run by ``vmap`` and by the loop.

They branch, loop, raise and catch, write in place and through views, and call ``vmap`` on functions of their own
that read and write what lies around them. All constants are small dyadic fractions, so that sums and products
stay exact and any disagreement is a bug. ``python tests/programs.py FIRST LAST`` runs many of them.
"""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from lanewise import PerformanceWarning, vmap

CONSTANTS = ["1.0", "2.0", "-1.0", "0.5", "3"]


class Writer:
    """Writes one program.

    Scalars and arrays in scope are passed down as lists of names; each statement adds lines.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.names = 0
        self.lines: list[str] = []

    def program(self) -> str:
        """The source of ``f(x, y)``, of an array of three and a scalar."""
        self.add(0, "def f(x, y):")
        scalars, arrays = self.block(1, 3, ["y"], ["x"], 2)
        scalars, arrays = self.block(1, 2, scalars, arrays, 2)
        self.add(1, f"return {self.scalar(2, scalars, arrays)} * 1.0 + x.sum()")
        return "\n".join(self.lines)

    def add(self, indent: int, line: str) -> None:
        self.lines.append("    " * indent + line)

    def name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    # ---- expressions ----

    def scalar(self, depth: int, scalars: list[str], arrays: list[str]) -> str:
        pick = self.random.random()
        if depth <= 0 or pick < 0.3:
            elements = [f"{array}[{self.random.randint(-3, 2)}]" for array in arrays]
            return self.random.choice([*scalars, *elements, *CONSTANTS])
        a, b = (self.scalar(depth - 1, scalars, arrays) for _ in range(2))
        if pick < 0.6:
            return f"({a} {self.random.choice('+-*')} {b})"
        if pick < 0.8:
            test = self.condition(depth - 1, scalars, arrays)
            return self.random.choice([f"abs({a})", f"({a} if {test} else {b})", f"min({a}, {b})", f"max({a}, {b})"])
        array, limit = self.array(depth - 1, scalars, arrays), self.scalar(0, scalars, arrays)
        return self.random.choice([
            f"{array}.sum()", f"{array}.max()", f"{array}[int(abs({limit})) % 3]", f"np.argmax({array})",
            f"{array}[{array} > {limit}].sum()", f"np.where({array} > 0, {array}, 1.0).sum()", f"sum({array})",
        ])  # fmt: skip

    def array(self, depth: int, scalars: list[str], arrays: list[str]) -> str:
        pick = self.random.random()
        if depth <= 0 or pick < 0.4:
            return self.random.choice(arrays)
        a = self.array(depth - 1, scalars, arrays)
        if pick < 0.7:
            b = self.random.choice([self.array, self.scalar])(depth - 1, scalars, arrays)
            return f"({a} {self.random.choice('+-*')} {b})"
        limit = self.scalar(0, scalars, arrays)
        return f"np.where({a} > {limit}, {self.array(depth - 1, scalars, arrays)}, {limit})"

    def condition(self, depth: int, scalars: list[str], arrays: list[str]) -> str:
        a, b = (self.scalar(depth, scalars, arrays) for _ in range(2))
        return f"{a} {self.random.choice(['<', '>', '==', '<=', '!='])} {b}"

    # ---- statements ----

    def block(
        self, indent: int, depth: int, scalars: list[str], arrays: list[str], maps: int
    ) -> tuple[list[str], list[str]]:
        """Some statements; returns the names in scope behind them."""
        scalars, arrays = list(scalars), list(arrays)
        kinds = ["scalar", "scalar", "update", "array", "array", "write", "write", "view", "exit"]
        kinds += ["branch", "branch", "loop", "try"] if depth else []
        kinds += ["map", "map"] if maps else []
        for _ in range(self.random.randint(1, 3)):
            getattr(self, f"do_{self.random.choice(kinds)}")(indent, depth, scalars, arrays, maps)
        self.add(indent, "pass")
        return scalars, arrays

    def do_scalar(self, indent: int, depth: int, scalars: list[str], arrays: list[str], maps: int) -> None:
        name = self.name("v")
        self.add(indent, f"{name} = {self.scalar(2, scalars, arrays)}")
        scalars.append(name)

    def do_array(self, indent: int, depth: int, scalars: list[str], arrays: list[str], maps: int) -> None:
        name = self.name("a")
        self.add(indent, f"{name} = {self.array(2, scalars, arrays)} * 1.0")
        arrays.append(name)

    def do_update(self, indent: int, depth: int, scalars: list[str], arrays: list[str], maps: int) -> None:
        own = [name for name in scalars if name.startswith("v")]
        if own:
            value = self.scalar(1, scalars, arrays)
            self.add(indent, f"{self.random.choice(own)} {self.random.choice(['+=', '-=', '*='])} {value}")

    def do_write(self, indent: int, depth: int, scalars: list[str], arrays: list[str], maps: int) -> None:
        place = self.random.choice(["0", "1", "-1", "1:", "::-1", ":2"])
        value = self.scalar(1, scalars, arrays)
        self.add(indent, f"{self.random.choice(arrays)}[{place}] {self.random.choice(['=', '+=', '*='])} {value}")

    def do_view(self, indent: int, depth: int, scalars: list[str], arrays: list[str], maps: int) -> None:
        name = self.name("a")
        self.add(indent, f"{name} = {self.random.choice(arrays)}[::-1]")
        arrays.append(name)

    def do_exit(self, indent: int, depth: int, scalars: list[str], arrays: list[str], maps: int) -> None:
        way = self.random.choice([f"return {self.scalar(1, scalars, arrays)} * 1.0"] * 2 + ['raise KeyError("k")'])
        self.add(indent, f"if {self.condition(1, scalars, arrays)}: {way}")

    def do_branch(self, indent: int, depth: int, scalars: list[str], arrays: list[str], maps: int) -> None:
        self.add(indent, f"if {self.condition(1, scalars, arrays)}:")
        self.block(indent + 1, depth - 1, scalars, arrays, maps)
        if self.random.random() < 0.5:
            self.add(indent, "else:")
            self.block(indent + 1, depth - 1, scalars, arrays, maps)

    def do_loop(self, indent: int, depth: int, scalars: list[str], arrays: list[str], maps: int) -> None:
        count = self.name("k")
        self.add(indent, f"{count} = 0")
        self.add(indent, f"while {count} < 4 and {self.condition(1, scalars, arrays)}:")
        self.add(indent + 1, f"{count} += 1")
        self.block(indent + 1, depth - 1, scalars, arrays, maps)

    def do_try(self, indent: int, depth: int, scalars: list[str], arrays: list[str], maps: int) -> None:
        error = self.random.choice(["ValueError", "ZeroDivisionError"])
        self.add(indent, "try:")
        self.add(indent + 1, f'if {self.condition(1, scalars, arrays)}: raise {error}("t")')
        self.block(indent + 1, depth - 1, scalars, arrays, maps)
        self.add(indent, f"except {error}:")
        self.block(indent + 1, 0, scalars, arrays, maps)

    def do_map(self, indent: int, depth: int, scalars: list[str], arrays: list[str], maps: int) -> None:
        function, result = self.name("f"), self.name("a")
        readable = [name if not name.startswith("v") else f"({name} + 0)" for name in scalars]
        if self.random.random() < 0.5:
            argument, inner = self.array(1, scalars, arrays), (self.name("w"), None)
        else:
            argument, inner = self.name("M"), (None, self.name("q"))
            rows = ", ".join(self.array(1, scalars, arrays) for _ in range(3))
            self.add(indent, f"{argument} = np.stack([{rows}])")
        self.add(indent, f"def {function}({inner[0] or inner[1]}):")
        below = [*readable, inner[0]] if inner[0] else readable, [*arrays, inner[1]] if inner[1] else arrays
        names = self.block(indent + 1, 2, *below, maps - 1)
        self.add(indent + 1, f"return {self.scalar(2, *names)} * 1.0")
        self.add(indent, f"{result} = vmap({function})({argument})")
        arrays.append(result)
        if inner[1]:
            total = self.name("v")
            self.add(indent, f"{total} = {argument}.sum()")
            scalars.append(total)


# ---- running them ----


def loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """The loop, in the place of ``vmap``."""
    return lambda *args: np.stack([np.asarray(function(*example)) for example in zip(*args, strict=True)])


def outcome(source: str, mapper: Callable[..., Any], x: Any, y: Any) -> tuple[Any, Any, Any]:
    """What a program gives, or the type of what it raises, and what it leaves in ``x``."""
    namespace: dict[str, Any] = {"np": np, "vmap": mapper}
    exec(source, namespace)
    x = x.copy()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            return mapper(namespace["f"])(x, y), None, x
        except Exception as error:
            return None, type(error), x


def disagreement(seed: int) -> str:
    """Run one program both ways; how they disagree, or an empty string."""
    source = Writer(seed).program()
    rng = np.random.default_rng(seed)
    x, y = rng.integers(-3, 4, (5, 3)) / 2, rng.integers(-3, 4, 5) / 2
    expected, error, left = outcome(source, loop, x, y)
    found, failure, ours = outcome(source, vmap, x, y)
    if error is not failure or not np.array_equal(left, ours, equal_nan=True):
        return f"seed {seed}\n{source}\nthe loop: {expected} {error}\nvmap: {found} {failure}\nwrites:\n{left}\n{ours}"
    if error is None and not (found.dtype == expected.dtype and np.array_equal(found, expected, equal_nan=True)):
        return f"seed {seed}\n{source}\nthe loop: {expected}\nvmap: {found}"
    return ""


if __name__ == "__main__":
    first, last = map(int, sys.argv[1:3])
    bad = 0
    for seed in range(first, last):
        text = disagreement(seed)
        if text:
            bad += 1
            print(text)
    print(f"{last - first} programs, {bad} disagree")
