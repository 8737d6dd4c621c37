"""vmap for native Python and NumPy code: write it for one example, run it on all of them."""

from . import lax, numpy, ops, random, tree
from .compile.ir import Program
from .compile.jit import jit, make_program
from .compile.threads import num_threads
from .convert import do_not_convert
from .custom import custom_vmap, sequential_vmap
from .facts import CollectiveError, PerformanceWarning, TraceError
from .padding import pad
from .program import ShapeDtypeStruct, eval_shape
from .ragged import ragged
from .vectorize import vectorize
from .vmap import vmap

__all__ = [
    "CollectiveError",
    "PerformanceWarning",
    "Program",
    "ShapeDtypeStruct",
    "TraceError",
    "custom_vmap",
    "do_not_convert",
    "eval_shape",
    "jit",
    "lax",
    "make_program",
    "num_threads",
    "numpy",
    "pad",
    "ragged",
    "random",
    "sequential_vmap",
    "tree",
    "vectorize",
    "vmap",
]
del ops
