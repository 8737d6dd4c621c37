"""`python -m lanewise`: its report, its files, and what it says of mistakes."""

from __future__ import annotations

import csv
import errno
import inspect
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from datetime import date

import numpy as np
import pytest

from lanewise.planets import all_planets, julian_dates, load, orbit
from lanewise.planets.cli import main

SHORT = ("--from", "2003-08-01", "--to", "2003-09-30", "--date", "2003-08-27")
QUIET = ("--no-picture", "--no-timing")


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def failure(capsys, *arguments):
    """Run with a mistake; return what it says, having checked that it says it briefly and to stderr."""
    try:
        status = main([*QUIET, *arguments])
    except SystemExit as exit:
        status = exit.code
    out, err = capsys.readouterr()
    assert status == 2
    assert out == ""
    first, *rest = err.splitlines()
    assert rest == ["Try: python -m lanewise --help"]
    return first.removeprefix("lanewise: ")


def environment(encoding):
    return {**os.environ, "PYTHONIOENCODING": encoding}


# The report.


def test_report_has_everything(capsys, tmp_path):
    assert main(SHORT) == 0
    out = capsys.readouterr().out
    assert "488 positions (8 planets, 61 dates)" in out
    for planet in load().names:
        assert planet.capitalize() in out
    assert re.search(r"result +\(3,\) +\(8, 61, 3\) +0 planets, 1 dates", out)
    assert re.search(r"orbit\['rates'\] +6 floats +\(8,\) +0 planets", out)
    assert re.search(r"next +2003-08-27 +0\.373. au +55\.80 million km +the same day", out)
    assert re.search(r"then +2005-10-30 +0\.464. au +69\.46 million km +in 795 days", out)
    for way in ("lanewise.vmap", "Python loop", "np.vectorize"):
        assert re.search(rf"{way} +488 ", out)
    assert re.search(r"● Mars +1\.240 .* 0\.373 +55\.8 +3m 06s", out)
    assert "orbits.svg" in out
    assert [path.name for path in tmp_path.iterdir()] == ["orbits.svg"]


def test_report_shows_the_maps_as_they_are(capsys):
    main([*SHORT, *QUIET])
    out = capsys.readouterr().out
    shown = [line.strip() for line in out.splitlines() if " = vmap(" in line]
    assert len(shown) == 2
    assert all(line in inspect.getsource(orbit) for line in shown)


@pytest.mark.parametrize("columns", ["80", "120"])
def test_report_fits_the_terminal(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    main([*SHORT, "--from", "1850-01-01", "--step", "200"])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= int(columns)
    assert "…" not in out


def test_report_of_two_planets(capsys):
    assert main([*SHORT, *QUIET, "--planets", "Saturn,earth"]) == 0
    out = capsys.readouterr().out
    assert "122 positions (2 planets, 61 dates)" in out
    assert out.index("● Saturn") < out.index("● Earth")
    assert "Mars" not in out


def test_report_of_one_planet_on_one_date(capsys):
    assert main(["--from", "2020-01-01", "--to", "2020-01-01", "--planets", "mars"]) == 0
    assert "\n1 position (1 planet, 1 date)" in capsys.readouterr().out


def test_report_at_the_end_of_the_elements(capsys):
    assert main([*QUIET, "--from", "2050-12-01", "--date", "2050-12-31"]) == 0
    assert re.search(r"next +none +until 2050-12-31\s", capsys.readouterr().out)


def test_report_without_picture_or_timing(capsys, tmp_path):
    assert main([*SHORT, *QUIET]) == 0
    out = capsys.readouterr().out
    assert "np.vectorize" not in out
    assert "Written" not in out
    assert list(tmp_path.iterdir()) == []


def test_module_runs(tmp_path):
    command = [sys.executable, "-W", "error", "-m", "lanewise", *SHORT, *QUIET]
    run = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment("utf-8"))
    assert (run.returncode, run.stderr) == (0, "")
    assert "488 positions" in run.stdout


def test_terminal_without_unicode():
    command = [sys.executable, "-m", "lanewise", *SHORT, "--no-picture"]
    run = subprocess.run(command, capture_output=True, encoding="ascii", env=environment("ascii"))
    assert (run.returncode, run.stderr) == (0, "")
    assert "Neptune" in run.stdout


def test_reader_that_leaves_early(tmp_path):
    command = [sys.executable, "-m", "lanewise", *SHORT, "--no-timing"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, env=environment("utf-8")) as run:
        run.stdout.close()
        assert run.stderr.read() == b""
    assert (tmp_path / "orbits.svg").exists()


# Its files.


def test_npz_holds_the_positions(tmp_path):
    assert main([*SHORT, *QUIET, "--planets", "mars,earth", "--step", "3", "--out", "some.npz"]) == 0
    dates = julian_dates(date(2003, 8, 1), date(2003, 9, 30), 3)
    with np.load("some.npz") as file:
        assert sorted(file) == ["dates", "julian_dates", "planets", "positions"]
        assert file["planets"].tolist() == ["mars", "earth"]
        assert file["dates"].tolist()[:2] == [date(2003, 8, 1), date(2003, 8, 4)]
        np.testing.assert_array_equal(file["julian_dates"], dates)
        expected = all_planets(load().select(["mars", "earth"]).orbits, dates)
        np.testing.assert_array_equal(file["positions"], expected)


def test_csv_holds_the_positions(tmp_path):
    assert main([*SHORT, *QUIET, "--planets", "venus,mars", "--out", "some.csv"]) == 0
    dates = julian_dates(date(2003, 8, 1), date(2003, 9, 30))
    expected = all_planets(load().select(["venus", "mars"]).orbits, dates)
    with open("some.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["planet"] for row in rows] == ["venus"] * 61 + ["mars"] * 61
    assert (rows[0]["date"], rows[-1]["date"]) == ("2003-08-01", "2003-09-30")
    values = np.array([[float(row[name]) for name in ("x_au", "y_au", "z_au")] for row in rows])
    np.testing.assert_allclose(values.reshape(2, 61, 3), expected, rtol=0, atol=6e-10)


def test_picture_of_a_day(tmp_path):
    assert main([*SHORT, "--no-timing", "--picture", "mars.svg", "--planets", "earth,mars"]) == 0
    picture = (tmp_path / "mars.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(picture)[0].text == "The planets on 2003-08-27"


def test_files_are_replaced_whole(tmp_path, monkeypatch, capsys):
    (tmp_path / "some.npz").write_bytes(b"old")

    def run_full(file, **arrays):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", run_full)
    assert failure(capsys, *SHORT, "--out", "some.npz") == "can't write 'some.npz': No space left on device"
    assert (tmp_path / "some.npz").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["some.npz"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    assert main([*SHORT, *QUIET, "--out", "link.csv"]) == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text().startswith("planet,date")


# What it says of mistakes.

WRITE = "write year-month-day, such as 2003-08-27"
HOLD = "the elements hold from 1800-01-01 to 2050-12-31"
STEP = "not a number of days: write 1, 2, 3, ..."
KNOWN = "the table has " + ", ".join(load().names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--date", "tomorrow"], f"--date: 'tomorrow' is not a date: {WRITE}"),
        (["--from", "31.12.1999"], f"--from: '31.12.1999' is not a date: {WRITE}"),
        (["--to", "2023-02-29"], "--to: '2023-02-29' is not a date: day is out of range for month"),
        (["--to", "2023-13-01"], "--to: '2023-13-01' is not a date: month must be in 1..12"),
        (["--from", "1799-12-31"], f"--from: 1799-12-31 is out of range: {HOLD}"),
        (["--date", "2051-1-1"], f"--date: 2051-01-01 is out of range: {HOLD}"),
        (["--from", "2001-01-01", "--to", "2000-01-01"], "--from 2001-01-01 is after --to 2000-01-01"),
        (["--step", "0"], f"--step: '0' is {STEP}"),
        (["--step", "1.5"], f"--step: '1.5' is {STEP}"),
        (["--planets", ","], f"--planets: no planets in ','; {KNOWN}"),
        (["--planets", "earth,Jupitr"], f"--planets: no planet 'Jupitr' (did you mean jupiter?); {KNOWN}"),
        (["--planets", "pluto"], f"--planets: no planet 'pluto'; {KNOWN}"),
        (["--out", "some.txt"], "--out: 'some.txt' does not end in .npz or .csv"),
        (["--picture", "some.png"], "--picture: 'some.png' does not end in .svg"),
        (["--out", "no/such/a.npz"], "--out: can't write 'no/such/a.npz': there is no directory no/such"),
        (["--form", "2000-01-01"], "unrecognized arguments: --form 2000-01-01"),
    ],
)
def test_mistakes(capsys, tmp_path, arguments, message):
    assert failure(capsys, *arguments) == message
    assert list(tmp_path.iterdir()) == []


def test_output_that_is_a_directory(capsys, tmp_path):
    (tmp_path / "some.csv").mkdir()
    assert failure(capsys, "--out", "some.csv") == "--out: can't write 'some.csv': some.csv is a directory"


def test_without_rich(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert failure(capsys, *SHORT) == "the tables need rich: pip install 'lanewise[cli]'"


def test_interrupt(monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("lanewise.planets.cli.all_planets", interrupted)
    assert main([*SHORT, *QUIET]) == 130


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    out = capsys.readouterr().out
    for option in ("--from", "--to", "--step", "--planets", "--date", "--out", "--picture", "--no-timing"):
        assert option in out
    assert max(map(len, out.splitlines())) <= 80
