"""What a visit comes to: cars, how often, prices and trading in; bounded."""

from datetime import timedelta

import pytest

from leadbell.visits.pages import Car
from leadbell.visits.sums import MOST_CARS, Sum, page_pattern, sum_up
from leadbell.visits.visit import Seen
from tests.conftest import NOON

KONA, EV3 = Car("N-41", "Hyundai", "Kona"), Car("", "Kia", "EV3")
NO_CAR = Car()
PRICES, TRADE_IN = ("/finance",), ("/trade-in/*/value",)


def seen(minutes: float, path: str = "/", car: Car = NO_CAR, kind: str = "view", ms: int = 0) -> Seen:
    return Seen(NOON + timedelta(minutes=minutes), kind, f"{minutes}", path, "Cars", car, ms, 1)


def summed(*looks: Seen) -> Sum:
    return sum_up(looks, NOON, PRICES, TRADE_IN)


def said(sum_: Sum) -> list[str]:
    return [str(one) for one in sum_.says]


def test_the_same_car_again_counts_what_came_before() -> None:
    before = (seen(-3000, "/k", KONA), seen(-2000, "/k", KONA), seen(-1999, "/k", KONA))
    this = summed(*before, seen(0), seen(1, "/k", KONA), seen(2, "/e", EV3))
    assert said(this) == ["looked at the Hyundai Kona again, time 3", "looked at the Kia EV3"]
    assert (this.pages, this.page, this.viewed_at, this.again) == (
        3,
        "Kia EV3",
        NOON + timedelta(minutes=2),
        1,
    )


def test_staying_on_a_page_is_not_coming_again() -> None:
    assert summed(seen(0, "/k", KONA), seen(1, "/k", KONA)).again == 0
    assert summed(seen(0, "/k", KONA), seen(1, "/"), seen(2, "/k", KONA)).again == 1


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("/finance", ["price"]), ("/finance/", ["price"]), ("/Finance/lease", ["price"]), ("/finance.html", ["price"]),
        ("/financed", []), ("/a/finance", []), ("/trade-in/kona/value", ["trade_in"]), ("/trade-in/a/b/value", []),
    ],
)  # fmt: skip
def test_parts_of_the_website(path: str, kinds: list[str]) -> None:
    assert [signal.kind for signal in summed(seen(0, path)).signals] == kinds


@pytest.mark.parametrize("wrong", ["finance", "", "/a b", "/a?b=c", "/{make}", "/" + "x" * 300])
def test_what_is_no_part_of_a_website(wrong: str) -> None:
    assert page_pattern(wrong) is None


def test_a_thousand_pages_stay_a_few_words() -> None:
    looks = [seen(n / 10, f"/{n}", Car(f"N-{n}", "Kia", "x" * 80)) for n in range(250)]
    assert len(summed(*looks).cars) == MOST_CARS
    assert summed() == Sum()
