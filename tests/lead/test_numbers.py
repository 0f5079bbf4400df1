"""Numbers drawn ahead: each once, by whom many are needed in one go."""

from django.db import connection, transaction

from leadbell import statement
from leadbell.dealers.models import Organisation
from leadbell.lead.models import Customer
from leadbell.lead.numbers import FRESH_S, draw, next_number
from tests.conftest import NOON


def test_each_number_is_given_once_and_beside_those_of_the_database(northside: Organisation) -> None:
    draw(3)
    numbers = [next_number("customer") for _ in range(5)]
    for _ in range(3):
        numbers.append(Customer.objects.create(dealer=northside, created_at=NOON).pk)
        numbers.append(next_number("customer"))
    assert len(set(numbers)) == len(numbers)
    assert next_number("lead") < next_number("lead")


def test_what_was_left_puts_no_later_lead_below_an_earlier_one(northside: Organisation) -> None:
    draw(3, lambda: 0.0)
    left = next_number("lead", lambda: 0.5)
    assert next_number("lead", lambda: FRESH_S) > left + 2, "it lay too long"
    draw(2, lambda: 0.5)
    left = next_number("lead", lambda: 0.6)
    draw(1, lambda: 0.7)
    assert next_number("lead", lambda: 0.7) > left + 1, "another batch came"


def test_the_clockwork_may_draw_them_also_while_it_waits_for_nothing(northside: Organisation) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set role leadbell_clockwork")
        with transaction.atomic(), statement.without_waiting():
            draw(50)
            assert len({next_number("lead") for _ in range(60)}) == 60
        cursor.execute("reset role")
