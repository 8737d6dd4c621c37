"""What a function can reach behind its arguments: closures, globals, defaults, objects and their methods.

`Reach` follows references from a function, but only where its code can follow them: of a module or a class it looks
at the names that the code speaks of. It stays out of installed libraries, which are taken at their word.
"""

from __future__ import annotations

import dis
import gc
import random
import sys
from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from types import CodeType, FunctionType, GeneratorType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from .array import LaneArray
from .usercode import is_user_file, remembered

_MOST = 512  # objects that are looked at, the nearest first
_LONG = 1024  # longer containers are taken for data

_IN_PLACE = (
    "iadd isub imul itruediv ifloordiv imod ipow imatmul iand ior ixor ilshift irshift setitem __iadd__ __isub__ "
    "__imul__ __itruediv__ __ifloordiv__ __imod__ __ipow__ __imatmul__ __iand__ __ior__ __ixor__ __ilshift__ "
    "__irshift__ __setitem__"
)
_WRITERS = frozenset({
    "sort", "fill", "put", "at", "copyto", "resize", "partition", "place", "putmask", "put_along_axis", "fill_diagonal",
    "shuffle", "setflags", "itemset", "byteswap", "setfield", "out", "nan_to_num", "nditer", "memoryview", "setattr",
    "exec", "eval", "readinto", "pack_into", *_IN_PLACE.split(),
})  # fmt: skip
_OUT_AT = {  # how many arguments stand before ``out``
    "concatenate": 2, "dot": 2, "outer": 2, "choose": 2, "round": 2, "around": 2, "argmax": 2, "argmin": 2, "amax": 2,
    "amin": 2, "any": 2, "all": 2, "median": 2, "ptp": 2, "stack": 2, "sum": 3, "prod": 3, "mean": 3, "std": 3,
    "var": 3, "cumsum": 3, "cumprod": 3, "clip": 3, "take": 3, "compress": 3, "quantile": 3, "percentile": 3,
}  # fmt: skip
_NOT_IMPLICIT = frozenset(
    {"__init__", "__new__", "__post_init__", "__del__", "__repr__", "__str__", "__init_subclass__"}
)


class Names(NamedTuple):
    """What a code object refers to."""

    globals: tuple[str, ...]
    attributes: frozenset[str]
    writes: bool  # whether it may write into an array
    random: bool  # whether it speaks of anything random
    hides: bool  # whether a write to a read-only array may go unnoticed
    loose: frozenset[tuple[str, str]]  # functions with an ``out`` that are more than called by name: owner and name


@remembered
def names_of(code: CodeType) -> Names:
    """The names that a code object, and those nested in it, refer to.

    A library's code is taken at its word: it does not keep state in arrays of its own.
    """
    if not is_user_file(code.co_filename):
        return Names((), frozenset(), False, "random" in code.co_names, False, frozenset())
    names = set()
    attributes = set(code.co_names)
    keywords = {name for constant in code.co_consts if type(constant) is tuple for name in constant}
    instructions = list(dis.get_instructions(code))
    positional, loose = _outs(instructions)
    writes = not _WRITERS.isdisjoint(code.co_names) or "out" in keywords or positional
    if "getattr" in code.co_names:
        writes = writes or any(type(constant) is str and _outs_of(constant) is not None for constant in code.co_consts)
    random = "random" in code.co_names
    hides = "at" in code.co_names  # ufunc.at writes to read-only arrays as well
    for instruction in instructions:
        name = instruction.opname
        if name in ("LOAD_GLOBAL", "LOAD_NAME"):
            names.add(instruction.argval)
        elif name == "PUSH_EXC_INFO":  # a handler or a ``with``; comprehensions and generators lack it
            hides = True
        elif (
            name in ("STORE_SUBSCR", "STORE_SLICE")
            or (name == "BINARY_OP" and instruction.argrepr.endswith("="))
            or (name == "STORE_ATTR" and instruction.argval in ("real", "imag", "flat"))
        ):
            writes = True
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = names_of(constant)
            names.update(inner.globals)
            attributes.update(inner.attributes)
            writes = writes or inner.writes
            random = random or inner.random
            hides = hides or inner.hides
            loose |= inner.loose
    return Names(tuple(sorted(names)), frozenset(attributes), writes, random, hides, frozenset(loose))


def _outs_of(name: Any) -> int | None:
    """How many arguments stand before ``out``, if a function of NumPy has this name."""
    function = vars(np).get(name)
    return function.nin if isinstance(function, np.ufunc) else _OUT_AT.get(name)


def _outs(instructions: list[dis.Instruction]) -> tuple[bool, set[tuple[str, str]]]:
    """Whether a NumPy function is called with so many arguments that one may be ``out``, and which are not just called.

    Which function is called is told by where the calls stand.
    """
    before: dict[Any, tuple[int, tuple[str, str]]] = {}
    loose: set[tuple[str, str]] = set()
    owner = ""
    for instruction in instructions:
        where = instruction.positions and instruction.positions[0::2]
        kind, name = instruction.opname, instruction.argval
        if kind.startswith(("LOAD_", "IMPORT_")) and type(name) is str:
            count = _outs_of(name)
            if count is not None:
                attribute = kind in ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM")
                found = (owner if attribute else "", name)
                count -= attribute and owner not in _NUMPY and name in _OUT_AT  # of a method: the array is no argument
                if where in before:
                    loose.add(before[where][1])
                before[where] = min(count, before.get(where, (count,))[0]), found
            owner = name
        elif kind in ("CALL", "CALL_KW", "CALL_FUNCTION_EX") and where in before:
            count, _ = before.pop(where)
            if kind == "CALL_FUNCTION_EX" or (instruction.arg or 0) > count:
                return True, loose
    return False, loose | {found for _, found in before.values()}


@lru_cache
def is_user_module(name: str | None) -> bool:
    """Whether a module is the user's own, not a library's."""
    if name is None or name in sys.builtin_module_names:
        return False
    file = getattr(sys.modules.get(name), "__file__", None)
    return file is None or is_user_file(file)


class Reach:
    """The arrays and random generators that a function reaches, and what its code may do.

    Parameters
    ----------
    roots : iterable
        The function, and values that it is given.
    """

    def __init__(self, roots: Iterable[Any]) -> None:
        self.arrays: list[Any] = []  # that may be written
        self.fixed: list[Any] = []  # read-only arrays, and the data of lane values of an outer function
        self.generators: list[Any] = []
        self.writes = self.random = self.hides = self.shuffles = False
        self._names: set[str] = set()
        self._spaces: list[tuple[Any, bool]] = []  # namespaces, and whether objects are made of them
        self._todo: deque[Any] = deque(roots)
        seen: dict[int, Any] = {}
        while self._todo:
            while self._todo:
                value = self._todo.popleft()
                kind = type(value)
                if kind is np.ufunc:  # called who knows how
                    self.writes = True
                if kind not in PLAIN and id(value) not in seen and len(seen) < _MOST:
                    seen[id(value)] = value
                    self._look(value, kind)
            if not self._spaces:
                break
            for space, makes in self._spaces:
                for value in _spoken_of(space, self._names, makes):
                    if type(value) not in PLAIN and id(value) not in seen:
                        self._todo.append(value)
            if len(seen) >= _MOST:
                break

    def _look(self, value: Any, kind: type) -> None:
        """Take note of one value, and of what is to be looked at next."""
        if kind is FunctionType:
            self._function(value)
        elif kind is LaneArray:
            self.fixed.append(value.data)
        elif isinstance(value, np.ndarray):
            if value.dtype.hasobject:
                self._todo.extend(value.ravel()[:_LONG].tolist())
            elif not isinstance(value, np.memmap):
                (self.arrays if value.flags.writeable else self.fixed).append(value)
        elif kind is ModuleType:
            if value is random:
                self.generators.append(random._inst)
            elif is_user_module(value.__name__):
                self._spaces.append((vars(value), False))
        elif isinstance(value, type):
            self._class(value, True)
        elif isinstance(value, _GENERATORS):
            self.generators.append(value)
        elif kind.__module__ in _CONTAINERS:
            if kind is GeneratorType and value.gi_frame is not None:
                self._code(value.gi_code, value.gi_frame.f_globals)
                self.hides = True  # an exception inside ends it for good
            if not hasattr(value, "__len__") or len(value) <= _LONG:
                self._todo.extend(gc.get_referents(value))
        elif is_user_module(kind.__module__):
            self._class(kind, False)
            self._todo.extend(item for item in gc.get_referents(value) if not isinstance(item, type))

    def _function(self, function: Any) -> None:
        self._code(function.__code__, function.__globals__)
        for cell in function.__closure__ or ():
            try:
                self._todo.append(cell.cell_contents)
            except ValueError:
                continue  # a cell that is not filled yet
        for more in (function.__defaults__, function.__kwdefaults__, function.__dict__):
            if more:
                self._todo.extend(more.values() if type(more) is dict else more)

    def _code(self, code: CodeType, namespace: dict[str, Any]) -> None:
        found = names_of(code)
        self.writes |= found.writes
        self.random |= found.random
        self.hides |= found.hides
        self.shuffles |= "shuffle" in found.attributes
        self._names |= found.attributes
        if not self.writes:
            self.writes = any(_may_have_out(namespace, *loose) for loose in found.loose)
        for name in found.globals:
            value = namespace.get(name)
            if type(value) is np.ufunc and name != value.__name__:
                self.writes = True
            if type(value) not in PLAIN:
                self._todo.append(value)

    def _class(self, kind: type, makes: bool) -> None:
        if is_user_module(kind.__module__):
            self._spaces.extend((vars(base), makes) for base in kind.__mro__ if is_user_module(base.__module__))


def _may_have_out(namespace: dict[str, Any], owner: str, name: str) -> bool:
    """Whether a name in some code means a function of NumPy."""
    if owner not in namespace:
        found = namespace.get(name, vars(np).get(name) if owner in _NUMPY else None)
    else:
        found = getattr(namespace[owner], name, None)
    return isinstance(found, np.ufunc) or (getattr(found, "__module__", None) or "").startswith(("numpy", "lanewise"))


_NUMPY = frozenset({"np", "numpy"})


def _spoken_of(space: Any, names: set[str], makes: bool) -> list[Any]:
    """What is in a namespace under these names; of a class also the methods that Python itself calls."""
    found = [space[name] for name in names if name in space]
    if "__module__" in space:
        found += [
            value
            for name, value in space.items()
            if type(value) is FunctionType and name[:2] == "__" and (makes or name not in _NOT_IMPLICIT)
        ]
    return found


def speaks_of(value: Any) -> bool:
    """Whether a global may lead to arrays or generators."""
    kind = type(value)
    if kind is ModuleType:
        return value is random or is_user_module(value.__name__)
    if kind is type:
        return is_user_module(value.__module__)
    return kind not in PLAIN


PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None), np.ufunc, range, slice})
_GENERATORS = (np.random.Generator, np.random.RandomState, np.random.BitGenerator, random.Random)
_CONTAINERS = frozenset({"builtins", "collections", "functools", "types", "itertools", "operator"})
