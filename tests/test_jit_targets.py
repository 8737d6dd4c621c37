"""Kernels for processors without AVX-512, and for C libraries without vector math."""

import ast
import os
import subprocess
import sys

import pytest

PROGRAM = """
import re, sys
import numpy as np
from lanewise import jit, vmap
from lanewise.compile import run
from lanewise.compile.native import machine
from lanewise.compile.rows.elementwise import ELEMENTS

special = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.5, 1e-5, 30.0, -745.0, 1e300, np.inf, -np.inf, np.nan]
x = np.array(special * 3 + list(np.linspace(-4, 4, 41)))
with np.errstate(all="ignore"):
    for ufunc in sorted(ELEMENTS, key=lambda ufunc: ufunc.__name__):
        for dtype in (np.float64, np.float32):
            args = [x.astype(dtype)] if ufunc.nin == 1 else [x.astype(dtype), np.roll(x, 5).astype(dtype)]
            try:
                wanted = ufunc(*args)
            except TypeError:
                continue
            found = jit(vmap(ufunc))(*args)
            for a, b in zip(*[v if isinstance(v, tuple) else (v,) for v in (found, wanted)]):
                rtol = 1e-13 if dtype is np.float64 else 2e-6
                atol = rtol if "logadd" in ufunc.__name__ else 1e-300  # it may lose digits
                np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg=f"{ufunc} {dtype}")
    rows = np.random.default_rng(0).normal(size=(40, 33))
    f = lambda x: np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x)))
    np.testing.assert_allclose(jit(vmap(f))(rows), np.stack([f(row) for row in rows]), rtol=1e-13)
    matrices = rows[:, :16].reshape(40, 4, 4) + 5 * np.eye(4)
    np.testing.assert_allclose(jit(vmap(np.linalg.inv))(matrices), np.linalg.inv(matrices), rtol=1e-9)
    weights = np.random.default_rng(1).normal(size=(33, 45))
    for dtype in (np.float64, np.float32):
        x, w = np.tile(rows, (2, 1)).astype(dtype), weights.astype(dtype)
        found, rtol = jit(vmap(lambda x: np.abs(x @ w) @ w.T))(x), 1e-12 if dtype is np.float64 else 1e-4
        np.testing.assert_allclose(found, np.abs(x @ w) @ w.T, rtol=rtol, atol=100 * rtol)

code = ""
for text in run.KERNELS:
    module = machine().llvm.parse_assembly(text)
    code += machine().generator(2).emit_assembly(module)
print(sorted(set(re.findall("[xyz]mm(?=[0-9])", code))), "_ZGV" in code)
"""


@pytest.mark.parametrize(
    ("settings", "registers", "vector_math"),
    [
        ({"LANEWISE_TARGET": "avx2"}, {"xmm", "ymm"}, True),
        ({"LANEWISE_TARGET": "sse2"}, {"xmm"}, True),
        ({"LANEWISE_TARGET": "sse2", "LANEWISE_VECTOR_MATH": "0"}, {"xmm"}, False),
        ({"LANEWISE_VECTOR_MATH": "0"}, None, False),
    ],
)
def test_targets(settings, registers, vector_math):
    environment = {**os.environ, "LANEWISE_CACHE_DIR": "", **settings}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found, vectors = done.stdout.strip().rsplit(" ", 1)
    if registers is not None:
        assert set(ast.literal_eval(found)) <= registers
    assert vectors == "False" or vector_math


def test_unknown_target():
    code = "from lanewise.compile.native import machine; machine()"
    environment = {**os.environ, "LANEWISE_TARGET": "pentium"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "LANEWISE_TARGET must be one of avx2, sse2, not 'pentium'" in done.stderr


def test_code_may_lie_anywhere():
    """Constants and jump tables are not addressed by 32 bits, which a linker far away can't fill in."""
    code = (
        "from lanewise.compile.native import machine\n"
        "names = ', '.join(f'double {n}.0' for n in range(64))\n"
        "text = f'@t = internal constant [64 x double] [{names}]\\n'\n"
        "text += 'define double @f(i64 %n) {\\n %p = getelementptr double, ptr @t, i64 %n\\n'\n"
        "text += ' %v = load double, ptr %p\\n ret double %v\\n}\\n'\n"
        "m = machine()\n"
        "text = f'target triple = \"{m.triple}\"\\n' + text\n"
        "address, = m.link(m.compile(text), {}, 'f')\n"
        "import ctypes\n"
        "print(ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64)(address)(37))\n"
    )
    environment = {**os.environ, "LANEWISE_CACHE_DIR": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "37.0", done.stderr[-2000:]
