"""jit: a function is traced on zero lanes into a `Program`, and the program lowered to native code.

```
ir.py         Program, Node, Value: NumPy functions of one example, and the lane axes that each value has
trace.py      runs a function on zero lanes and records what it asks of NumPy
control.py    while, cond and scan as nodes with sub-programs
passes.py     from program to program: decompose, fold, common subexpressions, dead code
lower.py      a program's results, cut into kernels and library calls
kernel.py     one kernel: a loop nest over lane axes, its loads and stores
emit.py       text LLVM IR: instructions by region, so that what does not vary is hoisted
rows/         what each NumPy function becomes, one table
native.py     llvmlite: machine code, vector math, the cache on disk
launch.py     pointers and strides into a kernel; threads
jit.py        jit, its cache of signatures, and the way back to eager lanes
```
"""
