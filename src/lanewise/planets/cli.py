"""``python -m lanewise``: the positions of the planets, from one plain function mapped twice."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NoReturn

from .dates import FIRST_DAY, LAST_DAY, julian_dates
from .elements import Table, load
from .orbit import all_planets
from .output import check_writable, write_positions, write_text
from .svg import orbits_svg
from .timing import compare

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["main"]

DESCRIPTION = """\
Compute where the planets are on every day of two centuries, from one plain
Python function of one planet and one date, mapped over all planets and dates."""

EPILOG = """\
examples:
  python -m lanewise
  python -m lanewise --from 2020-01-01 --planets earth,mars --out some.csv
  python -m lanewise --date 2003-08-27 --picture mars.svg"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line; that of the process by default.

    Returns
    -------
    int
        The exit status: 0, or 2 for a mistake in the command line or a file that can't be written.
    """
    options = _parse(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a character that a terminal lacks is a "?" there
    try:
        from rich.console import Console
    except ImportError:
        return _fail("the tables need rich: pip install 'lanewise[cli]'")
    try:
        _run(options, Console(highlight=False))
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        where = repr(error.filename) if error.filename else "the report"
        return _fail(f"can't write {where}: {error.strerror or error}")
    except KeyboardInterrupt:
        return 130
    return 0


def _run(options: argparse.Namespace, console: Console) -> None:
    """Compute, write the files, and print the report."""
    from . import report

    table: Table = options.planets
    dates = julian_dates(options.first, options.last, options.step)
    with console.status("Computing"):
        start = perf_counter()
        positions = all_planets(table.orbits, dates)
        seconds = perf_counter() - start
    with console.status("Writing"):  # before anything is printed, whose reader may leave early
        if options.out:
            write_positions(options.out, table.names, dates, positions)
        if options.picture:
            write_text(options.picture, orbits_svg(table, options.date))

    console.print(report.heading(table, options.first, options.last, len(dates), seconds))
    console.print(report.section("The axes", report.axes(table, dates, positions)))
    console.print(report.section(f"On {options.date}", report.today(table, options.date)))
    if "mars" in table.names:
        console.print(report.section("Mars closest to Earth", report.mars(options.date)))
    if options.timing:
        with console.status("Timing"):
            comparison = compare(table, dates)
        console.print(report.section("The time it takes", report.speed(comparison)))
    written = [str(path) for path in (options.out, options.picture) if path]
    if written:
        console.print(report.section("Written", *written), soft_wrap=True)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are two lines: what is wrong, and where to read on."""

    def error(self, message: str) -> NoReturn:
        raise SystemExit(_fail(message.removeprefix("argument ")))


def _fail(message: str) -> int:
    """Say what is wrong, and return the exit status for it."""
    print(f"lanewise: {message}\nTry: python -m lanewise --help", file=sys.stderr)
    return 2


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = _Parser(
        prog="python -m lanewise",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument_group("what to compute").add_argument
    first, last = "1850-01-01", "2050-12-31"
    add("--from", dest="first", type=_day, default=first, metavar="DATE", help=f"the first day ({first})")
    add("--to", dest="last", type=_day, default=last, metavar="DATE", help=f"the last day ({last})")
    add("--step", type=_step, default=1, metavar="DAYS", help="days from one date to the next (1)")
    add("--planets", type=_planets, default="all", metavar="NAMES", help="such as earth,mars (all)")
    add("--date", type=_day, default="today", help="the day of the table and the picture (today)")
    add = parser.add_argument_group("what to write").add_argument
    data, picture = _writable(".npz", ".csv"), _writable(".svg")
    add("--out", type=data, metavar="FILE", help="write all positions to a .npz or .csv file")
    add("--picture", type=picture, default="orbits.svg", metavar="FILE", help="draw the orbits (orbits.svg)")
    add("--no-picture", dest="picture", action="store_const", const=None, help="draw nothing")
    add("--no-timing", dest="timing", action="store_false", help="time nothing")
    options = parser.parse_args(arguments)
    if options.first > options.last:
        parser.error(f"--from {options.first} is after --to {options.last}")
    return options


def _day(text: str) -> date:
    """Read a date for which the elements hold."""
    if text == "today":
        day = date.today()
    else:
        parts = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text.strip(), re.ASCII)
        if not parts:
            message = f"{text!r} is not a date: write year-month-day, such as 2003-08-27"
            raise argparse.ArgumentTypeError(message)
        try:
            day = date(*map(int, parts.groups()))
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not a date: {error}") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        message = f"{day} is out of range: the elements hold from {FIRST_DAY} to {LAST_DAY}"
        raise argparse.ArgumentTypeError(message)
    return day


def _step(text: str) -> int:
    """Read a number of days."""
    if not re.fullmatch(r"\d+", text.strip(), re.ASCII) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days: write 1, 2, 3, ...")
    return int(text)


def _planets(text: str) -> Table:
    """Read names of planets, with commas between them."""
    names = [name for name in text.split(",") if name.strip()]
    if text.strip().lower() == "all":
        return load()
    if not names:
        raise argparse.ArgumentTypeError(f"no planets in {text!r}; the table has {', '.join(load().names)}")
    try:
        return load().select(names)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


class _writable:
    """Read the name of a file that can be written and has one of some endings."""

    def __init__(self, *suffixes: str) -> None:
        self.suffixes = suffixes

    def __call__(self, text: str) -> Path:
        path = Path(text)
        if path.suffix.lower() not in self.suffixes:
            raise argparse.ArgumentTypeError(f"{text!r} does not end in {' or '.join(self.suffixes)}")
        try:
            check_writable(path)
        except OSError as error:
            raise argparse.ArgumentTypeError(f"can't write {text!r}: {error}") from None
        return path
