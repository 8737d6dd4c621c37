"""vmap for native Python and NumPy code: write it for one example, run it on all of them."""

from . import lax, numpy, ops, random, tree
from .custom import custom_vmap, sequential_vmap
from .facts import CollectiveError, PerformanceWarning, TraceError
from .padding import pad
from .program import ShapeDtypeStruct, eval_shape
from .ragged import ragged
from .vmap import vmap

__all__ = [
    "CollectiveError",
    "PerformanceWarning",
    "ShapeDtypeStruct",
    "TraceError",
    "custom_vmap",
    "eval_shape",
    "lax",
    "numpy",
    "pad",
    "ragged",
    "random",
    "sequential_vmap",
    "tree",
    "vmap",
]
del ops
