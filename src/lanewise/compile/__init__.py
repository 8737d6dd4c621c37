"""jit: a function is traced on zero lanes into a `Program`, and the program lowered to native code.

```
ir.py         Program, Node, Value: NumPy functions of one example, and the lane axes that each value has
tape.py       the values of a program in the making, and the lane values that stand for them
trace.py      the recorder: what a function on zero lanes asks of NumPy, as nodes
cells.py      arrays that are written and viewed, as values
whole.py      a function's arguments, results and written arguments
formulas.py   composites in terms of simpler functions
builtins.py   builtins and math in converted code
statements.py converted Python statements: masks, loops, returns
control.py    while, cond and scan as nodes with sub-programs
passes.py     from program to program: fold, common subexpressions, dead code
lower.py      a program's results, cut into kernels and library calls
kernel.py     one kernel: a loop nest over lane axes, its loads and stores
emit.py       text LLVM IR: instructions by region, so that what does not vary is hoisted
rows/         what each NumPy function becomes, one table
native.py     llvmlite: machine code; vectormath.py, cache.py (on disk), threads.py
run.py        a plan at work
jit.py        jit, its cache of signatures, and the way back to eager lanes
```
"""
