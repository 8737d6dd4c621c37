"""Results whose rows are no whole lines of memory, written past the cache all the same: by way of a small buffer.

A kernel is called for a few lanes at a time, with array objects that are made up: they say that the results of those
lanes lie in a buffer on the stack. Whole lines then go from there to memory; what is left of a line waits for the next
lanes. The first and the last line of a range, others may have a part of: these are written in the ordinary way.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable

from .emit import LINE
from .ir import Axis
from .kernel import Code
from .native import offsets
from .view import View

AT_ONCE = 1 << 9  # about so many bytes that are written one after the other, before more is read
RING = 1 << 13  # bytes of a buffer, from which on what is held goes back to its beginning
MOST = 1 << 13  # bytes that are written at once
DEAR = 4  # instructions for each byte, from which on it does not matter how that is written
FIELDS = ("base", "held", "target", "first", "next")


def staged(
    code: Code, axis: Axis | None, width: int, views: Iterable[View], written: set[int], each: float
) -> Code | None:  # fmt: skip
    """The code of a kernel that writes by way of buffers; None if no result lies as that asks for, or it does not pay.

    Parameters
    ----------
    code : Code
        The kernel.
    axis : Axis or None
        Its outermost loop.
    width : int
        How many lanes of that go at a time.
    views : iterable of View
        What it sees of arrays.
    written : set of int
        The places of those among its objects that it writes.
    each : float
        About how many instructions run for each lane.
    """
    if axis is None or code.uneven or platform.machine() != "x86_64":
        return None
    seen: dict[int, list[View]] = {}
    for view in views:
        seen.setdefault(view.slot, []).append(view)
    sizes = {
        slot: own[0].strides[0] for slot, own in seen.items()
        if slot in written and all(view.strides[0] and view.leads(axis) for view in own)
    }  # fmt: skip
    found = {slot: size for slot, size in sizes.items() if size is not None}
    total = sum(found.values())
    if not total or each > DEAR * total:
        return None
    lanes = -(-AT_ONCE // (total * width)) * width
    if (lanes + width) * max(found.values()) > MOST:
        return None
    return _driver(code, found, 1 + max(seen), lanes, width)


def _driver(code: Code, sizes: dict[int, int], count: int, lanes: int, width: int) -> Code:
    """Code that calls a kernel for some lanes at a time; the bytes of each lane are those of its staged results."""
    body = [f"  %table = alloca ptr, i64 {count}"]
    for slot in range(count):
        body.append(_object(slot, sizes.get(slot), lanes, width))
    aims = [f"  call void @stage.aim(ptr %stage{n}, ptr %head{n}, i64 %start, i64 {size})" for n, size in sizes.items()]
    passes = [f"  call void @stage.pass(ptr %stage{n}, i64 %count, i64 {size})" for n, size in sizes.items()]
    ends = [f"  call void @stage.close(ptr %stage{n})" for n in sizes]
    body.append(f"""  br label %look
look:
  %start = phi i64 [ %lo, %entry ], [ %stop, %run ]
  %failed = phi i64 [ 0, %entry ], [ %flags, %run ]
  %more = icmp slt i64 %start, %hi
  br i1 %more, label %run, label %exit
run:
  %next = add i64 %start, {lanes}
  %over = icmp sgt i64 %next, %hi
  %stop = select i1 %over, i64 %hi, i64 %next
  %count = sub i64 %stop, %start""")
    body += aims
    body.append("""  %found = call i64 @staged(ptr %table, i64 %start, i64 %stop)
  %flags = or i64 %failed, %found""")
    body += [*passes, "  br label %look", "exit:", *ends]
    body += ["  call void @llvm.x86.sse.sfence()", "  ret i64 %failed"]
    declared = ["declare void @llvm.x86.sse.sfence()", "declare ptr @memcpy(ptr, ptr, i64)", "!0 = !{i32 1}"]
    return Code(sorted({*code.declared, *declared}), [*code.link("staged"), _functions()], body)


def _object(slot: int, size: int | None, lanes: int, width: int) -> str:
    """An object for the kernel: the one that there is, or a head of our own with a buffer."""
    found = f"""  %from{slot} = getelementptr ptr, ptr %objects, i64 {slot}
  %to{slot} = getelementptr ptr, ptr %table, i64 {slot}
  %object{slot} = load ptr, ptr %from{slot}"""
    if size is None:
        return f"""{found}
  store ptr %object{slot}, ptr %to{slot}"""
    at = offsets()
    before = -(-width * size // LINE) * LINE  # a vector that does not fit begins before the first lane
    arguments = f"ptr %stage{slot}, ptr %head{slot}, ptr %buffer{slot}, ptr %object{slot}, i64 %lo, i64 {size}"
    return f"""{found}
  %stage{slot} = alloca [{len(FIELDS)} x i64], align {LINE}
  %head{slot} = alloca i8, i64 {max(at.data, at.shape, at.strides) + 8}, align {LINE}
  %room{slot} = alloca i8, i64 {before + RING + lanes * size + 2 * LINE}, align {LINE}
  %buffer{slot} = getelementptr i8, ptr %room{slot}, i64 {before}
  store ptr %head{slot}, ptr %to{slot}
  call void @stage.open({arguments})"""


def _functions() -> str:
    """What is done with a stage.

    That is where its buffer begins, where what is held there begins, where this goes, the first byte of it that is
    ours, and where the next lanes go. What has just been written stays for one turn more: a line that is read while
    its parts are on their way to the cache waits for them.
    """
    at = offsets()
    copied = "\n".join(
        f"""  %from{field} = getelementptr i8, ptr %object, i64 {field}
  %to{field} = getelementptr i8, ptr %head, i64 {field}
  %field{field} = load ptr, ptr %from{field}
  store ptr %field{field}, ptr %to{field}"""
        for field in (at.shape, at.strides)
    )
    places = "\n".join(f"  %{name}p = getelementptr i8, ptr %stage, i64 {8 * n}" for n, name in enumerate(FIELDS))
    fields = "\n".join(
        f"  %{name} = load {'i64' if name == 'first' else 'ptr'}, ptr %{name}p" for name in FIELDS
    )  # fmt: skip
    return f"""
define internal void @stage.open(ptr %stage, ptr %head, ptr %buffer, ptr %object, i64 %lane, i64 %size) {{
{copied}
{places}
  %datap = getelementptr i8, ptr %object, i64 {at.data}
  %data = load ptr, ptr %datap
  %skipped = mul i64 %lane, %size
  %place = getelementptr i8, ptr %data, i64 %skipped
  %number = ptrtoint ptr %place to i64
  %first = and i64 %number, {LINE - 1}
  %back = sub i64 0, %first
  %target = getelementptr i8, ptr %place, i64 %back
  %next = getelementptr i8, ptr %buffer, i64 %first
  store ptr %buffer, ptr %basep
  store ptr %buffer, ptr %heldp
  store ptr %target, ptr %targetp
  store i64 %first, ptr %firstp
  store ptr %next, ptr %nextp
  ret void
}}

define internal void @stage.aim(ptr %stage, ptr %head, i64 %lane, i64 %size) {{
{places}
  %next = load ptr, ptr %nextp
  %skipped = mul i64 %lane, %size
  %shift = sub i64 0, %skipped
  %data = getelementptr i8, ptr %next, i64 %shift
  %datap = getelementptr i8, ptr %head, i64 {at.data}
  store ptr %data, ptr %datap
  ret void
}}

define internal void @stage.pass(ptr %stage, i64 %count, i64 %each) #0 {{
entry:
{places}
{fields}
  call void @stage.send(ptr %stage)
  %size = mul i64 %count, %each
  %end = getelementptr i8, ptr %next, i64 %size
  store ptr %end, ptr %nextp
  %limit = getelementptr i8, ptr %base, i64 {RING}
  %full = icmp ugt ptr %end, %limit
  br i1 %full, label %back, label %exit
back:
  %now = load ptr, ptr %heldp
  %ends = ptrtoint ptr %end to i64
  %begins = ptrtoint ptr %now to i64
  %left = sub i64 %ends, %begins
  store ptr %base, ptr %heldp
  %after = getelementptr i8, ptr %base, i64 %left
  store ptr %after, ptr %nextp
  br label %look
look:
  %at = phi i64 [ 0, %back ], [ %far, %copy ]
  %more = icmp slt i64 %at, %left
  br i1 %more, label %copy, label %exit
copy:
  %from = getelementptr i8, ptr %now, i64 %at
  %to = getelementptr i8, ptr %base, i64 %at
  %line = load <8 x i64>, ptr %from, align {LINE}
  store <8 x i64> %line, ptr %to, align {LINE}
  %far = add i64 %at, {LINE}
  br label %look
exit:
  ret void
}}

define internal void @stage.send(ptr %stage) #0 {{
entry:
{places}
{fields}
  %ends = ptrtoint ptr %next to i64
  %begins = ptrtoint ptr %held to i64
  %all = sub i64 %ends, %begins
  %whole = and i64 %all, {-LINE}
  %some = icmp ne i64 %whole, 0
  br i1 %some, label %check, label %exit
check:
  %shared = icmp ne i64 %first, 0
  br i1 %shared, label %begin, label %look
begin:
  %to = getelementptr i8, ptr %target, i64 %first
  %from = getelementptr i8, ptr %held, i64 %first
  %own = sub i64 {LINE}, %first
  %copied = call ptr @memcpy(ptr %to, ptr %from, i64 %own)
  store i64 0, ptr %firstp
  br label %look
look:
  %at = phi i64 [ 0, %check ], [ {LINE}, %begin ], [ %far, %copy ]
  %here = getelementptr i8, ptr %held, i64 %at
  %there = getelementptr i8, ptr %target, i64 %at
  %more = icmp ult i64 %at, %whole
  br i1 %more, label %copy, label %end
copy:
  %line = load <8 x i64>, ptr %here, align {LINE}
  store <8 x i64> %line, ptr %there, align {LINE}, !nontemporal !0
  %far = add i64 %at, {LINE}
  br label %look
end:
  store ptr %here, ptr %heldp
  store ptr %there, ptr %targetp
  br label %exit
exit:
  ret void
}}

define internal void @stage.close(ptr %stage) {{
{places}
  call void @stage.send(ptr %stage)
{fields}
  %to = getelementptr i8, ptr %target, i64 %first
  %from = getelementptr i8, ptr %held, i64 %first
  %ends = ptrtoint ptr %next to i64
  %begins = ptrtoint ptr %from to i64
  %own = sub i64 %ends, %begins
  %copied = call ptr @memcpy(ptr %to, ptr %from, i64 %own)
  ret void
}}
"""
