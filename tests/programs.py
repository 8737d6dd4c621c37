"""Random programs: small NumPy functions of one example, to be run by ``vmap`` and by the loop.

They compute, index, write in place and through views, branch, loop, leave early, raise and catch, define functions
of their own, and map these in turn. A program is written from tables of templates: ``{a}`` stands for an expression
of kind ``a``, ``{A}`` for an array of that kind that may be written, ``{V!}`` for a local name that may be assigned.
The kinds: ``v`` a number, ``n`` an integer, ``c`` a condition; ``a``, ``i``, ``b`` and ``z`` arrays of three floats,
integers, truth values and complex numbers; ``m`` a matrix; ``w`` a view of some shape; ``f`` a function; ``l``, ``d``
and ``t`` lists, dicts and texts.

Values are small integers and dyadic fractions, and what is added up or multiplied is exact or has one order only, so
any disagreement is a bug. ``python tests/programs.py FIRST LAST`` runs many programs, and shows each that disagrees
in its shortest form. More words may follow: ``jit`` compiles them, too (those that can be); ``lists``, ``numbers``,
``texts``, ``algebra`` and ``masks`` add to the templates (`program_tables`); ``wide`` takes batches of many sizes,
dtypes and layouts, and loops of many turns.
"""

from __future__ import annotations

import ast
import linecache
import math
import random
import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import optree
from program_tables import ERRORS, EXPRESSIONS, FLAVOURS, LEAVES, LEAVING, RESULTS, WRITES

from lanewise import jit, vmap
from lanewise.compile.jit import Jitted


class Scope:
    """The names that a block of a function sees, by kind."""

    def __init__(self, result: str, outer: Scope | None = None) -> None:
        self.result = result  # what a return gives
        self.maps = outer.maps if outer else 2
        self.loops = False
        self.names = {kind: list(outer.names[kind]) if outer else [] for kind in "vncaibzmwfldt"}
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
    """Writes one program.

    Parameters
    ----------
    seed : int
        Tells one program from another.
    flavours : tuple of str
        What is added to the templates, and ``wide`` for loops of many turns.
    """

    def __init__(self, seed: int, flavours: tuple[str, ...] = ()) -> None:
        self.random = random.Random(seed)
        self.turns = 40 if "wide" in flavours else 4
        self.kinds = "vvnaaaibzmwww"
        self.leaves, self.expressions, self.writes, self.results = dict(LEAVES), dict(EXPRESSIONS), WRITES, RESULTS
        for more in [FLAVOURS[name] for name in flavours if name in FLAVOURS]:
            self.kinds += more["kinds"]
            for tables, added in ((self.leaves, more["leaves"]), (self.expressions, more["expressions"])):
                for kind, table in added.items():
                    tables[kind] = f"{tables[kind]};{table}" if kind in tables else table
            self.writes = ";".join([self.writes, *[more["writes"]] * 3])
            self.results += ";" + more["results"]
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
        kind = self.random.choice(self.kinds)
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
        turns = self.random.choice([4, 12, self.turns]) if self.turns > 4 and depth > 2 else 4
        name = self.name("n" if kind == "while" else kind)
        if kind == "while":
            self.add(indent, f"{name} = 0")
            self.add(indent, self.fill(f"while {name} < {turns} and {{c}}:", scope, 2))
            self.add(indent + 1, f"{name} += 1")
        else:
            numbers = "{a} ; [{v}, {v}]" + " ; {l} ; {l}" * ("l" in self.kinds)
            over = self.choose({"n": f"range({{n}} % {turns}) ; {{i}}", "v": numbers, "a": "{m} ; ({a}, {a})"}[kind])
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
            inner.names["l"] = inner.names["d"] = []
            inner.names["f"] = [] if {"l", "d"} & set(self.kinds) else inner.names["f"]
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
        return optree.tree_unflatten(specs[0], [_stacked(leaf, out_axes) for leaf in zip(*leaves, strict=True)])

    return run


def _stacked(column: Any, axis: int) -> Any:
    """The results of all lanes, Python's numbers among them weak."""
    weak = [type(x)(0) for x in column if type(x) in (bool, int, float, complex)]
    strong = [x.dtype for x in column if hasattr(x, "dtype")]
    if weak and strong and len(weak) + len(strong) == len(column):
        dtype = np.result_type(*strong, *weak)
        limits = np.iinfo(dtype) if dtype.kind in "iu" else np.finfo(dtype) if dtype.kind == "f" else None
        numbers = [x for x in column if type(x) in (int, float) and x - x == 0]
        if limits is None or not numbers or (limits.min <= min(numbers) and max(numbers) <= limits.max):
            column = [np.asarray(x).astype(dtype) for x in column]
    return np.stack(column, axis)


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


SIZES = [1, 2, 3, 5, 5, 15, 16, 17, 31, 63, 64, 65, 66, 100, 130, 257, 600, 3000]


def wide_case(seed: int) -> Case:
    """Arguments of a program in batches of many sizes, of several dtypes and layouts."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice(SIZES))
    axes = (int(rng.integers(2)), 0, 0, int(rng.integers(-1, 2)), None)
    kinds = [
        ["d", "d", "f", "i4", "u1", "i8"],
        ["d", "d", "f", "i8", "f2"],
        ["i8", "i8", "i4", "u1", "i1"],
        ["d", "d", "f"],
    ]
    made = []
    for shape, dtypes in zip(((n, 3), n, n, (n, 3, 3)), kinds, strict=True):
        dtype = np.dtype(rng.choice(dtypes))
        low = 0 if dtype.kind == "u" else -3
        made.append((rng.integers(low, 4, shape) / (2 if dtype.kind == "f" else 1)).astype(dtype))
    if rng.random() < 0.3:
        made[2] = np.where(rng.random(n) < 0.2, rng.integers(-(2**62), 2**62, n), made[2]).astype(made[2].dtype)
    if rng.random() < 0.2 and made[1].dtype.kind == "f":
        made[1][rng.random(n) < 0.3] = rng.choice([np.nan, np.inf, -np.inf, -0.0])
    args = [
        _laid_out(x if axis is None else np.moveaxis(x, 0, axis), int(rng.integers(6)))
        for x, axis in zip(made, axes, strict=False)
    ]
    around = [rng.integers(-3, 4, 3) / 2 for _ in range(3)]
    out = 0 if rng.random() < 0.7 else -1
    return Case([*args, around[2]], around[:2], axes, out, max(2, n // 3) if rng.random() < 0.1 else None, seed % 5 > 0)


def _laid_out(x: Any, layout: int) -> Any:
    """The same array, as it may lie in memory."""
    if layout == 0:
        return x
    if layout == 1:
        return np.flip(np.flip(x).copy())
    if layout == 2:
        return np.stack([x, x, x], -1)[..., 1]
    if layout == 3:
        return np.repeat(x, 2, axis=0)[::2]
    return x.copy("C" if layout == 4 else "F")


def outcome(source: str, found: Case, mapper: Callable[..., Any], **options: Any) -> tuple[Any, Any, list[Any]]:
    """What a program gives, the exception that it raises, and what it leaves in its arguments."""
    args, around = [x.copy("K") for x in found.args], [x.copy() for x in found.around]
    namespace: dict[str, Any] = {"np": np, "math": math, "vmap": loop if mapper is loop else vmap}
    namespace["g"] = around[1]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        name = f"<program {hash(source)}>"
        signal.alarm(SECONDS)
        try:
            if found.readable:
                linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
            exec(compile(source, name, "exec"), namespace)
            mapped = mapper(namespace["make"](around[0]), in_axes=found.in_axes, out_axes=found.out_axes, **options)
            return mapped(*args), None, args + around
        except BaseException as error:
            return None, error, args + around
        finally:
            signal.alarm(0)
            linecache.cache.pop(name, None)


SECONDS = 0  # that a program may take; 0: any


class TooLong(BaseException):
    """A program takes too long."""


def too_long(*_: Any) -> None:
    """Leave a program that takes too long."""
    raise TooLong


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
    if type(error) is TooLong:
        return ""
    if type(error) is not type(failure):
        theirs, mine = f"the loop: {expected} {error!r}", f"{mapper.__name__}: {given} {failure!r}"
        return f"exceptions: {type(error)} {type(failure)}\n{theirs}\n{mine}"
    for name, theirs, mine in zip("xykqseg", left, ours, strict=True):
        if not _same(theirs, mine):
            return f"writes to {name}\nthe loop: {theirs}\n{mapper.__name__}: {mine}"
    if error is None and not _alike(given, expected):
        return f"results\nthe loop: {expected}\n{mapper.__name__}: {given}"
    return ""


def check_seed(seed: int, mapper: Callable[..., Any] = vmap, *flavours: str, shorten: bool = False) -> str:
    """Run one program both ways; how they disagree, or an empty string."""
    source, found = Writer(seed, flavours).program(), (wide_case if "wide" in flavours else case)(seed)
    text = disagreement(source, found, mapper)
    if text and shorten:
        source, text = shortest(source, found, text, mapper)
    return text and f"seed {seed}\n{source}\n{found._replace(args=[], around=[])}\n{text}"


def _alike(a: Any, b: Any) -> bool:
    (found, spec), (expected, other) = [optree.tree_flatten(result, none_is_leaf=True) for result in (a, b)]
    return bool(spec == other) and all(map(_same, found, expected))


def _same(a: Any, b: Any) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype == object:
        return all(type(x) is type(y) and (x == y or x != x) for x, y in zip(a.flat, b.flat, strict=True))
    return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


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
    SECONDS = 30
    signal.signal(signal.SIGALRM, too_long)
    first, last = map(int, sys.argv[1:3])
    flavours = [word for word in sys.argv[3:] if word != "jit"]
    ways = [vmap, compiled] if "jit" in sys.argv[3:] else [vmap]
    bad = ran = 0
    for seed in range(first, last):
        for mapper in ways:
            made.clear()
            text = check_seed(seed, mapper, *flavours, shorten=True)
            ran += bool(made) and None not in made[-1].known.values()
            if text:
                bad += 1
                print(text, flush=True)
    print(f"{last - first} programs, {bad} disagree" + f", {ran} ran compiled" * (len(ways) > 1))
