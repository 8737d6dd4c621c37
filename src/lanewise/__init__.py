"""vmap for native Python and NumPy code: write it for one example, run it on all of them."""

from . import ops, tree
from .facts import PerformanceWarning, TraceError
from .vmap import vmap

__all__ = ["PerformanceWarning", "TraceError", "ops", "tree", "vmap"]
