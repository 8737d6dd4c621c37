"""The kernels written by hand in C (`limits.c`), built at first use.

They need a C compiler and a processor with AVX-512.
"""

from __future__ import annotations

import ctypes
import functools
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("limits.c")
LANES = 8  # that a kernel takes at a time


def missing() -> str:
    """What the kernels lack on this machine; empty if they can run."""
    if not shutil.which("cc"):
        return "C compiler"
    info = Path("/proc/cpuinfo")
    return "" if info.exists() and "avx512dq" in info.read_text() else f"AVX-512 on this {platform.machine()}"


@functools.cache
def library() -> ctypes.CDLL:
    """The kernels, as the compiler makes them."""
    place = Path(tempfile.mkdtemp()) / "limits.so"
    command = ["cc", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC", "-o", str(place), str(SOURCE)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(place))


def address(x: Any) -> ctypes.c_void_p:
    """Where an array begins, as C takes it."""
    return ctypes.c_void_p(x.ctypes.data)


real = ctypes.c_double
