"""Text LLVM IR, instruction by instruction.

An instruction goes to the outermost *region* (the function, or a loop in it) in which all its operands exist, and
the same instruction is never written twice there: so what does not vary is hoisted, and common subexpressions are
shared, by construction. A `Ref` is a scalar or a vector of ``W`` lanes; scalars widen where they meet vectors.
Where ``W`` is several machine vectors, each may have its own instructions: then masks stay in mask registers.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .identities import FLOATS, known, note

if TYPE_CHECKING:
    from .cycles import Loop

TYPES = {
    "b": "i1", "i1": "i8", "u1": "i8", "i2": "i16", "u2": "i16", "i4": "i32", "u4": "i32", "i8": "i64", "u8": "i64",
    "f2": "half", "f4": "float", "f8": "double", "c8": "float", "c16": "double",
}  # fmt: skip
"""The LLVM type of an element of each dtype; a complex number is a pair."""


class Unsupported(Exception):
    """A kernel can't hold this operation: it is called on the whole batch instead."""


def type_of(dtype: np.dtype[Any]) -> str:
    """The LLVM type of a dtype's element."""
    if not is_supported(dtype):
        raise Unsupported(f"compiled code has no {dtype}")
    return TYPES["b" if dtype.kind == "b" else dtype.str[1:]]


def is_supported(dtype: np.dtype[Any]) -> bool:
    """Whether kernels know a dtype."""
    return dtype.isnative and (dtype.kind == "b" or dtype.str[1:] in TYPES)


_vector = cache(lambda type, width: f"<{width} x {type}>")


class Ref:
    """A scalar or vector in the code."""

    __slots__ = ("constant", "llvm", "name", "operands", "region", "type", "width")

    def __init__(self, name: str, type: str, width: int, region: Region, constant: Any = None) -> None:
        self.operands: Iterable[Ref] = ()  # of the instruction
        self.name = name
        self.type = type
        self.width = width
        self.region = region
        self.constant = constant  # the value, of a literal
        self.llvm = type if width == 1 else _vector(type, width)  # its type

    def __repr__(self) -> str:
        return f"{self.llvm} {self.name}"


class Wide(Ref):
    """A vector of ``W`` lanes in several pieces. Its name is that of all of them together, put end to end for it."""

    __slots__ = ("e", "pieces")

    def __init__(self, e: Emitter, pieces: list[Ref]) -> None:
        self.e = e
        self.pieces = pieces
        self.type = pieces[0].type
        self.width = e.width
        self.constant = None
        self.llvm = f"<{self.width} x {self.type}>"

    def __getattr__(self, what: str) -> Any:
        if what == "name":
            return self.e.end_to_end(self.pieces).name
        if what == "region":  # the loop around may have ended
            return self.e.place(self.pieces)
        raise AttributeError(what)


class Later(Ref):
    """A value that is computed where something asks for its name."""

    __slots__ = ()

    def made(self) -> Ref:
        """The same, computed."""
        raise NotImplementedError

    def __getattr__(self, what: str) -> Any:
        if what in ("name", "region"):
            return getattr(self.made(), what)
        raise AttributeError(what)


class Region:
    """The code of the function itself, or of a loop or branch in it."""

    __slots__ = ("all", "block", "depth", "fails", "known", "lines", "memo", "parent", "turns")

    def __init__(self, parent: Region | None, block: str, turns: float = 0) -> None:
        self.parent = parent
        self.turns: float = turns if parent is None or not parent.turns else turns * parent.turns  # for each lane
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.block = block  # the basic block at its end
        self.lines: list[str] = []
        self.known: dict[Any, Ref] = {}
        self.memo: dict[Any, Any] = {}  # what values of the program are here
        self.fails: list[Ref] = []  # masks of lanes that need the ordinary way
        self.all: list[Region] = [] if parent is None else parent.all  # the regions of the function
        self.all.append(self)


class Emitter:
    """Writes the code of one function.

    Parameters
    ----------
    width : int
        How many lanes a vector has.
    features : frozenset of str
        What the processor has, in LLVM's names.
    piece : int
        How many lanes have instructions of their own; 0 for all ``width`` of them together.
    """

    def __init__(self, width: int, features: frozenset[str] = frozenset(), piece: int = 0) -> None:
        self.width = width
        self.piece = piece or width
        self.features = features  # of the processor
        self.fast = False  # whether arithmetic may be reassociated and contracted
        self.root = self.region = Region(None, "entry")
        self.count = 0
        self.declared: dict[str, str] = {}
        self.work = 0.0  # instructions for each lane of the outermost loop, about
        self.mask: Ref | None = None  # the lanes that are alive
        self.allocas: list[str] = []
        self.multiples: dict[str, int] = {}  # what an address or a count is a multiple of, where that is known
        self.flags: Ref | None = None  # memory for whether some lane failed, if that is asked on the way
        self.choices: dict[str, tuple[Ref, Ref, Ref]] = {}  # which instructions are choices, and between what
        self.signs: dict[str, int] = {}  # what is known of the signs of floats (`identities`)
        self.differences: dict[str, tuple[Ref, Ref]] = {}  # which are differences, and of what
        self.made: dict[str, tuple[str, list[Ref]]] = {}  # which are one mask and, or or, another

    def forget(self) -> None:
        """Forget what values are: circles that go through arrays of objects are found by nobody, others take long."""
        for region in self.root.all:
            for held in (region.memo, region.known, region.fails):
                held.clear()
        for own in (self.choices, self.made, self.differences, self.root.all):
            own.clear()

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
                if text in outer.known:
                    return outer.known[text]
                outer = outer.parent
        self.count += 1
        ref = Ref(f"%v{self.count}", type, width, region)
        region.lines.append(f"  {ref.name} = {text}")
        self.work += region.turns if width != self.piece else region.turns * self.piece / self.width
        if not here:
            ref.operands = operands
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
            one = ref if ref.width == 1 else self.literal(ref.constant, ref.type)
            return one if width == 1 else Ref(f"splat ({one!r})", ref.type, width, self.root, ref.constant)
        if self.is_cut(width):
            return Wide(self, [self.splat(ref, self.piece)] * (width // self.piece))
        head = self.add(f"insertelement <{width} x {ref.type}> poison, {ref}, i64 0", ref.type, width, [ref])
        zeros = f"<{width} x i32> zeroinitializer"
        return self.add(f"shufflevector {head}, <{width} x {ref.type}> poison, {zeros}", ref.type, width, [head])

    def level(self, *refs: Ref) -> list[Ref]:
        """Operands of one width."""
        if len(refs) == 2 and refs[0].width == refs[1].width:
            return list(refs)
        widths = [ref.width for ref in refs]
        width = max(widths)
        if min(widths) == width:
            return list(refs)
        return [ref if ref.width == width else self.splat(ref, width) for ref in refs]

    # ---- pieces ----

    def is_cut(self, width: int) -> bool:
        """Whether vectors of so many lanes are in pieces."""
        return width == self.width > self.piece

    def pieces(self, ref: Ref) -> list[Ref]:
        """The pieces of a vector of ``W`` lanes."""
        if isinstance(ref, Later):
            ref = ref.made()
        if type(ref) is Wide:
            return ref.pieces
        if not self.is_cut(ref.width):
            return [ref]
        if ref.constant is not None:
            piece = Ref(ref.name, ref.type, self.piece, ref.region, ref.constant)
            return [piece] * (self.width // self.piece)
        return [self.shuffle(ref, None, range(n, n + self.piece)) for n in range(0, self.width, self.piece)]

    def piecewise(self, function: Callable[..., Ref], *refs: Ref) -> Ref:
        """An instruction for each piece of vectors."""
        if not self.is_cut(refs[0].width):
            return function(*refs)
        return Wide(self, [function(*pieces) for pieces in zip(*map(self.pieces, refs), strict=True)])

    def end_to_end(self, pieces: list[Ref]) -> Ref:
        """Pieces as one vector."""
        while len(pieces) > 1:
            pieces = [self.join(a, b) for a, b in zip(pieces[::2], pieces[1::2], strict=True)]
        return pieces[0]

    # ---- arithmetic ----

    def op(self, name: str, *operands: Ref) -> Ref:
        """An instruction whose operands and result are of one type."""
        refs = self.level(*operands)
        first = refs[0]
        if first.width == self.width > self.piece:
            return self.piecewise(lambda *pieces: self.op(name, *pieces), *refs)
        if self.fast and name in _FAST:
            name += " reassoc contract arcp"
        masks, floats = first.type == "i1", name in FLOATS
        same = self.logic(name, refs) if masks else known(self, name, refs) if floats else None
        if same is not None:
            return same
        text = f"{name} {first.llvm} {', '.join([ref.name for ref in refs])}"
        found = self.add(text, first.type, first.width, refs)
        if masks:
            self.made[found.name] = name, refs
        elif floats:
            note(self, name, refs, found)
        return found

    def logic(self, name: str, refs: list[Ref]) -> Ref | None:
        """What needs no instruction, of masks: with a constant, and of a mask with one that has it in it already."""
        for a, b in (refs, refs[::-1]):
            if a.constant is not None and name != "xor":
                return b if bool(a.constant) is (name == "and") else a
            own, inner = self.made.get(a.name, ("", []))
            if name == own == "and" and any(ref.name == b.name for ref in inner):
                return a
        return None

    def is_within(self, mask: Ref, other: Ref) -> None:
        """Note that a mask is true nowhere but where another is."""
        for piece, around in zip(*map(self.pieces, (mask, other)), strict=True):
            self.made[piece.name] = "and", [around]

    def compare(self, condition: str, a: Ref, b: Ref) -> Ref:
        """``fcmp`` or ``icmp``, by type."""
        a, b = self.level(a, b)
        if self.is_cut(a.width):
            return self.piecewise(lambda a, b: self.compare(condition, a, b), a, b)
        kind = "fcmp" if a.type in ("double", "float", "half") else "icmp"
        return self.add(f"{kind} {condition} {a}, {b.name}", "i1", a.width, [a, b])

    def select(self, mask: Ref, yes: Ref, no: Ref) -> Ref:
        """The one where the mask is true, the other elsewhere."""
        if yes is no:
            return yes
        if mask.constant is not None:
            return yes if mask.constant else no
        mask, yes, no = self.level(mask, yes, no)
        if self.is_cut(mask.width):
            return self.piecewise(self.select, mask, yes, no)
        if yes.name == no.name:
            return yes
        own = self.choices.get(yes.name)
        if own is not None and own[2].name == no.name:  # of two choices against the same the second is one
            mask, yes = self.op("and", mask, own[0]), own[1]
        found = self.add(f"select {mask}, {yes}, {no}", yes.type, yes.width, [mask, yes, no])
        self.choices[found.name] = mask, yes, no
        return found

    def convert(self, name: str, ref: Ref, type: str) -> Ref:
        """A conversion instruction."""
        if self.is_cut(ref.width):
            return self.piecewise(lambda piece: self.convert(name, piece, type), ref)
        to = type if ref.width == 1 else f"<{ref.width} x {type}>"
        return self.add(f"{name} {ref} to {to}", type, ref.width, [ref])

    def intrinsic(self, name: str, *operands: Ref, extra: str = "") -> Ref:
        """An overloaded LLVM intrinsic on operands of one type."""
        refs = self.level(*operands)
        first = refs[0]
        if self.is_cut(first.width):
            return self.piecewise(lambda *pieces: self.intrinsic(name, *pieces, extra=extra), *refs)
        suffix = ("" if first.width == 1 else f"v{first.width}") + _SUFFIX.get(first.type, first.type)
        symbol = f"llvm.{name}.{suffix}"
        types = ", ".join([first.llvm] * len(refs) + (["i1"] if extra else []))
        self.declared[symbol] = f"declare {first.llvm} @{symbol}({types})"
        arguments = ", ".join(map(repr, refs)) + extra
        return self.add(f"call {first.llvm} @{symbol}({arguments})", first.type, first.width, refs)

    def multiply_add(self, a: Ref, b: Ref, c: Ref) -> Ref:
        """``a * b + c``, in one instruction where there is one."""
        return self.intrinsic("fma", a, b, c) if "fma" in self.features else self.op("fadd", self.op("fmul", a, b), c)

    def overflowing(self, name: str, a: Ref, b: Ref) -> tuple[Ref, Ref]:
        """Arithmetic of 64-bit integers, and where the result has more bits, or nearly has."""
        a, b = self.level(a, b)
        if name == "smul" and a.width > 1 and "avx512dq" in self.features:
            sizes = [self.convert("sitofp", ref, "double") for ref in (a, b)]
            size = self.intrinsic("fabs", self.op("fmul", *sizes))
            return self.op("mul", a, b), self.compare("oge", size, self.literal(2.0**63 * (1 - 2.0**-50), "double"))
        if self.is_cut(a.width):
            pairs = [self.overflowing(name, x, y) for x, y in zip(self.pieces(a), self.pieces(b), strict=True)]
            return Wide(self, [found for found, _ in pairs]), Wide(self, [over for _, over in pairs])
        suffix = "i64" if a.width == 1 else f"v{a.width}i64"
        mask = "i1" if a.width == 1 else f"<{a.width} x i1>"
        pair = f"{{ {a.llvm}, {mask} }}"
        symbol = f"llvm.{name}.with.overflow.{suffix}"
        self.declared[symbol] = f"declare {pair} @{symbol}({a.llvm}, {a.llvm})"
        both = self.add(f"call {pair} @{symbol}({a}, {b})", "pair", 1, [a, b])
        over = self.add(f"extractvalue {pair} {both.name}, 1", "i1", a.width, [both])
        return self.add(f"extractvalue {pair} {both.name}, 0", "i64", a.width, [both]), over

    def call(self, symbol: str, *operands: Ref) -> Ref:
        """A pure function on operands of one type."""
        refs = self.level(*operands)
        first = refs[0]
        types = ", ".join([first.llvm] * len(refs))
        self.declared[symbol] = f"declare {first.llvm} @{symbol}({types}) readnone"
        return self.add(f"call {first.llvm} @{symbol}({', '.join(map(repr, refs))})", first.type, first.width, refs)

    def shuffle(self, a: Ref, b: Ref | None, lanes: Sequence[int]) -> Ref:
        """Lanes of one or two vectors, in another order."""
        mask = _places(tuple(lanes))
        second = f"{b}" if b is not None else f"{a.llvm} poison"
        width = len(lanes)
        if a.width == 1:
            raise ValueError("a scalar has no lanes")
        refs = [a] if b is None else [a, b]
        return self.add(f"shufflevector {a}, {second}, {mask}", a.type, width, refs)

    def concat(self, parts: list[Ref]) -> Ref:
        """Vectors end to end."""
        size = parts[0].width
        if self.is_cut(size * len(parts)) and self.piece % size == 0 and all(ref.width == size for ref in parts):
            count = self.piece // size
            return Wide(self, [self.concat(parts[n : n + count]) for n in range(0, len(parts), count)])
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
        if self.is_cut(ref.width) and self.piece % width == 0:
            return [part for piece in self.pieces(ref) for part in self.split(piece, width)]
        return [self.shuffle(ref, None, range(n, n + width)) for n in range(0, ref.width, width)]

    def lane(self, ref: Ref, n: int) -> Ref:
        """One lane of a vector."""
        if ref.width == 1:
            return ref
        if type(ref) is Wide:
            ref, n = ref.pieces[n // self.piece], n % self.piece
        return self.add(f"extractelement {ref}, i64 {n}", ref.type, 1, [ref])

    def gather_lanes(self, refs: list[Ref]) -> Ref:
        """A vector of scalars; one of them is that itself."""
        if len(refs) == 1:
            return refs[0]
        if self.is_cut(len(refs)):
            return Wide(self, [self.gather_lanes(refs[n : n + self.piece]) for n in range(0, len(refs), self.piece)])
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
        if self.is_cut(width):
            return Wide(self, [self.load(place, type, self.piece) for place in self.places(pointer, type)])
        llvm = type if width == 1 else f"<{width} x {type}>"
        return self.add(f"load {llvm}, ptr {pointer.name}, align 1", type, width, [pointer])

    def read(self, pointer: Ref, type: str, width: int = 1) -> Ref:
        """Read from memory that is written, here and now."""
        if self.is_cut(width):
            return Wide(self, [self.read(place, type, self.piece) for place in self.places(pointer, type)])
        llvm = type if width == 1 else f"<{width} x {type}>"
        return self.add(f"load {llvm}, ptr {pointer.name}, align 1", type, width, [pointer], here=True)

    def store(self, ref: Ref, pointer: Ref) -> None:
        """Write to memory, here and now."""
        if self.is_cut(ref.width):
            for piece, place in zip(self.pieces(ref), self.places(pointer, ref.type), strict=True):
                self.store(piece, place)
            return
        bits = ref.width * int(_BITS[ref.type])
        whole = bits % (8 * LINE) == 0 and self.multiple(pointer) % LINE == 0
        self.do(f"store {ref}, ptr {pointer.name}, align 1{WHOLE if whole else ''}")

    def prefetch(self, pointer: Ref) -> None:
        """Let memory that is read soon come closer."""
        self.declared["llvm.prefetch"] = "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)"
        self.do(f"call void @llvm.prefetch.p0({pointer}, i32 0, i32 3, i32 1)")

    def places(self, pointer: Ref, type: str) -> list[Ref]:
        """Where the pieces of a vector in memory begin."""
        size = SIZES[type]
        return [self.address(pointer, self.index(n * size)) for n in range(0, self.width, self.piece)]

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
        size = min(self.piece, self.width)
        rows = [range(n, n + size) for n in range(0, self.width, size)]
        pieces = [Ref(f"<{', '.join(f'{type} {n}' for n in row)}>", type, size, self.root) for row in rows]
        return pieces[0] if len(pieces) == 1 else Wide(self, pieces)

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

    def is_masked(self, refs: Iterable[Ref]) -> bool:
        """Whether what is computed of some values is for the lanes only that are alive."""
        return self.mask is not None and self.place(refs).depth >= self.mask.region.depth

    def any(self, mask: Ref) -> Ref:
        """Whether a mask is true in some lane."""
        if mask.width == 1:
            return mask
        if self.is_cut(mask.width):
            first, *rest = self.pieces(mask)
            for piece in rest:
                first = self.op("or", first, piece)
            mask = first
        bits = self.add(f"bitcast {mask} to i{mask.width}", f"i{mask.width}", 1, [mask])
        return self.add(f"icmp ne {bits}, 0", "i1", 1, [bits])

    def count_of(self, mask: Ref) -> Ref:
        """In how many lanes a mask is true."""
        whole = self.end_to_end(self.pieces(mask))
        bits = self.add(f"bitcast {whole} to i{whole.width}", f"i{whole.width}", 1, [whole])
        bits = self.intrinsic("ctpop", bits)
        return bits if bits.type == "i64" else self.convert("zext", bits, "i64")

    def fail(self, mask: Ref) -> None:
        """Note, for the caller, that some living lane needs the ordinary way."""
        mask = mask if self.mask is None else self.op("and", mask, self.mask)
        if self.flags is None:
            self.region.fails.append(mask)
            return
        old, some = self.read(self.flags, "i64"), self.convert("zext", self.any(mask), "i64")
        self.store(self.add(f"or {old}, {some.name}", "i64", 1, [old, some], here=True), self.flags)

    def failed(self) -> Ref:
        """Whether some lane that has come by here needs the ordinary way, as a number."""
        groups: dict[int, Ref] = {}
        for mask in self.region.fails:
            known = groups.get(mask.width)
            groups[mask.width] = mask if known is None else self.op("or", known, mask)
        some = self.literal(False, "i1")
        for mask in groups.values():
            some = self.op("or", some, self.any(mask))
        return some

    def enter(self, start: Ref, stop: Ref, step: int, turns: float = 20) -> Loop:
        """Begin a counted loop of about so many turns."""
        from .cycles import Loop

        return Loop(self, start, stop, step, turns)


LINE = 64  # bytes that come from memory together
WHOLE = "  ; whole lines"
"""Marks a store of whole lines of memory, if arrays begin with one and no vector overlaps another."""

SIZES = {"i8": 1, "i16": 2, "i32": 4, "i64": 8, "half": 2, "float": 4, "double": 8}
"""The bytes of each LLVM type."""
_BITS = {"i1": 1, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "half": 16, "float": 32, "double": 64, "ptr": 64}
_FAST = frozenset({"fadd", "fsub", "fmul", "fdiv", "fneg"})
_SUFFIX = {"double": "f64", "float": "f32", "half": "f16"}


@cache
def _places(lanes: tuple[int, ...]) -> str:
    """The lanes that a shuffle takes, -1 for any."""
    return f"<{len(lanes)} x i32> <{', '.join(f'i32 {n}' if n >= 0 else 'i32 poison' for n in lanes)}>"


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
