"""Functions that call themselves: a function of the code, which runs all lanes of a vector under a mask.

What it reads from outside lies in memory, and a pointer to that goes along. A call is skipped where no lane is at
work. On a stack that has grown too long, and as soon as some lane needs the ordinary way, calls return at once.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..emit import Emitter, Ref, type_of
from ..ir import Program, Value, union
from ..values import Array, filled, rejoin
from .control import from_memory, in_memory, step_of
from .table import Unsupported, row

STACK = 1 << 20  # bytes that calls may take
CALLS = 30  # of a function for each from outside: a guess
MOST = 256  # elements of an array that it reads from outside


class Signature(NamedTuple):
    """A function of the code: its name, its parameters and results, their types, and how many lanes its mask has."""

    name: str
    inputs: list[Value]
    outputs: list[Value]
    types: str
    width: int


@row("recurse")
def recurse(k: Any, token: Any, inputs: list[Array], body: Program) -> Any:
    """A call from outside, and the function itself."""
    e = k.e
    axes = union(*[value.axes for value in (*body.inputs, *k.node.outputs)])
    types = ", ".join([llvm for value in k.node.outputs for llvm in types_of(k, value)])
    width = e.width if k.varies(axes) else 1
    known = Signature(f"recursion{len(k.functions)}", body.inputs, k.node.outputs, f"{{ {types} }}", width)
    k.functions.append("")
    k.recursions[token] = known
    memory, outside = environment(k, body.free())
    k.functions[int(known.name[9:])] = function(k, known, body, outside)
    here = e.add("call ptr @llvm.frameaddress.p0(i32 0)", "ptr", 1, [])
    e.declared["llvm.frameaddress"] = "declare ptr @llvm.frameaddress.p0(i32)"
    at = e.add(f"ptrtoint ptr {here.name} to i64", "i64", 1, [here])
    return call(k, known, inputs, [k.flags, memory, e.op("sub", at, e.index(STACK))])


@row("again")
def again(k: Any, token: Any, inputs: list[Array]) -> Any:
    """A call of the function by itself."""
    root = k.e.root
    shared = [k.flags, Ref("%outside", "ptr", 1, root), Ref("%floor", "i64", 1, root)]
    return call(k, k.recursions[token], inputs, shared)


def types_of(k: Any, value: Value) -> list[str]:
    """The LLVM types of the elements of a value."""
    kind = type_of(value.dtype)
    llvm = f"<{k.e.width} x {kind}>" if k.varies(value.axes) and k.e.width > 1 else kind
    return [llvm] * (math.prod(value.shape) * (1 + (value.dtype.kind == "c")))


def refs_of(k: Any, value: Value, names: Any) -> Array:
    """A value whose elements have these names in the code."""
    width = k.e.width if k.varies(value.axes) else 1
    kind = type_of(value.dtype)
    refs = [Ref(next(names), kind, width, k.e.region) for _ in types_of(k, value)]
    return Array(filled(rejoin(refs, value.dtype.kind == "c"), value.shape), value.dtype, value.kind)


def environment(k: Any, values: list[Value]) -> tuple[Ref, list[tuple[Value, Array, list[int | None]]]]:
    """What a function reads from outside, in memory: where each element lies there, if it is no constant."""
    e, size, found = k.e, 0, []
    stores = []
    for value in values:
        if math.prod(value.shape) > MOST:
            raise Unsupported("a function that calls itself reads a large array")
        array = k.value(value)
        places: list[int | None] = []
        for ref in array.all_refs():
            places.append(None if ref.constant is not None else size)
            if ref.constant is None:
                stores.append((ref, size))
                size += step_of(ref.type, max(ref.width, 8))
        found.append((value, array, places))
    memory = e.alloca("i8", max(size, 8))
    for ref, place in stores:
        e.store(in_memory(e, ref), e.address(memory, e.index(place)))
    return memory, found


def function(k: Any, known: Signature, body: Program, outside: Any) -> str:
    """The text of the function."""
    before = k.e, k.flags, k.kept, k.index, k.node
    e = k.e = Emitter(before[0].width, before[0].features)
    e.fast, e.root.block = before[0].fast, "begin"
    k.flags = e.flags = Ref("%flags", "ptr", 1, e.root)
    k.kept, k.index = {}, {}
    e.mask = Ref("%mask", "i1", known.width, e.root)
    memory = Ref("%outside", "ptr", 1, e.root)
    for value, array, places in outside:
        refs = [
            ref if place is None else from_memory(e, e.address(memory, e.index(place)), ref.type, ref.width)
            for ref, place in zip(array.all_refs(), places, strict=True)
        ]
        made = Array(filled(rejoin(refs, value.dtype.kind == "c"), value.shape), value.dtype, value.kind)
        e.root.memo[value] = made
    types = [llvm for value in body.inputs for llvm in types_of(k, value)]
    names = iter([f"%a{n}" for n in range(len(types))])
    found = k.inline(body, [refs_of(k, value, names) for value in body.inputs])
    given = "undef"
    wide = [k.wide(array, value.axes) for array, value in zip(found, known.outputs, strict=True)]
    for n, ref in enumerate([ref for array in wide for ref in array.all_refs()]):
        e.do(f"%r{n} = insertvalue {known.types} {given}, {ref}, {n}")
        given = f"%r{n}"
    text = e.root.lines
    e.forget()
    k.e, k.flags, k.kept, k.index, k.node = before
    k.e.declared |= e.declared
    k.e.work += CALLS * e.work * max(k.e.region.turns, 1)
    mask = "i1" if known.width == 1 else f"<{known.width} x i1>"
    parameters = ["ptr %flags", "ptr %outside", "i64 %floor", f"{mask} %mask"]
    parameters += [f"{llvm} %a{n}" for n, llvm in enumerate(types)]
    return "\n".join([
        f"define internal fastcc {known.types} @{known.name}({', '.join(parameters)}) #0 {{", "entry:", *e.allocas,
        "  %here = call ptr @llvm.frameaddress.p0(i32 0)",
        "  %at = ptrtoint ptr %here to i64",
        "  %deep = icmp ult i64 %at, %floor",
        "  %flag = zext i1 %deep to i64",
        "  %before = load i64, ptr %flags",
        "  %now = or i64 %before, %flag",
        "  store i64 %now, ptr %flags",
        "  %over = icmp ne i64 %now, 0",
        "  br i1 %over, label %out, label %begin",
        "out:", f"  ret {known.types} zeroinitializer", "begin:",
        *text, f"  ret {known.types} {given}", "}",
    ])  # fmt: skip


def call(k: Any, known: Signature, inputs: list[Array], shared: list[Ref]) -> list[Array]:
    """A call for the lanes at work, if there are any."""
    e = k.e
    mask = e.literal(True, "i1") if e.mask is None else e.mask
    some = e.any(e.splat(mask) if mask.constant is not None and known.width > 1 else mask)
    if known.width == 1:
        mask = some
    elif mask.width == 1:
        mask = e.splat(mask)
    wide = [k.wide(array, value.axes) for array, value in zip(inputs, known.inputs, strict=True)]
    operands = [*shared, mask, *[ref for array in wide for ref in array.all_refs()]]
    stem, region, before = e.fresh("call"), e.region, e.region.block
    region.block = stem
    text = [f"  br i1 {some.name}, label %{stem}.go, label %{stem}", f"{stem}.go:"]
    text.append(f"  %{stem}.r = call fastcc {known.types} @{known.name}({', '.join(map(repr, operands))})")
    types = [llvm for value in known.outputs for llvm in types_of(k, value)]
    text += [f"  %{stem}.x{n} = extractvalue {known.types} %{stem}.r, {n}" for n in range(len(types))]
    text += [f"  br label %{stem}", f"{stem}:"]
    for n, llvm in enumerate(types):
        ways = f"[ zeroinitializer, %{before} ], [ %{stem}.x{n}, %{stem}.go ]"
        text.append(f"  %{stem}.y{n} = phi {llvm} {ways}")
    region.lines += text
    names = iter([f"%{stem}.y{n}" for n in range(len(types))])
    return [refs_of(k, value, names) for value in known.outputs]
