"""The physics of the planets against known facts, and the maps against the loop."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanewise.planets import (
    FIRST_DAY,
    LAST_DAY,
    all_planets,
    calendar_time,
    heliocentric,
    julian_date,
    julian_dates,
    kepler,
    load,
    next_approach,
    one_planet,
    separation,
)
from lanewise.planets.events import AU_KM, distances
from lanewise.planets.svg import orbits_svg
from lanewise.planets.timing import by_loop, by_vectorize, compare

PLANETS = load().names
EARTH, MARS = load().orbit("earth"), load().orbit("mars")

# The nominal errors of the elements are typical ones; against the theory below the largest are up to three
# times those. Neptune's are larger: the Sun itself moves, by up to 0.01 au, about the centre of mass of the
# Solar System, and the elements, a Kepler orbit, leave that out.
LARGEST = dict.fromkeys(PLANETS, 3.0) | {"neptune": 10.0}

# Heliocentric longitude and latitude (degrees), distance (au), on REFERENCE_DAYS, ecliptic of J2000. Source:
# the theory of J. L. Simon et al., Astronomy and Astrophysics 282, 663 (1994), as eraPlan94 of ERFA 2.0.1.
REFERENCE_DAYS = [date(1850, 1, 1), date(1930, 3, 15), date(2000, 1, 1), date(2050, 12, 31)]
REFERENCE = {
    "mercury": [
        (307.2855, -6.8808, 0.426988),
        (301.5771, -6.7113, 0.434637),
        (252.4102, -2.8700, 0.466258),
        (181.9886, 5.0724, 0.390473),
    ],
    "venus": [
        (247.5853, 0.5618, 0.725475),
        (15.7994, -2.9725, 0.725465),
        (181.7938, 3.2775, 0.720160),
        (144.1927, 3.1399, 0.718582),
    ],
    "earth": [
        (102.3915, 0.0187, 0.983255),
        (174.6654, 0.0001, 0.994593),
        (99.8700, 0.0000, 0.983312),
        (98.7697, -0.0065, 0.983363),
    ],
    "mars": [
        (95.1085, 1.3193, 1.583728),
        (311.3483, -1.8354, 1.392119),
        (359.1360, -1.4259, 1.390939),
        (46.1673, -0.1044, 1.463338),
    ],
    "jupiter": [
        (165.1272, 1.1833, 5.419683),
        (81.1172, -0.4297, 5.088910),
        (36.2421, -1.1736, 4.965347),
        (146.2259, 0.9316, 5.358274),
    ],
    "saturn": [
        (9.8974, -2.4096, 9.444884),
        (276.2960, 0.7503, 10.045213),
        (45.7141, -2.3071, 9.183025),
        (309.6517, -0.6917, 9.927416),
    ],
    "uranus": [
        (27.1911, -0.5646, 19.899399),
        (12.1241, -0.6827, 20.031921),
        (316.4120, -0.6853, 19.924672),
        (171.8189, 0.7652, 18.285042),
    ],
    "neptune": [
        (336.2788, -0.7336, 29.976210),
        (153.3106, 0.6494, 30.149672),
        (303.9259, 0.2421, 30.120515),
        (56.5023, -1.7120, 29.817083),
    ],
}


def nominal_km(*names: str) -> float:
    """Return the sum of the nominal errors of some planets' distances from the Sun."""
    return sum(load().errors["distance"][load().index(name)] for name in names)


def angle(u: np.ndarray, v: np.ndarray) -> float:
    """Return the angle between two directions, in degrees."""
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v)), u @ v)))


# The table of elements.


def test_elements_are_those_of_the_source():
    # Cells of the table in all its columns, typed from the source apart from the data file.
    assert load().orbit("mercury") == {
        "elements": {
            "a": 0.38709927,
            "e": 0.20563593,
            "I": 7.00497902,
            "L": 252.25032350,
            "varpi": 77.45779628,
            "node": 48.33076593,
        },
        "rates": {
            "a": 0.00000037,
            "e": 0.00001906,
            "I": -0.00594749,
            "L": 149472.67411175,
            "varpi": 0.16047689,
            "node": -0.12534081,
        },
    }
    assert load().orbit("neptune")["rates"]["I"] == 0.00035372
    assert [float(column.sum()) for column in load().errors.values()] == [1155, 50, 3_336_000]


def test_orbit_is_a_row_of_the_table():
    table = load()
    for row, name in enumerate(table.names):
        for part, elements in table.orbit(name).items():
            for element, value in elements.items():
                assert type(value) is float
                assert table.orbits[part][element][row] == value


def test_select_keeps_the_order_asked_for():
    some = load().select(["Mars", " earth", "mars"])
    assert some.names == ("mars", "earth")
    assert some.orbit("earth") == EARTH
    assert some.errors["distance"].tolist() == [25_000, 6000]


@pytest.mark.parametrize(("name", "hint"), [("mras", r" \(did you mean mars\?\)"), ("pluto", ""), ("", "")])
def test_unknown_planet_names_the_known_ones(name, hint):
    with pytest.raises(
        ValueError, match=f"no planet '{name}'{hint}; the table has mercury, venus, .*, neptune"
    ):
        load().index(name)


# Kepler's equation.


@given(M=st.floats(-np.pi, np.pi), e=st.floats(0, 0.5))
def test_kepler_solves_its_equation(M, e):
    E = kepler(M, e)
    assert abs(E - e * np.sin(E) - M) < 1e-14


def test_kepler_of_a_circle_and_at_the_apses():
    assert kepler(1.25, 0.0) == 1.25
    assert kepler(0.0, 0.2) == 0.0
    assert kepler(np.pi, 0.2) == pytest.approx(np.pi, abs=1e-15)


# Known facts of the sky.


@pytest.mark.parametrize("name", PLANETS)
def test_positions_agree_with_an_independent_theory(name):
    dates = np.array([julian_date(day) for day in REFERENCE_DAYS])
    x, y, z = one_planet(load().orbit(name), dates).T
    longitude, latitude, distance = np.array(REFERENCE[name]).T
    row, largest = load().index(name), LARGEST[name]
    r = np.sqrt(x * x + y * y + z * z)
    around = (np.degrees(np.arctan2(y, x)) - longitude + 180) % 360 - 180
    assert np.all(abs(around) * 3600 < largest * load().errors["longitude"][row] + 1)
    off_plane = np.degrees(np.arcsin(z / r)) - latitude
    assert np.all(abs(off_plane) * 3600 < largest * load().errors["latitude"][row] + 1)
    assert np.all(abs(r - distance) * AU_KM < largest * load().errors["distance"][row] + 100)


@pytest.mark.parametrize("year", [1850, 1900, 1950, 2000, 2010, 2020, 2024, 2050])
def test_earth_is_nearest_to_the_sun_in_early_january(year):
    around_new_year = julian_dates(max(date(year, 1, 1) - timedelta(20), FIRST_DAY), date(year, 2, 1))
    r = distances(np.zeros(3), one_planet(EARTH, around_new_year))
    perihelion = calendar_time(around_new_year[np.argmin(r)]).date()
    assert date(year, 1, 1) <= perihelion <= date(year, 1, 5)
    assert r.min() == pytest.approx(0.98330, abs=0.0001)


@pytest.mark.parametrize(
    ("day", "au"),
    [
        (date(2003, 8, 27), 0.3727),
        (date(2005, 10, 30), 0.4641),
        (date(2016, 5, 30), 0.5032),
        (date(2018, 7, 31), 0.3850),
        (date(2020, 10, 6), 0.4149),
        (date(2022, 12, 1), 0.5445),
    ],
)
def test_closest_approaches_of_mars(day, au):
    approach = next_approach(load(), ("earth", "mars"), julian_date(day) - 300)
    assert abs(calendar_time(approach.date).date() - day) <= timedelta(days=1)
    # Twice the nominal errors, and the Earth's distance from the barycentre that the table has for it.
    assert abs(approach.km - au * AU_KM) < 2 * nominal_km("earth", "mars") + 5000


def test_venus_crossed_the_sun_in_2012():
    at = julian_date(date(2012, 6, 6)) + 1.5 / 24  # the middle of the transit
    venus, earth = (heliocentric(load().orbit(name), at) for name in ("venus", "earth"))
    assert angle(venus - earth, -earth) < 0.2665  # the Sun's radius, in degrees


def test_jupiter_met_saturn_in_2020():
    at = julian_date(date(2020, 12, 21)) + 18.5 / 24
    earth, jupiter, saturn = (heliocentric(load().orbit(name), at) for name in ("earth", "jupiter", "saturn"))
    assert angle(jupiter - earth, saturn - earth) < 0.2


def test_orbits_have_the_size_of_their_ellipses():
    table, dates = load(), julian_dates(FIRST_DAY, LAST_DAY, 30)
    r = np.linalg.norm(all_planets(table.orbits, dates), axis=-1)
    a, e = table.orbits["elements"]["a"][:, None], table.orbits["elements"]["e"][:, None]
    assert np.all(np.abs(r - a) <= a * e * 1.03)


# Approaches.


@pytest.mark.parametrize("pair", [("earth", "mars"), ("earth", "venus"), ("mars", "jupiter")])
def test_next_approach_is_the_first_least_distance(pair):
    one, other = (load().orbit(name) for name in pair)
    start = julian_date(date(1999, 5, 17))
    approach = next_approach(load(), pair, start)
    assert approach.au == separation(one, other, approach.date)
    later = np.arange(start, approach.date + 5)
    apart = np.array([separation(one, other, day) for day in later])
    rises = np.diff(apart) > 0
    assert apart.min() >= approach.au
    # Farther first perhaps, then nearer, then farther: no other least distance before it.
    turns = np.flatnonzero(~rises[:-1] & rises[1:])
    assert later[turns + 1] == pytest.approx([approach.date], abs=1)


def test_next_approach_on_the_day_itself():
    pair, day = ("earth", "mars"), julian_date(date(2003, 8, 27))
    assert calendar_time(next_approach(load(), pair, day).date).date() == date(2003, 8, 27)
    assert calendar_time(next_approach(load(), pair, day + 1).date).date() == date(2005, 10, 30)


def test_no_approach_before_the_elements_end():
    assert next_approach(load(), ("earth", "mars"), julian_date(date(2050, 9, 1))) is None
    assert next_approach(load(), ("earth", "mars"), julian_date(LAST_DAY)) is None


# Dates.


def test_julian_dates():
    assert julian_date(date(2000, 1, 1)) == 2451544.5
    assert julian_date(date(1858, 11, 17)) == 2400000.5  # where modified Julian dates start
    dates = julian_dates(date(1999, 12, 31), date(2000, 1, 5), 2)
    assert dates.tolist() == [2451543.5, 2451545.5, 2451547.5]
    assert dates.dtype == np.float64


@given(st.dates(FIRST_DAY, LAST_DAY))
def test_calendar_time_undoes_julian_date(day):
    assert calendar_time(julian_date(day)).isoformat() == f"{day}T00:00:00"


# The maps.


def test_the_maps_are_the_loop():
    table, dates = load(), np.linspace(julian_date(FIRST_DAY), julian_date(LAST_DAY), 37)
    mapped = all_planets(table.orbits, dates)
    assert mapped.shape == (8, 37, 3)
    assert mapped.dtype == np.float64
    np.testing.assert_allclose(mapped, by_loop(table, dates), rtol=0, atol=1e-12)


def test_one_planet_is_a_row_of_all_planets():
    dates = julian_dates(date(2024, 1, 1), date(2024, 12, 31), 7)
    np.testing.assert_allclose(one_planet(MARS, dates), all_planets(load().orbits, dates)[3], atol=1e-12)


def test_one_planet_and_one_date():
    some = load().select(["saturn"])
    assert all_planets(some.orbits, np.array([2451545.0])).shape == (1, 1, 3)


def test_comparison_computes_the_same_three_times():
    table, dates = load().select(["earth", "mercury"]), julian_dates(date(1900, 1, 1), date(1900, 6, 30))
    np.testing.assert_array_equal(by_vectorize(table, dates[:20]), by_loop(table, dates[:20]))
    comparison = compare(table, dates, sample=50)
    assert [timing.positions for timing in comparison.timings] == [362, 46, 46]
    assert comparison.difference < 1e-12
    assert all(timing.microseconds > 0 for timing in comparison.timings)


# The picture.


@pytest.mark.parametrize("names", [PLANETS, ("mars",), ("neptune",), ("earth", "jupiter")])
def test_picture_is_well_formed_and_names_its_planets(names):
    root = ElementTree.fromstring(orbits_svg(load().select(names), date(2018, 7, 31)))
    space = "{http://www.w3.org/2000/svg}"
    labels = {text.text for text in root.iter(f"{space}text")}
    assert {name.capitalize() for name in PLANETS} & labels == {name.capitalize() for name in names}
    assert "The planets on 31 July 2018" in labels
    assert len(root.findall(f"{space}path")) >= 7 * len(names)


@settings(deadline=None, max_examples=25)
@given(st.dates(FIRST_DAY, LAST_DAY))
def test_picture_stays_on_its_card_at_any_date(day):
    root = ElementTree.fromstring(orbits_svg(load().select(["mars", "neptune"]), day))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for dot in root.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 < float(dot.attrib["x"]) < width
        assert 0 < float(dot.attrib["y"]) < height


def test_picture_shows_the_planets_where_they_are():
    # One planet on the right: the Sun at the centre of the only panel, and Mars at its longitude.
    root = ElementTree.fromstring(orbits_svg(load().select(["mars"]), date(2018, 7, 31)))
    sun, mars = [
        dot for dot in root.iter("{http://www.w3.org/2000/svg}circle") if dot.attrib["fill"][0] == "#"
    ]
    dx = float(mars.attrib["cx"]) - float(sun.attrib["cx"])
    dy = float(sun.attrib["cy"]) - float(mars.attrib["cy"])
    x, y, _ = heliocentric(MARS, julian_date(date(2018, 7, 31)))
    assert np.arctan2(dy, dx) == pytest.approx(np.arctan2(y, x), abs=0.002)
