"""The table of `numpy` itself."""

from __future__ import annotations

import numpy as np
from manifest import Section, callables

BRACKETS = "r_ c_ s_ index_exp mgrid ogrid"  # objects that are used as functions are, but with brackets

BATCHED = {
    # elementwise
    "f(x)": "abs absolute arctan arcsinh asinh atan cbrt ceil conj conjugate cos cosh deg2rad degrees exp exp2 expm1 "
    "fabs floor i0 imag isfinite isinf isnan iscomplex isneginf isposinf isreal logical_not nan_to_num negative "
    "ediff1d poly polyder polyint positive rad2deg radians real rint round sign signbit sin sinc sinh spacing square "
    "tan tanh trunc unwrap fix angle around frexp modf",
    "f(z)": "log log10 log1p log2 reciprocal sqrt",
    "f(z + 1)": "acosh arccosh",
    "f(w)": "acos arccos arcsin arctanh asin atanh",
    "f(x, y)": "add allclose convolve correlate polyadd polymul polysub arctan2 atan2 array_equal array_equiv "
    "copysign divide divmod equal floor_divide fmax fmin fmod greater greater_equal heaviside hypot isclose less "
    "less_equal logaddexp logaddexp2 logical_and logical_or logical_xor maximum minimum mod multiply nextafter "
    "not_equal remainder subtract true_divide",
    "f(z, y)": "float_power power pow",
        "f(i, j)": "bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor gcd isin lcm left_shift "
    "right_shift",
    "f(x, j)": "ldexp",
    "f(x, -0.5, 0.5)": "clip",
    "f(c, x, y)": "where",
    "f([c, e], [x, y], 5.0)": "select",
    "f(x, [x < 0, x > 1], [-1.0, lambda v: v * 2, 0.5])": "piecewise",
    "f(i, [x, y, x * y, x])": "choose",
    "after(f, x, y, where=c)": "copyto",
    # reductions
    "f(a, axis=0)": "all amax amin any argmax argmin average count_nonzero cumprod cumsum cumulative_prod "
    "cumulative_sum max mean median min nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin "
    "nanprod nanstd nansum nanvar prod ptp std sum var",
    "f(a, 0.3, axis=1)": "nanquantile quantile",
    "f(a, [10, 50], axis=1)": "nanpercentile percentile",
    "f(a)": "cov corrcoef",
    "f(x, 0.5)": "gradient",
    # shaping
    "f(x, (2, 2))": "reshape resize",
    "f(a, 1)": "expand_dims rot90 roll repeat tile",
    "f(a, axis=1)": "diff flip sort argsort unstack",
    "f(g, 2, 0)": "moveaxis rollaxis swapaxes",
    "f(a, (1, 0))": "permute_dims transpose",
    "f(a.reshape(1, 2, 3))": "squeeze",
    "f(g)": "matrix_transpose ravel atleast_1d atleast_2d atleast_3d copy",
    "f(m)": "diag diagflat diagonal fliplr flipud trace tril triu",
    "f(x, 3)": "vander histogram_bin_edges",
    "f(x, (3, 4))": "broadcast_to",
    "f(x, o)": "broadcast_arrays meshgrid append",
    "lnp.f[x, y]": "c_ r_",
    "f([x, y])": "block column_stack concat concatenate dstack hstack stack vstack",
    "f((x, y))": "lexsort",
    "f(x, 2)": "array_split hsplit split",
    "f(m, 3)": "vsplit",
    "f(g, 2)": "dsplit",
    "f(x, [1, 3])": "delete",
    "f(x, [1, 3], y[:2])": "insert",
    "f(x, (1, 2), mode='edge')": "pad",
    "f(x, np.float32)": "astype",
    "f(x, s)": "full_like",
    "x.reshape(f(x).shape)": "empty_like",
    "x + f(x)": "ones_like zeros_like",
    # sorting, searching, counting
    "f(x, 2)[2]": "partition",
    "x[f(x, 2)[2]]": "argpartition",
    "f(t, x)": "searchsorted",
    "f(x, t)": "digitize trapezoid",
    "f(x, t, y)": "interp",
    "f(q)": "sort_complex",
    "f(x, 3, (-2, 2))": "histogram",
    "f(x, y, 2, [[-2, 2], [-2, 2]])": "histogram2d",
    "f(b, 2, [[-2, 2], [-2, 2]])": "histogramdd",
    # indexing
    "f(x, i, 0)": "take take_along_axis",
    "f(i, (2, 2))": "unravel_index",
    "f((l, i), (3, 4))": "ravel_multi_index",
    "m[f(k > -9, [True, True, False])]": "ix_",
    "after(f, x, i, y)": "put",
    "after(f, x, i, y, 0)": "put_along_axis",
    "after(f, x, c, y)": "putmask place",
    "after(f, m, s)": "fill_diagonal",
    "m[f(m)]": "diag_indices_from tril_indices_from triu_indices_from",
    # products
    "f(m, n)": "cross dot inner kron matmul outer tensordot vdot vecdot",
    "f(m, k)": "matvec",
    "f(k, m)": "vecmat",
    "f('ij,jk', m, n)": "einsum",
    "x.sum() + len(f('ij,jk', m, n))": "einsum_path",
    # polynomials of the old kind
    "f(z, k)": "polydiv",
    "f(x, u)": "polyval",
    "f(t, x, 1)": "polyfit",
    # bits, dates, apply
    "f(c)": "packbits",
    "f(h)": "bitwise_count bitwise_invert bitwise_not invert unpackbits",
    "f(lambda v: v + 1, 1, 1)(i).astype(float)": "frompyfunc",
    "f(np.sum, 0, a)": "apply_along_axis",
    "f(np.sum, a, [0])": "apply_over_axes",
    "f(date)": "datetime_as_string is_busday isnat",
    "f(date, date + days)": "busday_count",
    "f(date, i, roll='forward')": "busday_offset",
    # makers of arrays, in their form for lane values
    "lnp.f(x)": "array asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray require",
    "lnp.f(x)[:]": "from_dlpack",
    "lnp.f(4, s)": "full",
    "lnp.f(s, 2.0, 4)": "linspace logspace",
    "lnp.f(r, 2.0, 4)": "geomspace",
    # what the example's type says
    "x * f(x, y).size": "broadcast",
    "x * f(x)": "ndim size isrealobj iscomplexobj isfortran isscalar iterable",
    "x.reshape(f(x))": "shape",
    "x.astype(f(x, x))": "common_type",
    "x.astype(f(x, np.float32))": "result_type",
    "x * f(x, np.float64)": "can_cast",
}
SPLITS = {
    "total(f(d + l[:1]))": "bincount",
    "total(f(l))": "argwhere flatnonzero roots trim_zeros unique unique_values",
    "total(*f(l))": "nonzero unique_all unique_counts unique_inverse",
    "total(f(c, x))": "compress extract",
    "total(f(l, i))": "intersect1d setdiff1d setxor1d union1d",
    "total(f(x + 1j * c[0]))": "real_if_close",
        "total(lnp.f(d))": "arange",
}
LANE_BY_LANE = {
    "text for each lane": {"len(f(x))": "array2string array_repr array_str"},
    "a dtype for each lane": {"x * (f(s).itemsize > 0)": "min_scalar_type"},
    "whether the memory of one lane's arrays overlaps": {"x * f(x, x)": "may_share_memory shares_memory"},
    "an iterator over the memory of one lane's arrays": {
        "sum(v for _, v in f(x))": "ndenumerate",
        "sum(v * 1.0 for v in f(x))": "nditer",
        "sum(1.0 for _ in f(m, [[0], [1]])[0])": "nested_iters",
    },
    "a Python function of each element": {"f(lambda v: v + 1)(x)": "vectorize"},
}
NOT_FOR_ARRAYS = {
    "a dtype or a kind of them": "bool bool_ byte bytes_ cdouble character clongdouble complex128 complex256 "
    "complex64 complexfloating csingle datetime64 double dtype flexible float128 float16 float32 float64 floating "
    "generic half inexact int16 int32 int64 int8 int_ intc integer intp long longdouble longlong number object_ "
    "short signedinteger single str_ timedelta64 ubyte uint uint16 uint32 uint64 uint8 uintc uintp ulong ulonglong "
    "unsignedinteger ushort void",
    "questions about dtypes": "finfo iinfo isdtype issubdtype mintypecode promote_types typename datetime_data",
    "settings": "errstate getbufsize geterr geterrcall get_printoptions printoptions set_printoptions setbufsize "
    "seterr seterrcall",
    "about the installation": "get_include info show_config show_runtime test",
    "reads or writes files": "fromfile fromregex genfromtxt load loadtxt save savetxt savez savez_compressed memmap",
    "reads a buffer or a string": "frombuffer fromstring",
    "text of one Python number": "base_repr binary_repr format_float_positional format_float_scientific",
    "makes an array of plain values": "fromiter empty eye identity indices ones tri zeros fromfunction bartlett "
    "blackman hamming hanning kaiser diag_indices mask_indices tril_indices triu_indices broadcast_shapes ndindex s_ "
    "index_exp mgrid ogrid",
    "classes": "flatiter ndarray ufunc matrix asmatrix bmat recarray record poly1d busdaycalendar",
    "deprecated: NumPy itself warns": "in1d row_stack trapz",
}

SECTION = Section(
    "numpy", "np.", callables(np, *BRACKETS.split()), BATCHED, SPLITS, LANE_BY_LANE, NOT_FOR_ARRAYS,
    some_versions="float128 complex256 matvec vecmat unstack cumulative_prod cumulative_sum row_stack fix in1d trapz",
    needs_lanes="geomspace isfortran ix_ piecewise polydiv polyfit polymul",
    shared="setdiff1d ix_ full_like take compress",
)  # fmt: skip
