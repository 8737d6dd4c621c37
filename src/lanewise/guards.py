"""State that lanes share behind the function's back: random generators and arrays that it reaches.

The loop carries such state from lane to lane. A batched run that moved a generator is undone, and the function
runs lane by lane instead. Arrays of closures and globals are read-only while lanes run together, so that a write
raises; what was written behind that (through a view made earlier) is undone as well.
"""

from __future__ import annotations

import ctypes
import dis
import random
import threading
from collections.abc import Sequence
from types import BuiltinMethodType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple, cast

import numpy as np

from .array import LaneArray
from .facts import is_user_file

_WRITERS = frozenset({
    "sort", "fill", "put", "at", "copyto", "resize", "partition", "place", "putmask", "put_along_axis", "fill_diagonal",
    "shuffle", "setflags", "itemset", "byteswap", "setfield", "out",
})  # fmt: skip


class Names(NamedTuple):
    """What a code object refers to."""

    globals: tuple[str, ...]
    writes: bool  # whether it may write into an array
    random: bool  # whether it speaks of anything random
    catches: bool  # whether it may catch exceptions


_NAMES: dict[int, tuple[CodeType, Names]] = {}  # by identity: to hash a code object takes as long as to run it


def names_of(code: CodeType) -> Names:
    """The names that a code object, and those nested in it, refer to."""
    known = _NAMES.get(id(code))
    if known is None:
        known = _NAMES[id(code)] = (code, _read_names(code))
    return known[1]


def _read_names(code: CodeType) -> Names:
    """The same, from the instructions.

    A library's code is taken at its word: it does not keep state in arrays of its own.
    """
    if not is_user_file(code.co_filename):
        return Names((), False, "random" in code.co_names, False)
    names = set()
    keywords = {name for constant in code.co_consts if type(constant) is tuple for name in constant}
    writes = not _WRITERS.isdisjoint(code.co_names) or "out" in keywords
    random = "random" in code.co_names
    catches = False
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        if name in ("LOAD_GLOBAL", "LOAD_NAME"):
            names.add(instruction.argval)
        elif name == "PUSH_EXC_INFO":  # a handler or a ``with``; comprehensions and generators lack it
            catches = True
        writes = (
            writes
            or name in ("STORE_SUBSCR", "STORE_SLICE")
            or (name == "BINARY_OP" and instruction.argrepr.endswith("="))
        )
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = names_of(constant)
            names.update(inner.globals)
            writes = writes or inner.writes
            random = random or inner.random
            catches = catches or inner.catches
    return Names(tuple(sorted(names)), writes, random, catches)


def watch(fun: Any, values: list[Any]) -> Watch:
    """What a function reaches, before it runs; quickly told where it plainly reaches nothing.

    Parameters
    ----------
    fun : callable
        The function.
    values : list
        Its arguments that all lanes share.
    """
    found = Watch.__new__(Watch)
    found.legacy = _LEGACY.tobytes()
    if values or type(fun) is not FunctionType or fun.__closure__ or fun.__defaults__ or fun.__dict__:
        found.look_at(fun, values)
        return found
    names, _, speaks_of_random, _ = names_of(fun.__code__)
    namespace = fun.__globals__
    for name in names:
        if type(namespace.get(name)) not in _PLAIN:
            found.look_at(fun, values)
            return found
    if speaks_of_random:
        found.look_at(fun, values)
    return found


class Watch:
    """The generators and arrays that a function reaches, as they were before it ran."""

    legacy: bytes
    generators: Sequence[tuple[Any, Any]] = ()
    writes = False
    random = False
    catches = False
    arrays: Sequence[tuple[Any, Any]] = ()
    fixed: Sequence[Any] = ()  # read-only arrays, and the data of lane values of an outer function

    def look_at(self, fun: Any, values: list[Any]) -> None:
        """Take note of all that a function reaches."""
        self.seen: set[int] = set()
        found: list[Any] = []
        self._reach(fun, found, 0)
        for value in values:
            if type(value) not in _PLAIN:
                self._look(value, found, 1)
        if self.writes and found:
            self.arrays = [(array, array.copy()) for array in found]
            _protect(found)
        if self.random:  # the official state, which takes 60 microseconds, also holds a spare normal number
            self._generator(_GLOBAL)

    def _reach(self, fun: Any, found: list[Any], depth: int) -> None:
        """Look at what a function refers to: closure, globals, defaults, its object and wrapped functions."""
        if id(fun) in self.seen or depth > 4:
            return
        self.seen.add(id(fun))
        if type(fun) is not FunctionType:
            self._reach_object(fun, found, depth)
            return
        if fun.__dict__ and hasattr(fun, "__wrapped__"):
            self._reach(fun.__wrapped__, found, depth + 1)
        names, writes, speaks_of_random, catches = names_of(fun.__code__)
        if writes:
            self.writes = True
        if speaks_of_random:
            self.random = True
        if catches:
            self.catches = True
        if fun.__closure__:
            for cell in fun.__closure__:
                try:
                    self._look(cell.cell_contents, found, depth + 1)
                except ValueError:
                    continue  # a cell that is not filled yet
        if fun.__defaults__:
            for value in fun.__defaults__:
                self._look(value, found, depth + 1)
        namespace = fun.__globals__
        for name in names:
            value = namespace.get(name)
            if type(value) not in _PLAIN:
                self._look(value, found, depth + 1)
            elif value is not None and value is _PYTHONS_RANDOM:
                self._generator(_PYTHONS_RANDOM._inst)

    def _reach_object(self, fun: Any, found: list[Any], depth: int) -> None:
        if isinstance(fun, MethodType):
            self._reach(fun.__func__, found, depth)
            self._look(fun.__self__, found, depth + 1)
        elif isinstance(fun, BuiltinMethodType):
            self._look(fun.__self__, found, depth + 1)
        elif hasattr(fun, "func") and hasattr(fun, "args"):  # a partial
            self._reach(fun.func, found, depth + 1)
            for value in (*fun.args, *fun.keywords.values()):
                self._look(value, found, depth + 1)
        elif hasattr(fun, "__wrapped__"):
            self._reach(fun.__wrapped__, found, depth + 1)
        elif isinstance(vars(type(fun)).get("__call__"), FunctionType):
            self._reach(vars(type(fun))["__call__"], found, depth + 1)
            self._look(fun, found, depth + 1)

    def _look(self, value: Any, found: list[Any], depth: int) -> None:
        """Take note of one value that the function can see."""
        kind = type(value)
        if kind in _PLAIN:
            return
        if kind is LaneArray:
            self.fixed = (*self.fixed, value.data)
        elif kind is np.ndarray:
            if value.dtype != object:
                if value.flags.writeable:
                    found.append(value)
                else:
                    self.fixed = (*self.fixed, value)
        elif kind is FunctionType or kind is MethodType or kind is BuiltinMethodType:
            self._reach(value, found, depth)
        elif isinstance(value, (np.random.Generator, np.random.RandomState, np.random.BitGenerator, random.Random)):
            self._generator(value)
        elif kind in (list, tuple):
            if len(value) <= 64 and depth < 4:
                for item in value:
                    self._look(item, found, depth + 1)
        elif kind is dict:
            if len(value) <= 64 and depth < 4:
                for item in value.values():
                    self._look(item, found, depth + 1)
        elif depth < 3 and not isinstance(value, type) and kind.__module__ not in _FOREIGN:
            if callable(value):
                self._reach(value, found, depth)
            if -id(value) not in self.seen and hasattr(value, "__dict__"):
                self.seen.add(-id(value))  # as an object; it may have been seen as a function
                for item in list(vars(value).values()):
                    self._look(item, found, depth + 1)

    def _generator(self, generator: Any) -> None:
        if all(known is not generator for known, _ in self.generators):
            self.generators = (*self.generators, (generator, _state(generator)))

    def unsure(self) -> str:
        """Why lanes must not run together at all, in words; empty if they may.

        A function that writes, and catches exceptions, could catch the one that tells of a write to a shared array.
        """
        if self.arrays and self.catches:
            shapes = ", ".join(str(array.shape) for array, _ in self.arrays)
            return f"it may write to the arrays that it reaches (of shape {shapes}), and catches exceptions"
        return ""

    def moved(self) -> str:
        """What has changed since, in words; empty if nothing has."""
        for generator, state in self.generators:
            if not _same(_state(generator), state):
                return f"the random generator {type(generator).__name__} moved"
        if _LEGACY.tobytes() != self.legacy:
            return "NumPy's own random generator moved"
        for array, before in self.arrays:
            if array.tobytes() != before.tobytes():
                return f"an array of shape {array.shape} that the function reaches was written"
        return ""

    def overlaps(self, mapped: list[Any], shared: list[Any]) -> bool:
        """Whether a mapped argument shares memory with itself or with another array that the function reaches."""
        arrays = [_data(value) for value in mapped]
        others = [*self.fixed, *(array for array, _ in self.arrays)]
        others += [_data(value) for value in shared if type(value) in (np.ndarray, LaneArray)]
        for n, array in enumerate(arrays):
            low, high = np.lib.array_utils.byte_bounds(array)
            if high - low < array.nbytes:
                return True
            if any(np.may_share_memory(array, other) and _share(array, other) for other in (*arrays[n + 1 :], *others)):
                return True
        return False

    def release(self) -> None:
        """Let the arrays be written again."""
        if self.arrays:
            _release([array for array, _ in self.arrays])

    def restore(self) -> None:
        """Put everything back as it was."""
        for generator, state in self.generators:
            _set_state(generator, state)
        if _LEGACY.tobytes() != self.legacy:
            _LEGACY[:] = np.frombuffer(self.legacy, _LEGACY.dtype)
        for array, before in self.arrays:
            array[...] = before


def _data(value: Any) -> Any:
    return value.data if type(value) is LaneArray else value


def _share(a: Any, b: Any) -> bool:
    try:
        return bool(np.shares_memory(a, b, max_work=10_000))  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True  # assume the worst


_LOCK = threading.Lock()
_PROTECTED: dict[int, list[Any]] = {}  # the arrays that are read-only for now, each with its number of watches


def _protect(arrays: list[Any]) -> None:
    with _LOCK:
        for array in arrays:
            known = _PROTECTED.setdefault(id(array), [array, 0])
            known[1] += 1
            array.setflags(write=False)


def _release(arrays: list[Any]) -> None:
    with _LOCK:
        for array in arrays:
            _PROTECTED[id(array)][1] -= 1
        free = [array for array, watches in _PROTECTED.values() if watches == 0]
        for array in sorted(free, key=lambda array: array.base is not None):  # a view's base comes before it
            try:
                array.setflags(write=True)
            except ValueError:
                continue  # its base is watched by another thread; the last one to go sets both free
            del _PROTECTED[id(array)]


_PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None), type, np.ufunc, ModuleType})
_FOREIGN = frozenset({"builtins", "numpy", "functools", "optree", "types"})


def _state(generator: Any) -> Any:
    if isinstance(generator, random.Random):
        return generator.getstate()
    if isinstance(generator, np.random.RandomState):
        return generator.get_state(legacy=False)
    bits = generator.bit_generator if isinstance(generator, np.random.Generator) else generator
    return bits.state


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, random.Random):
        generator.setstate(state)
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        bits = generator.bit_generator if isinstance(generator, np.random.Generator) else generator
        bits.state = state


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray):
        return bool(np.array_equal(a, b))
    return bool(a == b)


def _legacy_memory() -> Any:
    """The words of NumPy's own Mersenne twister: reading its state the official way takes 60 microseconds."""
    interface = _GLOBAL._bit_generator.ctypes
    words = (ctypes.c_uint32 * 625).from_address(interface.state_address)
    return np.frombuffer(cast(Any, words), np.uint32)


_PYTHONS_RANDOM: Any = random
_GLOBAL: Any = np.random.mtrand._rand
_LEGACY = _legacy_memory()
