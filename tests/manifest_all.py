"""Every section of the manifest."""

from __future__ import annotations

import manifest_linalg
import manifest_ndarray
import manifest_numpy
import manifest_polynomial
import manifest_strings
from manifest import Section

SECTIONS: list[Section] = [manifest_numpy.SECTION, *manifest_linalg.SECTIONS, *manifest_polynomial.SECTIONS,
                           *manifest_strings.SECTIONS, *manifest_ndarray.SECTIONS]  # fmt: skip
