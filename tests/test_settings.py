"""Settings of the environment: who gives one that can't be understood is told which, what is there, and what may be."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

from lanewise import PerformanceWarning, hot, jit, settings, vmap

BAD = [
    ("LANEWISE_NUM_THREADS", text, f"LANEWISE_NUM_THREADS must be an integer of at least 1, not {text!r}")
    for text in ("abc", "0", "-3", "1.5", " ", "²")
] + [
    ("LANEWISE_POOL_BYTES", "1 GB", "LANEWISE_POOL_BYTES must be an integer of at least 0, not '1 GB'"),
    ("LANEWISE_TARGET", "pentium", "LANEWISE_TARGET must be one of avx2, sse2, not 'pentium'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "message"), BAD)
def test_jit_says_what_it_does_not_understand(monkeypatch, name, text, message):
    monkeypatch.setenv(name, text)
    with pytest.raises(ValueError, match=re.escape(message)):
        jit(lambda x: x)


@pytest.mark.parametrize(("name", "text", "message"), BAD)
def test_a_long_call_of_vmap_stays_eager_and_says_why(monkeypatch, name, text, message):
    def halve(x):
        while x > 1e-3:
            x = x * 0.5
        return x

    monkeypatch.setattr(hot, "LONG", 1)
    monkeypatch.setenv(name, text)
    x = np.linspace(1, 50, 2000)
    with pytest.warns(PerformanceWarning, match=re.escape(message)):
        found = vmap(halve)(x)
    assert np.array_equal(found, [halve(y) for y in x])


def test_what_is_understood(monkeypatch):
    for name in ("LANEWISE_NUM_THREADS", "LANEWISE_POOL_BYTES", "LANEWISE_TARGET"):
        monkeypatch.delenv(name, raising=False)
    settings.check()
    assert (settings.threads(), settings.pool_bytes(), settings.target()) == (None, settings.POOL_BYTES, "")
    monkeypatch.setenv("LANEWISE_NUM_THREADS", "3")
    monkeypatch.setenv("LANEWISE_POOL_BYTES", "0")
    monkeypatch.setenv("LANEWISE_TARGET", "avx2")
    settings.check()
    assert (settings.threads(), settings.pool_bytes(), settings.target()) == (3, 0, "avx2")
    monkeypatch.setenv("LANEWISE_NUM_THREADS", "")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        settings.check()
    assert settings.threads() is None
