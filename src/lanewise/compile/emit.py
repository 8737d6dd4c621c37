"""Text LLVM IR, instruction by instruction.

An instruction goes to the outermost *region* (the function, or a loop in it) in which all its operands exist, and
the same instruction is never written twice there: so what does not vary is hoisted, and common subexpressions are
shared, by construction. A `Ref` is a scalar or a vector of ``W`` lanes; scalars widen where they meet vectors.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

TYPES = {
    "b": "i1", "i1": "i8", "u1": "i8", "i2": "i16", "u2": "i16", "i4": "i32", "u4": "i32", "i8": "i64", "u8": "i64",
    "f2": "half", "f4": "float", "f8": "double", "c8": "float", "c16": "double",
}  # fmt: skip
"""The LLVM type of an element of each dtype; a complex number is a pair."""


def type_of(dtype: np.dtype[Any]) -> str:
    """The LLVM type of a dtype's element."""
    return TYPES["b" if dtype.kind == "b" else dtype.str[1:]]


def is_supported(dtype: np.dtype[Any]) -> bool:
    """Whether kernels know a dtype."""
    return dtype.isnative and (dtype.kind == "b" or dtype.str[1:] in TYPES)


class Ref:
    """A scalar or vector in the code."""

    __slots__ = ("constant", "name", "region", "type", "width")

    def __init__(self, name: str, type: str, width: int, region: Region, constant: Any = None) -> None:
        self.name = name
        self.type = type
        self.width = width
        self.region = region
        self.constant = constant  # the value, of a literal

    @property
    def llvm(self) -> str:
        """The LLVM type."""
        return self.type if self.width == 1 else f"<{self.width} x {self.type}>"

    def __repr__(self) -> str:
        return f"{self.llvm} {self.name}"


class Region:
    """The code of the function itself, or of a loop or branch in it."""

    __slots__ = ("block", "depth", "known", "lines", "memo", "parent", "turns")

    def __init__(self, parent: Region | None, block: str, turns: float = 0) -> None:
        self.parent = parent
        self.turns: float = turns if parent is None or not parent.turns else turns * parent.turns  # for each lane
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.block = block  # the basic block at its end
        self.lines: list[str] = []
        self.known: dict[Any, Ref] = {}
        self.memo: dict[Any, Any] = {}  # what values of the program are here


class Phi:
    """A value that a loop carries."""

    __slots__ = ("next", "ref", "start")

    def __init__(self, ref: Ref, start: Ref) -> None:
        self.ref = ref
        self.start = start
        self.next = start


class Emitter:
    """Writes the code of one function.

    Parameters
    ----------
    width : int
        How many lanes a vector has.
    features : frozenset of str
        What the processor has, in LLVM's names.
    """

    def __init__(self, width: int, features: frozenset[str] = frozenset()) -> None:
        self.width = width
        self.features = features  # of the processor
        self.fast = False  # whether arithmetic may be reassociated and contracted
        self.root = self.region = Region(None, "entry")
        self.count = 0
        self.declared: dict[str, str] = {}
        self.work = 0.0  # instructions for each lane of the outermost loop, about
        self.mask: Ref | None = None  # the lanes that are alive
        self.allocas: list[str] = []
        self.multiples: dict[str, int] = {}  # what an address or a count is a multiple of, where that is known
        self.magnitudes: dict[str, tuple[Ref, Ref]] = {}  # of which complex numbers, by their names (`magnitude`)

    # ---- names ----

    def fresh(self, stem: str = "v") -> str:
        """A new name."""
        self.count += 1
        return f"{stem}{self.count}"

    def literal(self, value: Any, type: str) -> Ref:
        """A constant."""
        return Ref(_literal(value, type), type, 1, self.root, value)

    def number(self, value: Any, dtype: np.dtype[Any]) -> Ref:
        """A constant of a (real) dtype."""
        return self.literal(np.asarray(value).astype(dtype)[()].item(), type_of(dtype))

    # ---- instructions ----

    def place(self, operands: Iterable[Ref]) -> Region:
        """The outermost region in which all of these exist."""
        found = self.root
        for ref in operands:
            if ref.region.depth > found.depth:
                found = ref.region
        return found

    def add(self, text: str, type: str, width: int, operands: Iterable[Ref], *, here: bool = False) -> Ref:
        """Write an instruction with a result, or find the one that is written already."""
        region = self.region if here else self.place(operands)
        if not here:
            outer: Region | None = region
            while outer is not None:
                known = outer.known.get(text)
                if known is not None:
                    return known
                outer = outer.parent
        ref = Ref("%" + self.fresh(), type, width, region)
        region.lines.append(f"  {ref.name} = {text}")
        self.work += region.turns
        if not here:
            region.known[text] = ref
        return ref

    def do(self, text: str) -> None:
        """Write an instruction without a result, here and now."""
        self.region.lines.append("  " + text)
        self.work += self.region.turns

    def splat(self, ref: Ref, width: int = 0) -> Ref:
        """A scalar in every lane."""
        width = width or self.width
        if ref.width == width:
            return ref
        if ref.constant is not None:
            return Ref(f"splat ({ref.type} {ref.name})", ref.type, width, self.root, ref.constant)
        head = self.add(f"insertelement <{width} x {ref.type}> poison, {ref}, i64 0", ref.type, width, [ref])
        zeros = f"<{width} x i32> zeroinitializer"
        return self.add(f"shufflevector {head}, <{width} x {ref.type}> poison, {zeros}", ref.type, width, [head])

    def level(self, *refs: Ref) -> list[Ref]:
        """Operands of one width."""
        width = max(ref.width for ref in refs)
        return [ref if ref.width == width else self.splat(ref, width) for ref in refs]

    def op(self, name: str, *operands: Ref) -> Ref:
        """An instruction whose operands and result are of one type."""
        refs = self.level(*operands)
        first = refs[0]
        if self.fast and name in _FAST:
            name += " reassoc contract arcp"
        text = f"{name} {first}" + "".join(f", {ref.name}" for ref in refs[1:])
        return self.add(text, first.type, first.width, refs)

    def compare(self, condition: str, a: Ref, b: Ref) -> Ref:
        """``fcmp`` or ``icmp``, by type."""
        a, b = self.level(a, b)
        kind = "fcmp" if a.type in ("double", "float", "half") else "icmp"
        return self.add(f"{kind} {condition} {a}, {b.name}", "i1", a.width, [a, b])

    def select(self, mask: Ref, yes: Ref, no: Ref) -> Ref:
        """The one where the mask is true, the other elsewhere."""
        if yes.name == no.name:
            return yes
        if mask.constant is not None:
            return yes if mask.constant else no
        mask, yes, no = self.level(mask, yes, no)
        return self.add(f"select {mask}, {yes}, {no}", yes.type, yes.width, [mask, yes, no])

    def convert(self, name: str, ref: Ref, type: str) -> Ref:
        """A conversion instruction."""
        if ref.constant is not None and ref.width > 1:
            pass
        to = type if ref.width == 1 else f"<{ref.width} x {type}>"
        return self.add(f"{name} {ref} to {to}", type, ref.width, [ref])

    def intrinsic(self, name: str, *operands: Ref, extra: str = "") -> Ref:
        """An overloaded LLVM intrinsic on operands of one type."""
        refs = self.level(*operands)
        first = refs[0]
        suffix = ("" if first.width == 1 else f"v{first.width}") + _SUFFIX.get(first.type, first.type)
        symbol = f"llvm.{name}.{suffix}"
        types = ", ".join([first.llvm] * len(refs) + (["i1"] if extra else []))
        self.declared[symbol] = f"declare {first.llvm} @{symbol}({types})"
        arguments = ", ".join(map(repr, refs)) + extra
        return self.add(f"call {first.llvm} @{symbol}({arguments})", first.type, first.width, refs)

    def call(self, symbol: str, *operands: Ref) -> Ref:
        """A pure function on operands of one type."""
        refs = self.level(*operands)
        first = refs[0]
        types = ", ".join([first.llvm] * len(refs))
        self.declared[symbol] = f"declare {first.llvm} @{symbol}({types}) readnone"
        return self.add(f"call {first.llvm} @{symbol}({', '.join(map(repr, refs))})", first.type, first.width, refs)

    def shuffle(self, a: Ref, b: Ref | None, lanes: Sequence[int]) -> Ref:
        """Lanes of one or two vectors, in another order."""
        mask = f"<{len(lanes)} x i32> <{', '.join(f'i32 {n}' if n >= 0 else 'i32 poison' for n in lanes)}>"
        second = f"{b}" if b is not None else f"{a.llvm} poison"
        width = len(lanes)
        if a.width == 1:
            raise ValueError("a scalar has no lanes")
        refs = [a] if b is None else [a, b]
        return self.add(f"shufflevector {a}, {second}, {mask}", a.type, width, refs)

    def concat(self, parts: list[Ref]) -> Ref:
        """Vectors end to end."""
        while len(parts) > 1:
            pairs = zip(parts[::2], parts[1::2], strict=False)
            parts = [self.join(a, b) for a, b in pairs] + parts[len(parts) - len(parts) % 2 :]
        return parts[0]

    def join(self, a: Ref, b: Ref) -> Ref:
        """Two vectors end to end."""
        width = max(a.width, b.width)

        def padded(ref: Ref) -> Ref:
            lanes = [n if n < ref.width else -1 for n in range(width)]
            return ref if ref.width == width else self.shuffle(ref, None, lanes)

        return self.shuffle(padded(a), padded(b), [*range(a.width), *range(width, width + b.width)])

    def split(self, ref: Ref, width: int) -> list[Ref]:
        """Parts of a vector."""
        if ref.width == width:
            return [ref]
        return [self.shuffle(ref, None, range(n, n + width)) for n in range(0, ref.width, width)]

    def lane(self, ref: Ref, n: int) -> Ref:
        """One lane of a vector."""
        if ref.width == 1:
            return ref
        return self.add(f"extractelement {ref}, i64 {n}", ref.type, 1, [ref])

    def gather_lanes(self, refs: list[Ref]) -> Ref:
        """A vector of scalars."""
        text = f"<{len(refs)} x {refs[0].type}> poison"
        vector = refs[0]
        for n, ref in enumerate(refs):
            vector = self.add(f"insertelement {text}, {ref}, i64 {n}", ref.type, len(refs), [ref, vector])
            text = repr(vector)
        return vector

    # ---- memory ----

    def address(self, base: Ref, offset: Ref) -> Ref:
        """A pointer so many bytes further."""
        if offset.constant == 0:
            return base
        found = self.add(f"getelementptr i8, ptr {base.name}, i64 {offset.name}", "ptr", 1, [base, offset])
        return self.note_multiple(found, math.gcd(self.multiple(base), self.multiple(offset)))

    def multiple(self, ref: Ref) -> int:
        """A number that an address or a count is a multiple of."""
        return self.multiples.get(ref.name, 1) if ref.constant is None else int(ref.constant)

    def note_multiple(self, ref: Ref, number: int) -> Ref:
        """Note what an address or a count is a multiple of."""
        if number > 1:
            self.multiples[ref.name] = number
        return ref

    def load(self, pointer: Ref, type: str, width: int = 1) -> Ref:
        """Read from memory that nothing writes while the kernel runs."""
        llvm = type if width == 1 else f"<{width} x {type}>"
        return self.add(f"load {llvm}, ptr {pointer.name}, align 1", type, width, [pointer])

    def read(self, pointer: Ref, type: str, width: int = 1) -> Ref:
        """Read from memory that is written, here and now."""
        llvm = type if width == 1 else f"<{width} x {type}>"
        return self.add(f"load {llvm}, ptr {pointer.name}, align 1", type, width, [pointer], here=True)

    def store(self, ref: Ref, pointer: Ref) -> None:
        """Write to memory, here and now."""
        bits = ref.width * int(_BITS[ref.type])
        whole = bits % (8 * LINE) == 0 and self.multiple(pointer) % LINE == 0
        self.do(f"store {ref}, ptr {pointer.name}, align 1{WHOLE if whole else ''}")

    def prefetch(self, pointer: Ref) -> None:
        """Let memory that is read soon come closer."""
        self.declared["llvm.prefetch"] = "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)"
        self.do(f"call void @llvm.prefetch.p0({pointer}, i32 0, i32 3, i32 1)")

    def alloca(self, type: str, count: int = 1) -> Ref:
        """Memory on the stack."""
        name = "%" + self.fresh("m")
        self.allocas.append(f"  {name} = alloca {type}, i64 {count}, align 64")
        return Ref(name, "ptr", 1, self.root)

    # ---- loops and branches ----

    def index(self, value: int) -> Ref:
        """An integer constant for addresses and counts."""
        return self.literal(value, "i64")

    def steps(self, type: str) -> Ref:
        """A constant vector: 0, 1, 2 and so on."""
        return Ref(f"<{', '.join(f'{type} {n}' for n in range(self.width))}>", type, self.width, self.root)

    def integer(self, name: str, a: Ref, b: Ref) -> Ref:
        """Integer arithmetic on addresses and counts; constants are folded."""
        if a.constant is not None and b.constant is not None:
            x, y = a.constant, b.constant
            return self.index({"add": x + y, "sub": x - y, "mul": x * y}[name])
        if name == "mul" and b.constant == 1:
            return a
        if (name in ("add", "sub") and b.constant == 0) or (name == "mul" and a.constant == 1):
            return a if b.constant == 0 else b
        multiples = self.multiple(a), self.multiple(b)
        return self.note_multiple(self.op(name, a, b), math.prod(multiples) if name == "mul" else math.gcd(*multiples))

    def any(self, mask: Ref) -> Ref:
        """Whether a mask is true in some lane."""
        if mask.width == 1:
            return mask
        bits = self.add(f"bitcast {mask} to i{mask.width}", f"i{mask.width}", 1, [mask])
        return self.add(f"icmp ne {bits}, 0", "i1", 1, [bits])

    def fail(self, mask: Ref, flags: Ref) -> None:
        """Note, for the caller, that some living lane needs the ordinary way."""
        if self.mask is not None:
            mask = self.op("and", mask, self.mask)
        some = self.any(mask)
        old = self.read(flags, "i64")
        wide = self.add(f"zext {some} to i64", "i64", 1, [some])
        self.store(self.add(f"or {old}, {wide.name}", "i64", 1, [old, wide], here=True), flags)

    def enter(self, start: Ref, stop: Ref, step: int, turns: float = 20) -> Loop:
        """Begin a counted loop of about so many turns."""
        return Loop(self, start, stop, step, turns)


class Loop:
    """A loop: counted, or as long as a condition holds. What it carries are phis."""

    def __init__(
        self, e: Emitter, start: Ref | None, stop: Ref | None = None, step: int = 1, turns: float = 20
    ) -> None:
        self.e = e
        self.name = e.fresh("loop")
        self.outer = e.region
        self.region = Region(e.region, f"{self.name}.body", turns)
        e.region = self.region
        self.phis: list[Phi] = []
        self.step = step
        self.condition = ""
        self.counter: Ref | None = None
        if start is not None:
            assert stop is not None
            self.counter = e.note_multiple(self.carry(start).ref, math.gcd(e.multiple(start), step))
            self.condition = f"icmp slt i64 {self.counter.name}, {stop.name}"

    def carry(self, start: Ref) -> Phi:
        """A value that goes round the loop."""
        phi = Phi(Ref("%" + self.e.fresh("p"), start.type, start.width, self.region), start)
        self.phis.append(phi)
        return phi

    def go_on_while(self, some: Ref) -> None:
        """Leave the loop here unless a scalar condition holds."""
        region, name = self.region, self.name
        region.lines.append(f"  br i1 {some.name}, label %{name}.go, label %{name}.exit")
        region.lines.append(f"{name}.go:")
        region.block = f"{name}.go"

    def close(self) -> None:
        """End the loop, and put its code into the region around it."""
        e, name, region, outer = self.e, self.name, self.region, self.outer
        if self.counter is not None:
            self.phis[0].next = e.integer("add", self.counter, e.index(self.step))
        e.region = outer
        counted = bool(self.condition)
        entry = outer.block
        text = [f"  br label %{name}", f"{name}:"]
        latch = region.block
        for phi in self.phis:
            text.append(
                f"  {phi.ref.name} = phi {phi.ref.llvm} [ {phi.start.name}, %{entry} ], [ {phi.next.name}, %{latch} ]"
            )
        if counted:
            text.append(f"  %{name}.c = {self.condition}")
            text.append(f"  br i1 %{name}.c, label %{name}.body, label %{name}.exit")
            text.append(f"{name}.body:")
        else:
            text.append(f"  br label %{name}.body")
            text.append(f"{name}.body:")
        text += region.lines
        text.append(f"  br label %{name}")
        text.append(f"{name}.exit:")
        outer.lines += text
        outer.block = f"{name}.exit"
        for phi in self.phis:  # what the loop carried is known outside of it
            phi.ref.region = outer


LINE = 64  # bytes that come from memory together
WHOLE = "  ; whole lines"
"""Marks a store of whole lines of memory, if arrays begin with one and no vector overlaps another."""

_BITS = {"i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "half": 16, "float": 32, "double": 64, "ptr": 64}
_FAST = frozenset({"fadd", "fsub", "fmul", "fdiv", "fneg"})
_SUFFIX = {"double": "f64", "float": "f32", "half": "f16"}


def _literal(value: Any, type: str) -> str:
    if type == "i1":
        return "true" if value else "false"
    if type[0] == "i":
        bits = int(type[1:])
        value = int(value) & ((1 << bits) - 1)
        return str(value - (1 << bits) if value >> (bits - 1) else value)
    if type == "half":
        return f"0xH{struct.unpack('<H', np.float16(value).tobytes())[0]:04X}"
    if type == "float":
        value = float(np.float32(value))
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
