"""Control flow and collectives under JAX's names (`jax.lax`), on plain values and on lane values.

What is NumPy's under its own or another name (``lax.add``, ``lax.eq``) is NumPy's own function.
"""

from numpy import (
    abs,
    add,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    ceil,
    cos,
    dot,
    exp,
    expm1,
    floor,
    log,
    log1p,
    sign,
    sin,
    sqrt,
    square,
    tan,
    tanh,
)
from numpy import equal as eq
from numpy import fmod as rem
from numpy import greater as gt
from numpy import greater_equal as ge
from numpy import isfinite as is_finite
from numpy import less as lt
from numpy import less_equal as le
from numpy import maximum as max
from numpy import minimum as min
from numpy import multiply as mul
from numpy import negative as neg
from numpy import not_equal as ne
from numpy import power as pow
from numpy import subtract as sub

from ._arrays import (
    clamp,
    dynamic_index_in_dim,
    dynamic_slice,
    dynamic_slice_in_dim,
    dynamic_update_index_in_dim,
    dynamic_update_slice,
    dynamic_update_slice_in_dim,
    rsqrt,
    select,
    select_n,
    stop_gradient,
    top_k,
)
from ._branches import cond, switch
from ._collectives import (
    all_gather,
    all_to_all,
    axis_index,
    axis_size,
    pmax,
    pmean,
    pmin,
    ppermute,
    pshuffle,
    psum,
)
from ._loops import fori_loop, map, scan, while_loop
from ._scans import associative_scan, cumlogsumexp, cummax, cummin, cumprod, cumsum

__all__ = [
    "abs", "add", "all_gather", "all_to_all", "associative_scan", "axis_index", "axis_size", "bitwise_and",
    "bitwise_not", "bitwise_or", "bitwise_xor", "ceil", "clamp", "cond", "cos", "cumlogsumexp", "cummax", "cummin",
    "cumprod", "cumsum", "dot", "dynamic_index_in_dim", "dynamic_slice", "dynamic_slice_in_dim",
    "dynamic_update_index_in_dim", "dynamic_update_slice", "dynamic_update_slice_in_dim", "eq", "exp", "expm1", "floor",
    "fori_loop", "ge", "gt", "is_finite", "le", "log", "log1p", "lt", "map", "max", "min", "mul", "ne", "neg", "pmax",
    "pmean", "pmin", "pow", "ppermute", "pshuffle", "psum", "rem", "rsqrt", "scan", "select", "select_n", "sign", "sin",
    "sqrt", "square", "stop_gradient", "sub", "switch", "tan", "tanh", "top_k", "while_loop",
]  # fmt: skip
