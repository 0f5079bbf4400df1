"""What is found in an address and on a page."""

import re

import pytest

from leadbell.visits.pages import NO_CAR, Car, SaidCar, car_of, part_of, path_of, pattern_of, price_of


@pytest.mark.parametrize(
    ("pattern", "address", "car"),
    [
        (
            "/cars/{make}/{model}/{stock}",
            "/cars/alfa-romeo/giulia/N-41/?utm=1",
            Car("N-41", "alfa romeo", "giulia"),
        ),
        ("/cars/{make}/{model}/{stock}", "/cars/kia/ev3", Car()),
        ("/occasion?id={stock}", "/occasion?id=N41&page=2", Car("N41")),
        ("/*/{stock}/{price}", "/nl/N41/24.950,00", Car("N41", price=24950)),
        ("/c/{model}", "/c/%D0%9B%D0%B0%D0%B4%D0%B0", Car(model="Лада")),
    ],
)
def test_a_car_is_found_in_an_address(pattern: str, address: str, car: Car) -> None:
    made = pattern_of(pattern)
    assert made
    assert car_of(NO_CAR, address, (made,)) == car


def test_what_the_page_says_comes_first() -> None:
    made = pattern_of("/{make}/{stock}")
    assert made
    assert car_of(SaidCar(make="Kia", price=1e4), "/hyundai/N41", (made,)) == Car("N41", "Kia", "", 10_000)


@pytest.mark.parametrize(
    "written",
    ["", "cars/{make}", "/cars", "/{make}{model}", "/{wheels}", "/{make}/{make}", "/" + "x" * 300 + "{make}"],
)
def test_what_names_no_car_is_no_pattern(written: str) -> None:
    assert pattern_of(written) is None


def test_a_pattern_takes_no_time_on_a_long_address() -> None:
    made = pattern_of("/*/*/*/{make}/*/{stock}")
    assert made
    assert "(?:" in made.pattern
    assert re.search(made, "/" + "a" * 100_000) is None


@pytest.mark.parametrize(
    ("written", "price"),
    [("24.950,00", 24950), ("24,950.00", 24950), ("€ 24 950", 24950), ("24950", 24950), ("24.950", 24950),
     ("36500.5", 36500), ("on request", None), ("", None), ("9" * 30, None)],
)  # fmt: skip
def test_prices_as_pages_write_them(written: str, price: int | None) -> None:
    assert price_of(written) == price


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/a?email=okafor@example.org", "/a"),
        ("/a#okafor", "/a"),
        ("", "/"),
        ("?x", "/"),
        ("/" + "x" * 900, "/" + "x" * 299),
    ],
)
def test_only_the_path_is_kept(address: str, path: str) -> None:
    assert path_of(address) == path


def test_parts_are_short() -> None:
    assert [part_of(one) for one in ("/", "/Cars/a/b", "/" + "x" * 99)] == ["/", "/cars", "/" + "x" * 30]


@pytest.mark.parametrize(
    ("car", "name"),
    [
        (Car("N-41", "hyundai", "kona"), "Hyundai Kona"),
        (Car("N-41", "BMW", "i4"), "BMW i4"),
        (Car("N-41", "bmw", "x5"), "BMW X5"),
        (Car("N-41", "bmw", "i4"), "BMW i4"),
        (Car("N-41", "mg", "mg4 electric"), "MG MG4 Electric"),
        (Car("N-41", "kia", "ev6"), "Kia EV6"),
        (Car("N-41", "volkswagen", "id.3"), "Volkswagen ID.3"),
        (Car("N-41", "hyundai", "ioniq 5"), "Hyundai Ioniq 5"),
        (Car("N-41", "alfa romeo", "giulia"), "Alfa Romeo Giulia"),
        (Car("N-41"), "N-41"),
        (Car(), ""),
    ],
)
def test_a_car_is_called_by_its_name(car, name):
    assert car.name == name
