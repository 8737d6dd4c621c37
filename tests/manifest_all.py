"""Every section of the manifest."""

from __future__ import annotations

import manifest_linalg
import manifest_ndarray
import manifest_numpy
from manifest import Section

SECTIONS: list[Section] = [manifest_numpy.SECTION, *manifest_linalg.SECTIONS, *manifest_ndarray.SECTIONS]

NAMES = """
    apply_along_axis apply_over_axes asarray_chkfinite packbits piecewise busday_count busday_offset poly c_ polydiv
    can_cast polyfit polymul datetime_as_string r_ delete roots einsum_path setdiff1d geomspace histogram2d unpackbits
    histogram_bin_edges histogramdd insert is_busday
    __complex__ ix_ lexsort __rmatmul__ resize base
    __contains__
    arctan2.reduce power.reduce intersect1d __ipow__ unique_values
"""
PENDING = {*NAMES.split()}
"""Names that are not yet what their table says."""
