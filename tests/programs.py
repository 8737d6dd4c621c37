"""Random programs: small NumPy functions of one example, to be run by ``vmap`` and by the loop.

They compute, index, write in place and through views, branch, loop, leave early, raise and catch, define functions
of their own, and map these in turn. A program is written from tables of templates: ``{a}`` stands for an expression
of kind ``a``, ``{A}`` for an array of that kind that may be written, ``{V!}`` for a local name that may be assigned.
The kinds: ``v`` a number, ``n`` an integer, ``c`` a condition; ``a``, ``i``, ``b`` and ``z`` arrays of three floats,
integers, truth values and complex numbers; ``m`` a matrix; ``w`` a view of some shape; ``f`` a function.

Values are small integers and dyadic fractions, and what is added up or multiplied is exact or has one order only, so
any disagreement is a bug. ``python tests/programs.py FIRST LAST`` runs many programs, and shows each that disagrees
in its shortest form; with ``jit`` as a third argument, they are compiled (those that can be) and run that way, too, and
with ``lists`` they make lists and change them.
"""

from __future__ import annotations

import ast
import linecache
import random
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import optree

from lanewise import jit, vmap
from lanewise.compile.jit import Jitted

LEAVES = {
    "v": "1.0 ; 2.0 ; (-1.0) ; 0.5 ; 3 ; {a}[0] ; {a}[-1]",
    "n": "0 ; 1 ; 2 ; (-1) ; np.argmax({a})",
    "c": "({v} < {v}) ; ({v} > {v}) ; ({n} == {n})",
    "a": "np.ones(3)",
    "i": "np.arange(3) ; np.array([2, 0, 0])",
    "b": "({a} > {v})",
    "z": "({a} + 1j)",
    "m": "np.eye(3) ; np.outer({a}, {a})",
    "w": "{a}[1:]",
}

EXPRESSIONS = {
    "v": """
        ({v} + {v}) ; ({v} - {v}) ; ({v} * {v}) ; ({v} if {c} else {v}) ; abs({v}) ; (-{v}) ; ({v} / 2) ;
        min({v}, {v}) ; max({v}, {v}, {v}) ; ({v} // 2) ; ({v} % 2) ; float({v}) ; np.floor({v}) ; sum({a}) ;
        {a}.sum() ; {a}.max() ; np.min({a}) ; np.median({a}) ; {w}.sum() ; {w}.max() ; ({w}.size * {v}) ;
        {a}[{n} % 3] ; {a}[{b}].sum() ; np.where({b}, {a}, {v}).sum() ; {m}[{n} % 3, {n} % 3] ; {m}.sum() ;
        {m}[{i} % 3, {i} % 3].sum() ; {m}[{b}].sum() ; np.trace({m}) ; np.take({a}, {n} % 3) ; {z}.real.max() ;
        np.dot(np.sign({a}), np.sign({a})) ; {a}.tolist()[{n} % 3] ; {a}[{n} % 3].item() ; ({n} * {v}) ; {a}[{n}] ;
        [{v}, {v}, {v}][{n} % 3] ; {'p': {v}, 'q': {v}}['p' if {c} else 'q'] ; max({a}, key=lambda e: -e) ;
        sorted([{v}, {v}, {v}])[1] ; sum(e for e in {a} if e > {v}) ; {F}({v}, {a}) ; np.where({c}, {v}, {v}) ;
        np.sum({a}, where={b}) ; np.max({a}, initial=0.0) ; np.add.reduce({a}) ; np.ptp({a}) ; ({v} ** 2)
    """,
    "n": """
        ({n} + {n}) ; ({n} - {n}) ; ({n} * {n}) ; ({n} // 2) ; ({n} % 3) ; ({n} & 3) ; ({n} ^ {n}) ; ({n} >> 1) ;
        np.argmax({a}) ; np.argmin({w}) ; np.count_nonzero({b}) ; {b}.sum() ; len({w}) ; int({v}) ; (~{n}) ;
        {i}[{n} % 3] ; {i}.sum() ; {i}.max() ; round({v}) ; divmod({n}, 2)[1] ; np.searchsorted(np.sort({a}), {v}) ;
        len({a}[{b}]) ; len(np.unique({a})) ; np.nonzero({b})[0].sum() ; ({n} if {c} else {n}) ; bool({n})
    """,
    "c": """
        ({v} < {v}) ; ({v} >= {v}) ; ({v} == {v}) ; ({v} != {v}) ; ({v} < {v} < {v}) ; {b}.any() ; {n} ; {b}.all() ;
        ({c} and {c}) ; ({c} or {c}) ; (not {c}) ; {b}[{n} % 3] ; ({v} in {a}) ; np.any({a} > {v})
    """,
    "a": """
        ({a} + {a}) ; ({a} - {v}) ; ({a} * {a}) ; ({v} * {a}) ; (-{a}) ; abs({a}) ; ({a} // 2) ;
        ({a} if {c} else {a}) ; np.where({b}, {a}, {v}) ; np.where({b}, {a}, {a}) ; np.take({a}, {i} % 3) ;
        {a}[{i} % 3] ; {a}[[2, 0, 1]] ; np.sort({a}) ; {a}[::-1] ; np.cumsum({a}) ; np.clip({a}, -2, {v}) ;
        np.roll({a}, {n}) ; np.maximum({a}, {v}) ; np.concatenate([{a}[1:], {a}[:1]]) ; np.stack([{a}, {a}])[{n} % 2] ;
        np.append({a}[:2], {v}) ; {a}.copy() ; np.array([{v}, {v}, {v}]) ; np.array([e * 2 for e in {a}]) ;
        np.full(3, {v}) ; np.zeros_like({a}) ; {m}[{n} % 3] ; {m}[:, {n} % 3] ; {m}.T[1] ; {m}.reshape(-1)[3:6] ;
        {m}.sum(axis=0) ; {m}.max(axis=1) ; np.diag({m}) ; np.sign({m}) @ np.sign({a}) ; {z}.real ; {z}.imag ;
        ({i} * 0.5) ; ({b} * {v}) ; {m}.ravel()[:3] ; np.minimum.accumulate({a}) ; np.diff({a}, prepend={v}) ;
        np.select([{b}, {b}], [{a}, {a}], {v}) ; ({a} ** 2) ; {a}[np.argsort({a}, kind='stable')] ;
        np.take_along_axis({a}, {i} % 3, 0) ; np.pad({a}[1:], (1, 0)) ; np.add({a}, {a}, where={b}, out=np.zeros(3)) ;
        {m}[{i} % 3, [0, 1, 2]] ; np.tile({v}, 3) ; np.asarray({a}) ; np.einsum('ii->i', {m}) ; np.squeeze({a}[None]) ;
        np.insert({a}[1:], 1, {v}) ; np.vstack([{a}, {a}]).max(0)
    """,
    "i": """
        ({i} + {n}) ; ({i} * {i}) ; ({i} - {i}) ; ({i} // 2) ; ({i} % 3) ; np.argsort({a}, kind='stable') ; {i}[::-1] ;
        np.where({b}, {i}, {n}) ; {b}.astype(int) ; np.cumsum({i}) ; np.searchsorted(np.sort({a}), {a}) ;
        {i}[{i} % 3] ; np.clip({a}, -9, 9).astype(int) ; np.bincount({i} % 3, minlength=3) ; ({i} ^ {n}) ;
        np.arange({n} & 3, 8)[:3]
    """,
    "b": """
        ({a} > {v}) ; ({a} <= {a}) ; ({a} == {v}) ; (~{b}) ; ({b} & {b}) ; ({b} ^ {c}) ; ({i} > {n}) ; {b}[::-1] ;
        np.logical_or({b}, {c}) ; np.array([{c}, True, {c}]) ; np.isin({i}, [0, 2]) ; ({z} == {a}) ; ({m} > {v})[1]
    """,
    "z": """
        ({a} + 1j * {a}) ; ({z} * {z}) ; {z}.conj() ; {z}[::-1] ; ({z} + {v}) ; np.where({b}, {z}, {v})
    """,
    "m": """
        ({m} + {m}) ; ({m} * {a}) ; {m}.T ; np.outer({a}, {a}) ; np.stack([{a}, {a}, {a}], axis={n} & 1) ; {m}[::-1] ;
        {m}[{i} % 3] ; {m}[:, {i} % 3] ; np.where({m} > {v}, {m}, 0.0) ; np.sort({m}, axis=0) ;
        np.cumsum({m}, axis=1) ; np.concatenate([{m}[1:], {m}[:1]]) ; np.sign({m}) @ np.sign({m}) ; np.tril({m}) ;
        ({a}[:, None] - {a}) ; np.array([{a}, {a}, {a}]) ; {m}.reshape(9).reshape(3, 3) ; np.moveaxis({m}, 0, 1) ;
        {m}[np.ix_({i} % 3, [1, 0, 1])]
    """,
    "w": """
        {a}[1:] ; {a}[::2] ; {a}[{n} % 3:] ; {a}[None] ; {m}[1:] ; {m}.T ; {m}.reshape(-1) ; {m}[:, 1:] ; {m}.ravel() ;
        {a}[{b}] ; {z}.real ; {m}[..., ::2].T ; np.diagonal({m}) ; np.atleast_2d({a}) ; np.swapaxes({m}, 0, 1)[1:]
    """,
}

WRITES = """
    {A}[{n} % 3] = {v} ; {A}[{n} % 3] += {v} ; {A}[0] *= {v} ; {A}[1:] = {v} ; {A}[1:] -= {a}[1:] ; {A}[::-1] = {a} ;
    {A}[...] = {a} ; {A}[{b}] = {v} ; {A}[{b}] *= {v} ; {A}[{i} % 3] = {a} ; {A}[{i} % 3] += {v} ; {A!} += {a} ;
    {A}.sort() ; {A}.fill({v}) ; np.add({a}, {a}, out={A}) ; np.multiply({A}, {v}, out={A}) ; np.cumsum({a}, out={A}) ;
    np.copyto({A}, {a}, where={b}) ; np.put({A}, {i} % 3, {v}) ; np.add.at({A}, {i} % 3, {v}) ;
    np.putmask({A}, {b}, {a}) ; np.place({A}, {b}, [{v}]) ; np.clip({a}, 0, 2, out={A}) ;
    np.take({a}, {i} % 3, out={A}, mode='clip') ; {A}[{n}] = {v} ; {M}[{n} % 3] = {a} ; {M}[:, 1] *= {v} ;
    {M}[{n} % 3, {n} % 3] = {v} ; {M}[{b}] = {a} ; {M}[{b}, 1] = {v} ; {M}.T[0] = {a} ;
    {M}.reshape(-1)[{n} % 9] = {v} ; {M}[{i} % 3, 0] += {a} ; np.fill_diagonal({M}, {v}) ; {M!} *= {a} ;
    {M}[{M} < {v}] = 0 ; {M}.sort(axis=0) ; np.sum({m}, axis=0, out={A}) ; {Z}.real[0] = {v} ; {Z}.imag = {a} ;
    {Z}[{n} % 3] *= {v} ; {I}[{n} % 3] = {n} ; {I}[{b}] += {n} ; {I!} += {i} ; {B}[{n} % 3] = {c} ; {B!} &= {b} ;
    {W}[0] = {v} ; {W}[...] += {v} ; {W}[-1] *= {v} ; {W!} -= {v} ; {W}[{n} % 3 - 1:] = {v} ; {W}.flat[0] = {v} ;
    {V!} += {v} ; {V!} = {v} ; {V!} *= {v} ; {N!} += {n} ; {N!} = {n} ; {A!} = {a} ; {V!}, {V!} = {v}, {v}
"""

LISTS = {  # what lists add to these tables
    "leaves": {"l": "[{v}, {v}] ; [] ; list({a}) ; [{v}]"},
    "expressions": {
        "v": """
            {l}[{n}] ; sum({l}) ; max({l}, default={v}) ; ({l} or [{v}])[0] ; {l}[-1] ; {l}[{n} % 2] ;
            min({l} + [{v}]) ;
            sum(e for e in {l} if e > {v}) ; {l}.pop() ; ({l} + [{v}])[{n}] ; [{l}, {l}][{n} % 2][0] ;
            sorted({l} + [{v}], key=lambda e: -e)[0] ; sum({l}[:{n}]) ; min({l} + [{v}], key=lambda e: (e - {v}) ** 2)
        """,
        "n": """
            len({l}) ; {l}.count({v}) ; len({l}[{n}:]) ; [len({l}), {n}][{c} == 1] ; len([e for e in {l} if e > {v}]) ;
            sum(range({n} & 3)) ; ({l} + [{v}]).index(max({l} + [{v}]))
        """,
        "c": "({v} in {l}) ; {l} ; ({l} == {l}) ; (not {l}) ; any(e > {v} for e in {l}) ; all({l}) ; ({l} < {l})",
        "a": "np.array(({l} + [1.0, {v}, 2.0])[:3]) ; np.array({l} + {l} + [0.5] * 3)[:3]",
        "l": """
            [{v}, {v}, {v}] ; ([{v}] * ({n} & 3)) ; list({a}) ; ({l} + [{v}]) ; {l}[:{n}] ; {l}[{n}:] ; {l}[1:] ;
            {l}.copy() ; list({l}) ; sorted({l}) ; [e for e in {l} if e > {v}] ; [e + {v} for e in {l}] ; {l}[::-1] ;
            list(reversed({l})) ; ({l} if {c} else {l}) ; ({l} + {l}) ; [{v} for _ in range({n} & 3)] ; [{n}, {v}] ;
            sorted({l}, reverse=True) ; [p + q for p, q in zip({l}, {l})] ; ([{l}, {l}][{n} % 2]) ; [None, {v}][1:] ;
            [p for p, e in enumerate({l}) if e > {v}] ; ([0.5] * 3) ; {a}.tolist() ; [[{v}], {l}][{n} % 2]
        """,
    },
    "writes": """
        {L}.append({v}) ; {L}.append({v}) ; {L}.append({v}) ; {L}.pop() ; {L}.pop({n}) ; {L}[{n}] = {v} ;
        {L}[0] += {v} ;
        {L}[{n} % 2] = {v} ; {L}.insert({n}, {v}) ; {L}.extend({l}) ; {L}.sort() ; {L}.reverse() ; {L!} = {l} ;
        {L!} = {L} ; {L!} += [{v}] ; del {L}[{n}] ; {L}.clear() ; {L}[1:] = {l} ; {L}.remove({v}) ; {L} += {l} ;
        {L}[0], {L}[{n}] = {L}[{n}], {L}[0] ; {L!} *= 2 ; {L!}, {L!} = {L}, {L} ; {L}.sort(key=lambda e: -e)
    """,
    "results": "{l} ; len({l}) ; ({l}[0], len({l})) ; sum({l}) ; {v} ; ({v}, {l})",
}

ERRORS = ["ValueError", "ZeroDivisionError", "IndexError", "KeyError", "Exception"]
LEAVING = "return {r} ; return {r} ; raise ValueError('t') ; raise KeyError({n} % 2) ; 1 // ({n} % 3) ; assert {c}"
RESULTS = "{v} ; {v} ; {a} ; {n} ; ({v}, {a}) ; {'p': {a}, 'q': {v}} ; {m} ; {b} ; [{z}, {i}]"


class Scope:
    """The names that a block of a function sees, by kind."""

    def __init__(self, result: str, outer: Scope | None = None) -> None:
        self.result = result  # what a return gives
        self.maps = outer.maps if outer else 2
        self.loops = False
        self.names = {kind: list(outer.names[kind]) if outer else [] for kind in "vncaibzmwfl"}
        self.writable = list(outer.writable) if outer else []
        self.own: list[str] = []  # names that the function at work may assign

    def inside(self) -> Scope:
        """A block in this one: what it defines is not seen behind it."""
        inner = Scope(self.result, self)
        inner.own, inner.loops = list(self.own), self.loops
        return inner

    def variables(self, kind: str, own: str) -> list[str]:
        """The names of a kind that may be written, or assigned."""
        return [name for name in self.names[kind.lower()] if name in (self.own if own else self.writable)]

    def add(self, kind: str, name: str, *, writable: bool = True) -> None:
        self.names[kind].append(name)
        self.own.append(name)
        if writable:
            self.writable.append(name)


class Writer:
    """Writes one program, with ``lists`` one that makes lists and changes them."""

    def __init__(self, seed: int, *, lists: bool = False) -> None:
        self.random = random.Random(seed)
        self.lists = lists
        self.leaves, self.expressions, self.writes, self.results = LEAVES, EXPRESSIONS, WRITES, RESULTS
        if lists:
            more: Any = LISTS
            self.leaves = LEAVES | more["leaves"]
            found = more["expressions"]
            self.expressions = EXPRESSIONS | {kind: EXPRESSIONS[kind] + ";" + found[kind] for kind in "vnca"}
            self.expressions["l"] = found["l"]
            self.writes = ";".join([WRITES, *[more["writes"]] * 3])
            self.results = f"{RESULTS};{more['results']}"
        self.count = 0
        self.lines: list[str] = []

    def program(self) -> str:
        """The source of a function that makes ``f(x, y, k, q, s)`` around an array ``e``; ``g`` is a global one."""
        pick = self.random
        scope = Scope(self.choose(self.results))
        for kind, name in zip("avnm", "xykq", strict=True):
            scope.add(kind, name)
        for name, chance in ("s", 0.3), ("e", 0.1), ("g", 0.1):
            if pick.random() < chance:
                scope.add("a", name, writable=pick.random() < 0.15)
        scope.own = [name for name in scope.own if name not in "eg"]
        self.add(0, "def make(e):")
        self.add(1, "def f(x, y, k, q, s):")
        self.block(2, 3, scope, 3)
        self.add(2, f"return {self.fill(scope.result, scope, 2)}")
        self.add(1, "return f")
        return "\n".join(self.lines)

    def add(self, indent: int, line: str) -> None:
        self.lines.append("    " * indent + line)

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    # ---- templates ----

    def fill(self, template: str, scope: Scope, depth: int) -> str:
        """A template with its places filled."""
        return re.sub(r"\{(\w)(!?)\}", lambda place: self.place(place[1], place[2], scope, depth - 1), template)

    def place(self, kind: str, own: str, scope: Scope, depth: int) -> str:
        if kind == "r":
            return self.fill(scope.result, scope, depth + 1)
        if kind.isupper():
            return self.random.choice(scope.variables(kind, own))
        names = scope.names[kind]
        if names and self.random.random() < (0.4 if depth > 0 else 0.8):
            return self.random.choice(names)
        return self.fill(self.choose((self.expressions if depth > 0 else self.leaves)[kind], scope), scope, depth)

    def choose(self, table: str, scope: Scope | None = None) -> str:
        """One of the templates in a table, such that the scope has the names for it."""
        while True:
            template = self.random.choice(table.split(";")).strip()
            needed = re.findall(r"\{([A-Z])(!?)\}", template)
            if scope is None or all(scope.variables(*place) for place in needed):
                return template

    # ---- statements ----

    def block(self, indent: int, depth: int, scope: Scope, most: int = 2) -> None:
        """Some statements."""
        kinds = ["new"] * 4 + ["write"] * 5 + ["leave"]
        kinds += ["branch", "branch", "loop", "try", "function"] if depth else []
        kinds += ["map", "map"] if depth and scope.maps else []
        for _ in range(self.random.randint(1, most)):
            getattr(self, f"do_{self.random.choice(kinds)}")(indent, depth, scope)

    def do_new(self, indent: int, depth: int, scope: Scope) -> None:
        kind = self.random.choice("vvnaaaibzmwww" + "lllllllll" * self.lists)
        name = self.name(kind)
        self.add(indent, f"{name} = {self.place(kind, '', scope, 2)}")
        scope.add(kind, name)

    def do_write(self, indent: int, depth: int, scope: Scope) -> None:
        self.add(indent, self.fill(self.choose(self.writes, scope), scope, 2))

    def do_leave(self, indent: int, depth: int, scope: Scope) -> None:
        way = self.choose(LEAVING + " ; break ; continue ; break ; continue" * scope.loops)
        self.add(indent, self.fill(f"if {{c}}: {way}", scope, 2))

    def do_branch(self, indent: int, depth: int, scope: Scope) -> None:
        for line in ("if {c}:", "elif {c}:", "else:")[:: self.random.choice([1, 2, 3])]:
            self.add(indent, self.fill(line, scope, 2))
            self.block(indent + 1, depth - 1, scope.inside())

    def do_loop(self, indent: int, depth: int, scope: Scope) -> None:
        inner = scope.inside()
        inner.loops = True
        kind = self.random.choice(["n", "v", "a", "while"])
        name = self.name("n" if kind == "while" else kind)
        if kind == "while":
            self.add(indent, f"{name} = 0")
            self.add(indent, self.fill(f"while {name} < 4 and {{c}}:", scope, 2))
            self.add(indent + 1, f"{name} += 1")
        else:
            numbers = "{a} ; [{v}, {v}]" + " ; {l} ; {l}" * self.lists
            over = self.choose({"n": "range({n} % 4) ; {i}", "v": numbers, "a": "{m} ; ({a}, {a})"}[kind])
            loop = self.choose("for {} in {}: ; for _, {} in enumerate({}): ; for {}, _ in zip({}, {{a}}):")
            line = self.fill(loop.format(name, over), scope, 2)
            self.add(indent, line)
            if items := re.search(r"\bl\d+\b(?=[:,)])", line):  # which may grow as it is walked
                self.add(indent + 1, f"if len({items[0]}) > 30: break")
            inner.add(kind, name)
        self.block(indent + 1, depth - 1, inner)
        if self.random.random() < 0.2:
            self.add(indent, "else:")
            self.block(indent + 1, depth - 1, scope.inside())

    def do_try(self, indent: int, depth: int, scope: Scope) -> None:
        self.add(indent, "try:")
        inner = scope.inside()
        self.do_leave(indent + 1, 0, inner)
        self.block(indent + 1, depth - 1, inner)
        ends = [f"except {self.random.choice(ERRORS)}:", self.random.choice(["else:", "finally:"])]
        for line in ends[: self.random.choice([1, 1, 2])]:
            self.add(indent, line)
            after = scope.inside()
            after.loops = False
            self.block(indent + 1, 0, after)

    def body(
        self, indent: int, depth: int, scope: Scope, result: str, parameters: dict[str, str], *, mapped: bool = False
    ) -> str:
        """A function of its own, which sees what is around it; returns its name."""
        inner = Scope(result, scope)
        inner.maps = scope.maps - 1
        if mapped:  # what appends to a list from outside does so once for all lanes
            inner.names["l"], inner.names["f"] = [], inner.names["f"] if not self.lists else []
        for name, kind in parameters.items():
            inner.add(kind, name)
        function = self.name("f")
        self.add(indent, f"def {function}({', '.join(parameters)}):")
        self.block(indent + 1, depth - 1, inner)
        self.add(indent + 1, f"return {self.fill(result, inner, 2)}")
        return function

    def do_function(self, indent: int, depth: int, scope: Scope) -> None:
        function = self.body(indent, depth, scope, "{v}", {self.name("v"): "v", self.name("a"): "a"})
        scope.names["f"].append(function)
        scope.writable.append(function)

    def do_map(self, indent: int, depth: int, scope: Scope) -> None:
        mapped = "v {a} 0 ; n {i} 0 ; a {m} 0 ; a {m} 1 ; z ({m}*1j) -1"
        taken = [self.choose(mapped).split()]
        if self.random.random() < 0.5:
            taken.append(self.choose(mapped + " ; v {v} None ; a {a} None ; m {m} None").split())
        kind, out = self.random.choice([("v", ""), ("v", ""), ("a", ""), ("a", ", out_axes=1"), ("a", ", out_axes=-1")])
        parameters = {self.name(kind): kind for kind, _, _ in taken}
        function = self.body(indent, depth, scope, f"{{{kind}}}", parameters, mapped=True)
        axes = ", ".join(axis for _, _, axis in taken)
        arguments = ", ".join(self.fill(argument, scope, 2) for _, argument, _ in taken)
        made = {"v": "a", "a": "m"}[kind]
        result = self.name(made)
        self.add(indent, f"{result} = vmap({function}, in_axes=({axes},){out})({arguments})")
        scope.add(made, result)


# ---- running them ----


def loop(f: Callable[..., Any], in_axes: Any = 0, out_axes: int = 0) -> Callable[..., Any]:
    """The loop, in the place of ``vmap``."""

    def run(*args: Any) -> Any:
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
        pairs = list(zip(args, axes, strict=True))
        size = next(x.shape[axis] for x, axis in pairs if axis is not None)
        results = []
        for lane in range(size):
            results.append(f(*[x if axis is None else np.moveaxis(x, axis, 0)[lane] for x, axis in pairs]))
        leaves, specs = zip(*[optree.tree_flatten(result, none_is_leaf=True) for result in results], strict=True)
        if len(set(specs)) > 1:
            raise ValueError("the results differ in structure")
        return optree.tree_unflatten(specs[0], [np.stack(leaf, out_axes) for leaf in zip(*leaves, strict=True)])

    return run


class Case(NamedTuple):
    """A program's arguments, and the way it is mapped."""

    args: list[Any]
    around: list[Any]  # the array of the closure and the global one
    in_axes: Any
    out_axes: int
    chunk_size: int | None
    readable: bool  # whether lanewise can read the source, and rewrite its control flow


def case(seed: int) -> Case:
    """The arguments of a program: ``x``, ``y``, ``k``, ``q`` and ``s``."""
    rng = np.random.default_rng(seed)
    axes = (int(rng.integers(2)), 0, 0, int(rng.integers(-1, 2)), None)
    made = [rng.integers(-3, 4, shape) / 2 for shape in ((5, 3), 5, 5, (5, 3, 3), 3, 3, 3)]
    made[2] = rng.integers(-3, 4, 5)
    args = [x if axis is None else np.moveaxis(x, 0, axis) for x, axis in zip(made[:5], axes, strict=True)]
    if rng.random() < 0.5:
        args = [x.copy() for x in args]
    return Case(args, made[5:], axes, 0 if rng.random() < 0.7 else -1, 2 if rng.random() < 0.1 else None, seed % 3 > 0)


def outcome(source: str, found: Case, mapper: Callable[..., Any], **options: Any) -> tuple[Any, Any, list[Any]]:
    """What a program gives, the exception that it raises, and what it leaves in its arguments."""
    args, around = [x.copy("K") for x in found.args], [x.copy() for x in found.around]
    namespace: dict[str, Any] = {"np": np, "vmap": loop if mapper is loop else vmap, "g": around[1]}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        name = f"<program {hash(source)}>"
        try:
            if found.readable:
                linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
            exec(compile(source, name, "exec"), namespace)
            mapped = mapper(namespace["make"](around[0]), in_axes=found.in_axes, out_axes=found.out_axes, **options)
            return mapped(*args), None, args + around
        except BaseException as error:
            return None, error, args + around
        finally:
            linecache.cache.pop(name, None)


made: list[Jitted] = []
"""What `compiled` made, the outermost map of a program last."""


def compiled(f: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """``jit(vmap(f))``, in the place of ``vmap``."""
    made.append(jit(vmap(f, **options)))
    return made[-1]


def disagreement(source: str, found: Case, mapper: Callable[..., Any] = vmap) -> str:
    """How the loop and another way to run a program disagree, or an empty string; the first line names the kind."""
    expected, error, left = outcome(source, found, loop)
    # the results of a chunk are stacked before the next one runs: not so in the loop, if they are what lanes share
    chunk_size = None if re.search(r"\b[seg]\b", source) else found.chunk_size
    given, failure, ours = outcome(source, found, mapper, chunk_size=chunk_size)
    if type(error) is not type(failure):
        theirs, mine = f"the loop: {expected} {error!r}", f"{mapper.__name__}: {given} {failure!r}"
        return f"exceptions: {type(error)} {type(failure)}\n{theirs}\n{mine}"
    for name, theirs, mine in zip("xykqseg", left, ours, strict=True):
        if not _same(theirs, mine):
            return f"writes to {name}\nthe loop: {theirs}\n{mapper.__name__}: {mine}"
    if error is None and not _alike(given, expected):
        return f"results\nthe loop: {expected}\n{mapper.__name__}: {given}"
    return ""


def check_seed(seed: int, mapper: Callable[..., Any] = vmap, *, shorten: bool = False, lists: bool = False) -> str:
    """Run one program both ways; how they disagree, or an empty string."""
    source, found = Writer(seed, lists=lists).program(), case(seed)
    text = disagreement(source, found, mapper)
    if text and shorten:
        source, text = shortest(source, found, text, mapper)
    return text and f"seed {seed}\n{source}\n{found._replace(args=[], around=[])}\n{text}"


def _alike(a: Any, b: Any) -> bool:
    (found, spec), (expected, other) = [optree.tree_flatten(result, none_is_leaf=True) for result in (a, b)]
    return bool(spec == other) and all(map(_same, found, expected))


def _same(a: Any, b: Any) -> bool:
    return a.dtype == b.dtype and (a.dtype == object or np.array_equal(a, b, equal_nan=True))


# ---- the shortest program that shows the same ----


def shortest(source: str, found: Case, text: str, mapper: Callable[..., Any] = vmap) -> tuple[str, str]:
    """Take out of a program all that its disagreement does not need; returns it, and how it disagrees."""
    kind = text.splitlines()[0]
    going = True
    while going:
        going = False
        for shorter in variants(source):
            if len(shorter) < len(source) and (less := disagreement(shorter, found, mapper)).startswith(kind):
                source, text, going = shorter, less, True
                break
    return source, text


def variants(source: str) -> Iterator[str]:
    """The program with one statement left out, or one expression in the place of another that holds it."""
    size = len(list(ast.walk(ast.parse(source))))
    for n in range(size):
        tree = ast.parse(source)
        node = list(ast.walk(tree))[n]
        for name, field in ast.iter_fields(node):
            if isinstance(field, list) and field and isinstance(field[0], ast.stmt):
                for place, statement in enumerate(field):
                    bodies = [body for _, body in ast.iter_fields(statement) if isinstance(body, list)]
                    inner = [s for body in bodies for s in body if isinstance(s, ast.stmt)]
                    for instead in ([], inner):
                        setattr(node, name, field[:place] + instead + field[place + 1 :] or [ast.Pass()])
                        yield ast.unparse(tree)
                setattr(node, name, field)
            elif isinstance(field, ast.expr) and not isinstance(field, (ast.Name, ast.Constant)):
                for inner_node in [*ast.iter_child_nodes(field), ast.Constant(1.0)]:
                    if isinstance(inner_node, ast.expr):
                        setattr(node, name, inner_node)
                        yield ast.unparse(tree)
                setattr(node, name, field)


if __name__ == "__main__":
    first, last = map(int, sys.argv[1:3])
    ways = [vmap, compiled] if "jit" in sys.argv[3:] else [vmap]
    bad = ran = 0
    for seed in range(first, last):
        for mapper in ways:
            made.clear()
            text = check_seed(seed, mapper, shorten=True, lists="lists" in sys.argv[3:])
            ran += bool(made) and None not in made[-1].known.values()
            if text:
                bad += 1
                print(text, flush=True)
    print(f"{last - first} programs, {bad} disagree" + f", {ran} ran compiled" * (len(ways) > 1))
