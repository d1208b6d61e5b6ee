"""Exponents fitted by hand-made times: who is called slow, and who is not."""

from __future__ import annotations

import pytest

from streamdoctor.diagnosis.cost import Point, Run, exponent, hurts_at, steep

SIZES = [1 << n for n in range(15, 20)]


def grows(power: float, first: float = 0.005) -> list[Point]:
    return [Point(size, first * (size / SIZES[0]) ** power) for size in SIZES]


@pytest.mark.parametrize("power", [0.9, 1.0, 1.3, 2.0, 3.0])
def test_the_exponent_is_the_power(power: float) -> None:
    assert exponent(grows(power)) == pytest.approx(power)


def test_what_cannot_be_measured_has_none() -> None:
    assert exponent(grows(2.0, 1e-9)) is None
    assert exponent(grows(2.0)[:2]) is None
    assert exponent([]) is None


@pytest.mark.parametrize(
    ("own", "ours", "against"),
    [(2.0, 1.0, True), (1.4, 1.0, False), (1.51, 1.19, True), (2.0, 1.3, False), (1.0, 1.0, False)],
)
def test_it_takes_a_steep_parser_and_a_steady_reference(own: float, ours: float, against: bool) -> None:
    assert steep(Run(grows(own), grows(ours))) is against


def test_a_reference_too_fast_to_measure_is_steady() -> None:
    assert steep(Run(grows(2.0), grows(2.0, 1e-9)))


def test_where_it_hurts() -> None:
    assert hurts_at(grows(2.0, 0.01)) == pytest.approx(SIZES[0] * 10, rel=0.01)
    assert hurts_at(grows(1.0, 0.1)) == pytest.approx(SIZES[0] * 10, rel=0.01)
