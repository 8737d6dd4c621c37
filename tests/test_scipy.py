"""SciPy on lane values: a broad sample equals the loop, in one batch or lane by lane, in both of SciPy's modes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy
from scipy_calls import CALLS, LANES, SPD, X, state

from lanewise import PerformanceWarning, custom_vmap, vmap

KNOWN = tuple(map(int, scipy.__version__.split(".")[:2])) == (1, 17)
"""Which functions follow the standard is SciPy's to say, and grows: the states are those of 1.17."""


@pytest.mark.parametrize("name", CALLS)
def test_as_scipy_is(name: str) -> None:
    plain, _, f, x = CALLS[name]
    found = state(f, x)
    assert found == plain or not KNOWN


def test_in_the_array_api_mode() -> None:
    script = Path(__file__).with_name("scipy_calls.py")
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    run = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout)
    assert set(found) == set(CALLS)
    if KNOWN:
        assert found == {name: api for name, (_, api, _, _) in CALLS.items()}


def test_the_warning_names_the_line_of_the_call() -> None:
    with pytest.warns(PerformanceWarning, match=r"test_scipy\.py:\d+"):
        vmap(lambda x: scipy.linalg.expm(x))(SPD)


def test_a_rule_of_ones_own_keeps_a_function_in_the_batch() -> None:
    @custom_vmap
    def inv(a):
        return scipy.linalg.inv(a)

    @inv.def_vmap
    def rule(axis_size, in_batched, a):
        return scipy.linalg.inv(a), True

    found = vmap(lambda a: inv(a).sum(axis=0), strict=True)(SPD)
    np.testing.assert_allclose(found, np.linalg.inv(SPD).sum(axis=1), rtol=1e-10)


def test_lanewise_does_not_import_scipy() -> None:
    code = (
        "import sys, lanewise, lanewise.numpy as lnp, numpy as np;"
        "lanewise.vmap(lambda x: x.__array_namespace__().sum(x))(np.ones((2, 2)));"
        "assert not hasattr(lnp, 'special');"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'scipy']"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_special_functions_are_for_scipy_alone() -> None:
    import lanewise.numpy as lnp

    assert isinstance(lnp.special.erf, np.ufunc)
    assert not hasattr(lnp.special, "logsumexp")
    assert "special" not in dir(lnp)
    assert any(LANES in row[:2] for row in CALLS.values())
    np.testing.assert_array_equal(vmap(lambda x: lnp.special.erf(x), strict=True)(X), scipy.special.erf(X))
