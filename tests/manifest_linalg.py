"""The tables of `numpy.linalg`, `numpy.fft` and `numpy.lib.stride_tricks`."""

from __future__ import annotations

import numpy as np
from manifest import Section, callables

LINALG = Section(
    "numpy.linalg", "np.linalg.", callables(np.linalg),
    batched={
        "f(p)": "cholesky cond det eigh eigvalsh inv matrix_norm matrix_rank norm pinv qr slogdet svd svdvals",
        "f(m)": "diagonal matrix_transpose trace vector_norm",
        "f(m, 3)": "matrix_power",
        "f(m, n)": "cross matmul tensordot vecdot",
        "f(k, k + 1)": "outer",
        "f([m, n, m])": "multi_dot",
        "f(p, k)": "solve tensorsolve",
        "f(p, ind=1)": "tensorinv",
        "f(b, k)[0]": "lstsq",
    },
    splits={"total(*f(m))": "eig", "total(f(m))": "eigvals"}, varies="eig eigvals",
    not_for_arrays={"a class of exceptions": "LinAlgError", "about the installation": "test"},
)  # fmt: skip

FFT = Section(
    "numpy.fft", "np.fft.", callables(np.fft),
    batched={
        "f(x)": "fft fftn fftshift hfft ifft ifftn ifftshift ihfft irfft irfftn rfft rfftn",
        "f(a)": "fft2 ifft2 irfft2 rfft2",
    },
    not_for_arrays={"makes an array of plain values": "fftfreq rfftfreq", "about the installation": "test"},
)  # fmt: skip

STRIDE_TRICKS = Section(
    "numpy.lib.stride_tricks", "np.lib.stride_tricks.", callables(np.lib.stride_tricks),
    batched={
        "f(x, 2)": "sliding_window_view",
        "lnp.lib.stride_tricks.f(x, (2, 2), (2 * x.strides[0], *x.strides))": "as_strided",
    },
    needs_lanes="as_strided",
)  # fmt: skip

SECTIONS = [LINALG, FFT, STRIDE_TRICKS]
