"""llvmlite: from text IR to machine code in this process."""

from __future__ import annotations

import ctypes
import functools
import itertools
import os
import struct
import sys
import threading
from typing import Any, NamedTuple

import numpy as np

from .. import settings
from . import cache
from .onepiece import one_piece
from .vectormath import library

LONG = 30_000  # letters of code that is not scheduled once more after registers are chosen: an eighth of the time
BEST, QUICK, PLAIN = 2, 1, 0  # how well LLVM chooses instructions

FORBIDDEN = {
    "": "", "avx2": "avx512 avx10 amx evex",
    "sse2": "avx amx evex fma f16c xop vaes vpclmul gfni sse3 ssse3 sse4 popcnt",
}  # fmt: skip
"""What the code may not use of the processor, by the beginnings of LLVM's names, for each ``LANEWISE_TARGET``."""


def allowed(feature: str) -> bool:
    """Whether code may use a feature of the processor: ``LANEWISE_TARGET`` makes code for an older one."""
    return not feature.startswith(tuple(FORBIDDEN[settings.target()].split()))


class Machine:
    """The code generator for this machine."""

    def __init__(self) -> None:
        import llvmlite.binding as llvm

        self.llvm: Any = llvm
        try:
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
        except RuntimeError:  # newer versions do it on their own
            pass
        self.target: Any = llvm.Target.from_default_triple()
        self.cpu: str = llvm.get_host_cpu_name()
        flags = {name: on and allowed(name) for name, on in llvm.get_host_cpu_features().items()}
        self.flags = ",".join(f"{'+' if on else '-'}{name}" for name, on in sorted(flags.items()))
        self.features = frozenset(name for name, on in flags.items() if on)
        self.versions = ("pic", str(LONG), self.cpu, self.flags, str(llvm.llvm_version_info), np.__version__)
        self.generators: dict[int, Any] = {}
        self.triple: str = self.generator(BEST).triple
        self.layout = str(self.generator(BEST).target_data)
        self.jit = llvm.create_lljit_compiler(
            self.target.create_target_machine(cpu=self.cpu, features=self.flags, codemodel="jitdefault", jit=True)
        )
        try:  # LLVM calls it to convert to half precision, where the processor can't
            ctypes.CDLL("libgcc_s.so.1", mode=ctypes.RTLD_GLOBAL)
        except OSError:
            pass
        self.numbers = itertools.count(1)  # of libraries; threads never get the same one
        self.compiled = 0  # object files made in this process
        self.kept: list[Any] = []

    @property
    def vector_bits(self) -> int:
        """The width of a vector register."""
        if "avx512f" in self.features:
            return 512
        return 256 if "avx2" in self.features or "avx" in self.features else 128

    def generator(self, level: int) -> Any:
        """What makes machine code so well, made when it is first needed."""
        if level not in self.generators:
            self.generators[level] = self.target.create_target_machine(  # pic: what it refers to may be anywhere
                cpu=self.cpu, features=self.flags, opt=level, reloc="pic", codemodel="default", jit=True
            )
        return self.generators[level]

    def object_code(self, ir: str, level: int | None = None) -> bytes:
        """Text IR as an object file, from the cache on disk if it is there."""
        name = cache.key(ir, str(level), *self.versions)
        known = cache.read(name)
        if known is not None:
            return known
        self.compiled += 1
        code = self.compile(ir, level)
        cache.write(name, code)
        return code

    def compile(self, ir: str, level: int | None = None) -> bytes:
        """The same, compiled here and now; as well as its length allows, if no level is given."""
        module = self.llvm.parse_assembly(ir)
        module.verify()
        if level is None:
            level = QUICK if len(ir) > LONG else BEST
        return self.generator(level).emit_object(module)  # type: ignore[no-any-return]

    def link(self, code: bytes, symbols: dict[str, int], *entries: str) -> list[int]:
        """The addresses of functions of an object file, linked into this process for good."""
        library = self.load(code, symbols, *entries)
        self.kept.append(library)
        return [library[entry] for entry in entries]

    def load(self, code: bytes, symbols: dict[str, int], *entries: str) -> Any:
        """An object file, linked into this process as long as the result lives; it has the addresses of functions."""
        builder = self.llvm.JITLibraryBuilder()
        builder.add_object_img(one_piece(code))
        builder.add_current_process()
        for name, address in symbols.items():
            builder.import_symbol(name, address)
        for entry in entries:
            builder.export_symbol(entry)
        return builder.link(self.jit, f"lanewise{next(self.numbers)}")


_MACHINE: Machine | None = None
_MAKING = threading.Lock()


def machine() -> Machine:
    """The code generator, made when it is first needed; only one, for its code goes with it."""
    global _MACHINE
    if _MACHINE is None:
        with _MAKING:
            if _MACHINE is None:
                _MACHINE = Machine()
    return _MACHINE


_HELD: list[Any] = []


def _hold() -> None:
    """Before a fork, wait until no other thread is in LLVM: in the child nobody would release what that one holds."""
    lock = getattr(getattr(sys.modules.get("llvmlite.binding.ffi"), "lib", None), "_lock", None)
    if lock is not None:
        lock.__enter__()
        _HELD.append(lock)


def _let_go() -> None:
    """After the fork, go on."""
    if _HELD:
        _HELD.pop().__exit__(None, None, None)


def _forget() -> None:
    """In the child, nobody may be there to release the lock."""
    global _MAKING
    _MAKING = threading.Lock()
    _let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_forget)


def address_of(name: str) -> int:
    """The address of a function of the C library, or of its vector math."""
    for source in (library(), ctypes.pythonapi, ctypes.CDLL(None), ctypes.CDLL("libm.so.6")):
        try:
            return ctypes.cast(getattr(source, name), ctypes.c_void_p).value or 0
        except AttributeError:
            continue
    raise LookupError(name)


class _Method(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p), ("function", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p),
    )  # fmt: skip


def fastcall(kernel: int, lanes: int, owner: Any) -> Any:
    """A kernel as a Python function of its objects, which runs so many lanes of it, and keeps its owner alive."""
    return _function(_entry(), owner, kernel, lanes)


class Deal(NamedTuple):
    """How a kernel is dealt out to threads: addresses, and numbers of lanes.

    Attributes
    ----------
    parallel, pool : int
        Of the function that does so, and of the workers; 0 where the calling thread does all.
    kernel, streaming : int
        Of the kernel, and of the code that writes past the cache; 0 if it does not.
    lanes, whole : int
        In all, and for that code.
    chunk, share : int
        In a chunk at least, and of which each is one.
    """

    parallel: int
    pool: int
    kernel: int
    streaming: int
    lanes: int
    whole: int
    chunk: int
    share: int


def dealt(deal: Deal, aligned: list[int], owner: Any) -> Any:
    """The same for a kernel that takes long, without the interpreter's lock; for streams some objects are aligned."""
    return _function(_deal(), owner, *deal, len(aligned), *aligned)


def _function(method: _Method, owner: Any, *numbers: int) -> Any:
    """A Python function that a method is, with numbers in its self."""
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    return make(ctypes.addressof(method), struct.pack(f"={len(numbers)}q", *numbers), owner)


@functools.cache
def _entry() -> _Method:
    """The one function of the kind ``METH_FASTCALL``: what it runs, and how many lanes, stands in its self."""
    return _method("entry", f"""\
declare ptr @PyLong_FromLongLong(i64)

define ptr @entry(ptr %self, ptr %objects, i64 %count) {{
  %place = getelementptr i8, ptr %self, i64 {bytes.__basicsize__ - 1}
  %kernel = load ptr, ptr %place
  %next = getelementptr i8, ptr %place, i64 8
  %lanes = load i64, ptr %next
  %flags = call i64 %kernel(ptr %objects, i64 0, i64 %lanes)
  %found = call ptr @PyLong_FromLongLong(i64 %flags)
  ret ptr %found
}}
""", "PyLong_FromLongLong")


@functools.cache
def _deal() -> _Method:
    """The same for kernels that are dealt out: a `Deal` stands in its self, and which objects are to be aligned."""
    names = (*Deal._fields, "count")
    fields = "\n".join(
        f"""  %{name}p = getelementptr i8, ptr %place, i64 {8 * n}
  %{name} = load {"ptr" if n < 4 else "i64"}, ptr %{name}p"""
        for n, name in enumerate(names)
    )
    return _method("deal", f"""\
declare ptr @PyLong_FromLongLong(i64)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)

define ptr @deal(ptr %self, ptr %objects, i64 %given) {{
entry:
  %place = getelementptr i8, ptr %self, i64 {bytes.__basicsize__ - 1}
{fields}
  %slots = getelementptr i8, ptr %place, i64 {8 * len(names)}
  %streams = icmp ne ptr %streaming, null
  br i1 %streams, label %check, label %go
check:
  %n = phi i64 [ 0, %entry ], [ %next, %look ]
  %more = icmp slt i64 %n, %count
  br i1 %more, label %look, label %go
look:
  %slotp = getelementptr i64, ptr %slots, i64 %n
  %slot = load i64, ptr %slotp
  %objectp = getelementptr ptr, ptr %objects, i64 %slot
  %object = load ptr, ptr %objectp
  %datap = getelementptr i8, ptr %object, i64 {offsets().data}
  %data = load i64, ptr %datap
  %over = and i64 %data, 63
  %even = icmp eq i64 %over, 0
  %next = add i64 %n, 1
  br i1 %even, label %check, label %go
go:
  %code = phi ptr [ %kernel, %entry ], [ %streaming, %check ], [ %kernel, %look ]
  %size = phi i64 [ %lanes, %entry ], [ %whole, %check ], [ %lanes, %look ]
  %state = call ptr @PyEval_SaveThread()
  %alone = icmp eq ptr %parallel, null
  br i1 %alone, label %one, label %many
one:
  %own = call i64 %code(ptr %objects, i64 0, i64 %size)
  br label %done
many:
  %all = call i64 %parallel(ptr %pool, ptr %code, ptr %objects, i64 %size, i64 %chunk, i64 %share)
  br label %done
done:
  %flags = phi i64 [ %own, %one ], [ %all, %many ]
  %some = icmp slt i64 %size, %lanes
  br i1 %some, label %rest, label %exit
rest:
  %last = call i64 %kernel(ptr %objects, i64 %size, i64 %lanes)
  br label %exit
exit:
  %others = phi i64 [ 0, %done ], [ %last, %rest ]
  call void @PyEval_RestoreThread(ptr %state)
  %result = or i64 %flags, %others
  %found = call ptr @PyLong_FromLongLong(i64 %result)
  ret ptr %found
}}
""", "PyLong_FromLongLong", "PyEval_SaveThread", "PyEval_RestoreThread")


def _method(name: str, text: str, *used: str) -> _Method:
    """A function of the code, which uses some of Python's own."""
    symbols = {symbol: address_of(symbol) for symbol in used}
    (address,) = machine().link(machine().object_code(text, PLAIN), symbols, name)
    return _Method(b"kernel", address, 0x80, None)


class Offsets:
    """Where an array object keeps its data pointer, its shape and its strides; and a float object its number."""

    def __init__(self) -> None:
        probe = np.empty((3, 5, 7), np.int8)[:, 1:]
        words = (ctypes.c_size_t * 12).from_address(id(probe))
        self.data = 8 * list(words).index(probe.ctypes.data)
        self.shape = self.data + 16
        self.strides = self.data + 24
        for offset, wanted in ((self.shape, probe.shape), (self.strides, probe.strides)):
            pointer = ctypes.c_size_t.from_address(id(probe) + offset).value
            found = tuple((ctypes.c_ssize_t * 3).from_address(pointer))
            if found != wanted:
                raise RuntimeError("NumPy's array objects are laid out in an unknown way")
        number = 1234.5678
        bits = np.float64(number).view(np.uint64)
        self.number = 8 * list((ctypes.c_size_t * 4).from_address(id(number))).index(int(bits))


@functools.cache
def offsets() -> Offsets:
    """The same, probed once."""
    return Offsets()
