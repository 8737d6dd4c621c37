"""jit: a function is traced on zero lanes into a `Program`, and the program lowered to native code.

A value of a program is what one example has, and the lane axes that it varies over: these are the loops that it lives
in. What does not vary in a loop is computed before it. Views and shapes cost nothing, as each use says which element it
is at; totals (`folds`) run before the loops that need them. What is heavy for each lane (`while`, linear algebra) has
lanes in vectors, and kernels over the same lanes run in turns, some lanes at a time, so that what passes between them
stays in the cache. The size of the outermost axis is known when a kernel runs: a new batch size compiles nothing.

A function that calls itself is a sub-program, called under a mask. Variables of functions around are bound under the
mask of the lanes at work; scopes know them, as they know arrays and lists, so that loops carry them.

```
ir.py         Program, Node, Value: NumPy functions of one example, and the lane axes that each value has
tape.py       the values of a program in the making, and the lane values that stand for them
trace.py      the recorder: what a function on zero lanes asks of NumPy, as nodes
cells.py      arrays that are written and viewed, as values; assigning.py: assignments that stay eager
inplace.py    functions that write arrays
mixed.py      values that are one thing in some lanes and another elsewhere; either.py: Python's or NumPy's numbers
lists.py      lists: as choices for each item, or as buffers with a length; lookups.py: dicts by a key of each lane
selected.py   what masks select; minding.py: functions of it
whole.py      a function's arguments, results and written arguments
formulas.py   composites in terms of simpler functions
builtins.py   builtins and math in converted code, numbers.py: cmath, rounding; written.py: those that stand for a loop
statements.py converted Python statements: masks, loops, returns; loops.py: what they carry, and what is written out
plainly.py    plain numbers that loops go over
nested.py     maps within maps, turns.py: in loops; collectives.py: lanes as an axis of an array, and back
control.py    while, cond and scan as nodes with sub-programs; recursion.py: functions that call themselves
passes.py     from program to program: fold, common subexpressions, dead code; whiles.py: loops made lighter
hoist.py      what lanes share in a loop has a loop of its own; gathered.py: what lanes add up is one array
lift.py       long axes of an example become lane axes (`Row`), by lifting.py; folds.py: totals over them
updates.py    long arrays that are written: what they have at each place
lower.py      a program's results, cut into kernels and library calls; plan.py: what such a plan is made of
kernel.py     one kernel: a loop nest over lane axes; memory.py: its loads and stores; values.py: arrays in registers,
              view.py: in memory
staged.py     results whose rows are no whole lines, written past the cache by way of a buffer
identities.py floats that need no instruction, by what is known of their signs
gemm.py       vectors times a matrix that all share, by tiles; chains.py: kernels in turns, some lanes at a time
emit.py       text LLVM IR: instructions by region, so that what does not vary is hoisted; formula.py: as formulas
scratch.py    algorithms in registers or, for larger matrices, in memory laid out [element][lane]
rounds.py     lanes that stay in a loop longer than most go on together
sides.py      sides of an if that take long: where no lane of a vector comes to one, jumps.py jumps over its code
cycles.py     its loops; ahead.py: what a turn computes for the next one; aside.py: code for rare lanes, out of the way
pieces.py     parts of a loop that is no multiple of its vectors, by narrower ones
magnitude.py  abs(z) < c by squares
rows/         what each NumPy function becomes, one table
native.py     llvmlite: machine code; onepiece.py: constants behind it; cache.py (on disk), threads.py
vectormath.py elementary functions: of the C library, or written out (elementary.py, exponential.py, tables.py)
run.py        a plan at work; batches.py: for batches of every size; buffers.py: memory of large results, used again
jit.py        jit, its programs by signature.py, and the way back to eager lanes; short.py: calls with plain containers
contents.py   arrays of closures and globals whose contents change
hot.py        the same for long calls of vmap, without a word and without effects
```
"""
