"""State that lanes share behind the function's back: random generators and arrays that it reaches.

The loop carries such state from lane to lane. A batched run that moved a generator is undone, and the function
runs lane by lane instead. Arrays of closures and globals are read-only while lanes run together, so that a write
raises; what was written behind that (through a view made earlier) is undone as well.
"""

from __future__ import annotations

import ctypes
import os
import random
import threading
from collections.abc import Sequence
from types import FunctionType
from typing import Any, cast

import numpy as np

from .array import LaneArray
from .reach import Reach, names_of, speaks_of


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
    if not values and type(fun) in _NUMPYS_OWN:
        return found
    if values or type(fun) is not FunctionType or fun.__closure__ or fun.__defaults__ or fun.__dict__:
        found.look_at(fun, values)
        return found
    names = names_of(fun.__code__)
    namespace = fun.__globals__
    if names.random or fun.__kwdefaults__ or any(speaks_of(namespace.get(name)) for name in names.globals):
        found.look_at(fun, values)
    return found


_NUMPYS_OWN = frozenset({type(np.dot), np.ufunc})


class Watch:
    """The generators and arrays that a function reaches, as they were before it ran."""

    legacy: bytes
    generators: Sequence[tuple[Any, Any]] = ()
    hides = False
    shuffles = False
    arrays: Sequence[tuple[Any, Any]] = ()
    fixed: Sequence[Any] = ()  # read-only arrays, and the data of lane values of an outer function

    def look_at(self, fun: Any, values: list[Any]) -> None:
        """Take note of all that a function reaches."""
        reach = Reach([fun, *values])
        self.hides = reach.hides
        self.shuffles = reach.shuffles
        self.fixed = reach.fixed
        if reach.writes and reach.arrays:
            self.arrays = [
                (array, array.copy() if type(array) is np.ndarray else np.array(array)) for array in reach.arrays
            ]
            _protect(reach.arrays)
        if reach.random:  # the official state, which takes 60 microseconds, also holds a spare normal number
            reach.generators.append(_GLOBAL)
        for generator in reach.generators:
            self._generator(generator)

    def _generator(self, generator: Any) -> None:
        if all(known is not generator for known, _ in self.generators):
            self.generators = (*self.generators, (generator, _state(generator)))

    def unsure(self) -> str:
        """Why lanes must not run together at all, in words; empty if they may.

        A function that writes, and catches exceptions, could catch the one that tells of a write to a shared array.
        """
        if self.shuffles:
            return "it shuffles, and NumPy's generators exchange the rows of what is no real array by way of views"
        if self.arrays and self.hides:
            shapes = ", ".join(str(array.shape) for array, _ in self.arrays)
            why = "catches exceptions, or uses ufunc.at"
            return f"it may write to the arrays that it reaches (of shape {shapes}), and {why}"
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
        count = len(arrays)
        arrays += others
        spans = sorted((*np.lib.array_utils.byte_bounds(array), n) for n, array in enumerate(arrays) if array.size)
        reach: list[tuple[int, int]] = []  # the ends of the spans that lead up to here, and whose they are
        for low, high, n in spans:
            if n < count and high - low < arrays[n].nbytes:
                return True
            reach = [(end, m) for end, m in reach if end > low]
            if any(min(n, m) < count and _share(arrays[n], arrays[m]) for _, m in reach):
                return True
            reach.append((high, n))
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
            np.asarray(array)[...] = before


def _data(value: Any) -> Any:
    return value.data if type(value) is LaneArray else value


def _share(a: Any, b: Any) -> bool:
    try:
        return bool(np.shares_memory(a, b, max_work=10_000))  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True  # assume the worst


_LOCK = threading.Lock()
_PROTECTED: dict[int, list[Any]] = {}  # the arrays that are read-only for now, each with its number of watches


def _forget() -> None:
    """After a fork, nobody may be there to release the lock."""
    global _LOCK
    _LOCK = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


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


_GLOBAL: Any = np.random.mtrand._rand
_LEGACY = _legacy_memory()
