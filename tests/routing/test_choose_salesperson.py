"""Rosa (1), Samir (2) and Ada (3) sell at Northside; Mr Okafor asks for a car."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadbell.routing import rules
from leadbell.routing.rules import Asked, Candidate, choose_salesperson, shrunk_rate, team_rate
from leadbell.words import say

NOON = datetime(2026, 10, 16, 12, tzinfo=UTC)
MINUTES = timedelta(minutes=1)

ROSA = Candidate(1, "Rosa")
SAMIR = Candidate(2, "Samir")
ADA = Candidate(3, "Ada")
NO_WISH = Asked()


def person(who: Candidate, **about: Any) -> Candidate:
    return replace(who, **about)


# The favourite, in all rows, is Rosa: a better appointment rate than Samir.
GOOD = {"opportunities": 100, "appointments": 50}
POOR = {"opportunities": 100, "appointments": 20}


@pytest.mark.parametrize(
    ("asked", "rosa", "samir", "ranked", "excluded"),
    [
        (NO_WISH, {}, {}, (1, 2), {}),
        (NO_WISH, {"on_shift": False}, {}, (2,), {1: "off shift"}),
        (Asked(already_rung=frozenset({1})), {}, {}, (2,), {1: "rung for this lead before"}),
        (NO_WISH, {"in_conversation": True}, {}, (2,), {1: "in a conversation"}),
        (NO_WISH, {"reachable": False}, {}, (2,), {1: "the desk is not open"}),
        (NO_WISH, {"ringing": True}, {}, (2,), {1: "being rung for another lead"}),
        (Asked(brand="Volvo"), {"brands": {"Kia"}}, {}, (2,), {1: "does not sell Volvo"}),
        (Asked(brand="VOLVO "), {"brands": {"Kia", "Volvo"}}, {}, (1, 2), {}),
        (Asked(condition="used"), {"conditions": {"new"}}, {}, (2,), {1: "does not sell used cars"}),
        (Asked(condition="new"), {"conditions": {"used"}}, {}, (2,), {1: "does not sell new cars"}),
        (Asked(language="uk"), {"languages": {"nl"}}, {"languages": {"uk"}}, (2,), {1: "does not speak uk"}),
        (Asked(language="nl-BE"), {"languages": {"nl_NL"}}, {"languages": {"NL"}}, (1, 2), {}),
        # Nobody wrote down what Rosa speaks: she may do, but Samir surely does.
        (Asked(language="uk"), {}, {"languages": {"uk"}}, (2, 1), {}),
        # Free without knowing the brand goes before busy and knowing it: speed beats preparation.
        (
            Asked(brand="Volvo"),
            {"ringing": True},
            {"brands": {"Kia"}},
            (2,),
            {1: "being rung for another lead"},
        ),
        # A wall that nobody gets past is open.
        (NO_WISH, {"in_conversation": True}, {"in_conversation": True}, (1, 2), {}),
        (NO_WISH, {"reachable": False}, {"reachable": False}, (1, 2), {}),
        (NO_WISH, {"ringing": True}, {"ringing": True}, (1, 2), {}),
        (NO_WISH, {"in_conversation": True}, {"reachable": False}, (2,), {1: "in a conversation"}),
        (Asked(brand="Volvo"), {"brands": {"Kia"}}, {"brands": {"Audi"}}, (1, 2), {}),
        # Nobody has it all: language before brand, brand before new or used.
        (
            Asked(brand="Volvo", language="uk"),
            {"brands": {"Volvo"}, "languages": {"nl"}},
            {"brands": {"Kia"}, "languages": {"uk"}},
            (2, 1),
            {},
        ),
        (
            Asked(brand="Volvo", condition="new"),
            {"brands": {"Kia"}, "conditions": {"new"}},
            {"brands": {"Volvo"}, "conditions": {"used"}},
            (2, 1),
            {},
        ),
    ],
)
def test_who_gets_the_lead(
    asked: Asked,
    rosa: dict[str, Any],
    samir: dict[str, Any],
    ranked: tuple[int, ...],
    excluded: dict[int, str],
) -> None:
    choice = choose_salesperson(asked, [person(ROSA, **GOOD, **rosa), person(SAMIR, **POOR, **samir)], NOON)
    assert tuple(one.person for one in choice.ranked) == ranked
    assert {one.person: str(one.because) for one in choice.excluded} == excluded
    assert choice.person == ranked[0]


def sentences(asked: Asked, *staff: Candidate) -> list[str]:
    return [str(words) for words in choose_salesperson(asked, staff, NOON).because]


def test_the_reasons_of_an_ordinary_choice() -> None:
    rosa = person(
        ROSA,
        brands=frozenset({"Volvo"}),
        languages=frozenset({"nl", "en"}),
        opportunities=96,
        appointments=39,
        open_leads=4,
        leads_today=2,
        last_lead_at=NOON - 40 * MINUTES,
    )
    samir = person(SAMIR, languages=frozenset({"nl"}), open_leads=30)
    away = person(ADA, on_shift=False)
    asked = Asked(brand="Volvo", condition="used", language="nl")
    assert sentences(asked, rosa, samir, away) == [
        "chosen of 2 free",
        "sells Volvo",
        "sells used cars",
        "speaks nl",
        "41 % appointments (n = 96)",
        "open leads: 4",
        "leads today: 2",
        "last lead at 2026-10-16T11:20:00+00:00",
    ]


def test_reasons_keep_their_values_apart_so_that_they_can_be_translated() -> None:
    back = NOON + 60 * MINUTES
    choice = choose_salesperson(
        NO_WISH, [person(ROSA, **GOOD), person(SAMIR, on_shift=False, back_at=back)], NOON
    )
    assert choice.because[0] == say("chosen of %(free)s free", free=1)
    assert choice.because[1] == say("%(rate)s %% appointments (n = %(n)s)", rate=50, n=100)
    assert choice.excluded[0].because == say("off shift until %(back_at)s", back_at=back)


@pytest.mark.parametrize(
    ("asked", "both", "first"),
    [
        (NO_WISH, {"reachable": False}, ["nobody is free", "nobody has the desk open"]),
        (NO_WISH, {"in_conversation": True}, ["nobody is free", "everybody is in a conversation"]),
        (NO_WISH, {"ringing": True}, ["nobody is free", "everybody is being rung for another lead"]),
        (
            Asked(brand="Volvo"),
            {"brands": {"Kia"}},
            [
                "chosen of 2 free",
                "nobody free sells Volvo, so it is only a preference",
                "does not sell Volvo",
            ],
        ),
        (
            Asked(condition="new", language="uk"),
            {"conditions": {"used"}, "languages": {"nl"}},
            [
                "chosen of 2 free",
                "nobody free sells new cars, so it is only a preference",
                "nobody free speaks uk, so it is only a preference",
                "does not sell new cars",
                "does not speak uk",
            ],
        ),
        (Asked(language="uk"), {}, ["chosen of 2 free", "languages not written down"]),
    ],
)
def test_an_open_wall_is_said(asked: Asked, both: dict[str, Any], first: list[str]) -> None:
    assert sentences(asked, person(ROSA, **both), person(SAMIR, **both))[: len(first)] == first


def test_when_each_knows_a_part_it_is_said_that_nobody_has_it_all() -> None:
    rosa = person(ROSA, brands=frozenset({"Volvo"}), languages=frozenset({"nl"}))
    samir = person(SAMIR, brands=frozenset({"Kia"}), languages=frozenset({"uk"}))
    assert sentences(Asked(brand="Volvo", language="uk"), rosa, samir)[1:4] == [
        "nobody free has all that was asked for, so it is only a preference",
        "does not sell Volvo",
        "speaks uk",
    ]


@pytest.mark.parametrize(
    ("staff", "asked", "sentence"),
    [
        ((), NO_WISH, "nobody is on shift"),
        ((person(ROSA, on_shift=False),), NO_WISH, "nobody is on shift"),
        (
            (ROSA, person(SAMIR, on_shift=False)),
            Asked(already_rung=frozenset({1})),
            "everybody on shift has been rung",
        ),
    ],
)
def test_nobody_is_left(staff: tuple[Candidate, ...], asked: Asked, sentence: str) -> None:
    choice = choose_salesperson(asked, staff, NOON)
    assert choice.person is None
    assert [str(words) for words in choice.because] == [sentence]


def test_whoever_had_this_customer_before_wins_over_brand_and_every_figure() -> None:
    rosa = person(ROSA, **POOR, brands=frozenset({"Kia"}), open_leads=50, reachable=False, ringing=True)
    samir = person(SAMIR, **GOOD, brands=frozenset({"Volvo"}))
    choice = choose_salesperson(Asked(brand="Volvo", known_to=1), [samir, rosa], NOON)
    assert choice.person == 1
    assert [str(words) for words in choice.because[:6]] == [
        "chosen of 1 free",
        "had this customer before",
        "the desk is not open",
        "being rung for another lead",
        "does not sell Volvo",
        "20 % appointments (n = 100)",
    ]
    assert [one.person for one in choice.ranked] == [1, 2]


@pytest.mark.parametrize(
    ("rosa", "sentence"),
    [
        ({"on_shift": False}, "off shift"),
        ({"in_conversation": True}, "in a conversation"),
    ],
)
def test_whoever_had_this_customer_is_not_waited_for(rosa: dict[str, Any], sentence: str) -> None:
    choice = choose_salesperson(Asked(known_to=1), [person(ROSA, **rosa), SAMIR], NOON)
    assert choice.person == 2
    assert str(choice.excluded[0].because) == sentence


def test_a_newcomer_counts_as_the_team_and_two_lucky_calls_change_little() -> None:
    team = [
        person(ROSA, opportunities=100, appointments=50),
        person(SAMIR, opportunities=100, appointments=30),
    ]
    rate = team_rate(team)
    assert rate == pytest.approx((80 + 20 * 0.38) / 220)
    assert shrunk_rate(ADA, rate) == pytest.approx(rate)
    lucky = shrunk_rate(person(ADA, opportunities=2, appointments=2), rate)
    assert rate < lucky < shrunk_rate(team[0], rate)
    ranked = choose_salesperson(NO_WISH, [*team, ADA], NOON).ranked
    assert [one.person for one in ranked] == [1, 3, 2]


def test_the_team_is_everybody_on_shift_or_not() -> None:
    away = person(ROSA, opportunities=980, appointments=600, on_shift=False)
    assert sentences(NO_WISH, away, ADA)[1] == "no opportunities yet, counted as the team's 61 %"


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        ((0, 0), "no opportunities yet, counted as the team's 38 %"),
        ((2, 2), "100 % appointments (n = 2), counted as 49 %"),
        ((19, 0), "0 % appointments (n = 19), counted as 10 %"),
        ((20, 9), "45 % appointments (n = 20)"),
        ((20, 25), "100 % appointments (n = 20)"),
    ],
)
def test_the_rate_in_words(figures: tuple[int, int], sentence: str) -> None:
    opportunities, appointments = figures
    assert sentence in sentences(
        NO_WISH, person(ROSA, opportunities=opportunities, appointments=appointments)
    )


@pytest.mark.parametrize(
    ("rosa", "samir", "first"),
    [
        # load
        ({"open_leads": 5}, {"open_leads": 4}, 2),
        ({"open_leads": 30, **GOOD}, {"opportunities": 100, "appointments": 45}, 2),
        # fewest leads today wins a near-tie, not more
        ({"leads_today": 1}, {}, 2),
        ({"leads_today": 3, **GOOD}, {"opportunities": 100, "appointments": 48}, 2),
        ({"leads_today": 3, **GOOD}, POOR, 1),
        # then whoever has waited longest
        ({"last_lead_at": NOON - 10 * MINUTES}, {"last_lead_at": NOON - 30 * MINUTES}, 2),
        ({"last_lead_at": NOON - 600 * MINUTES}, {}, 2),
        ({"last_lead_at": NOON - 10 * MINUTES}, {"last_lead_at": NOON - 30 * MINUTES, "leads_today": 1}, 1),
        ({"last_lead_at": NOON}, {"last_lead_at": NOON + 10 * MINUTES}, 1),  # a clock ahead is no advantage
        # then the person number
        ({}, {}, 1),
    ],
)
def test_load_and_fairness(rosa: dict[str, Any], samir: dict[str, Any], first: int) -> None:
    assert choose_salesperson(NO_WISH, [person(SAMIR, **samir), person(ROSA, **rosa)], NOON).person == first


def test_each_preference_outweighs_all_that_follow_it() -> None:
    weights = [rules.KNOWN, rules.LANGUAGE, rules.BRAND, rules.CONDITION]
    figures = rules.RATE + rules.LOAD + rules.TODAY + rules.WAITED + rules.LANGUAGE_UNKNOWN
    for place, weight in enumerate(weights):
        assert weight > sum(weights[place + 1 :]) + figures


FREE: dict[str, Any] = {}
AVAILABLE: list[dict[str, Any]] = [
    FREE,
    FREE,
    {"on_shift": False},
    {"reachable": False},
    {"in_conversation": True},
    {"ringing": True},
    {"reachable": False, "in_conversation": True},
    {"reachable": False, "ringing": True},
]
BRANDS = [frozenset(brands) for brands in ((), ("Volvo",), ("Kia",), ("Volvo", "Kia"))]
CONDITIONS = [frozenset(conditions) for conditions in ((), ("new",), ("used",), ("new", "used"))]
LANGUAGES = [frozenset(languages) for languages in ((), ("nl",), ("uk",), ("nl", "uk"))]
FIGURES = [(0, 0), (1, 0), (1, 1), (2, 2), (8, 3), (20, 8), (21, 0), (40, 39), (100, 38), (3, 5)]


@st.composite
def teams(draw: st.DrawFn, at_least: int = 0) -> list[Candidate]:
    team = []
    for number in range(1, draw(st.integers(at_least, 4)) + 1):
        opportunities, appointments = draw(st.sampled_from(FIGURES))
        waited = draw(st.sampled_from((None, 0, 5, 600)))
        team.append(
            Candidate(
                number,
                f"Person {number}",
                **draw(st.sampled_from(AVAILABLE)),
                brands=draw(st.sampled_from(BRANDS)),
                conditions=draw(st.sampled_from(CONDITIONS)),
                languages=draw(st.sampled_from(LANGUAGES)),
                opportunities=opportunities,
                appointments=appointments,
                open_leads=draw(st.integers(0, 40)),
                leads_today=draw(st.integers(0, 3)),
                last_lead_at=None if waited is None else NOON - waited * MINUTES,
            )
        )
    return team


wishes = st.builds(
    Asked,
    brand=st.sampled_from((None, "Volvo", "Audi")),
    condition=st.sampled_from((None, "new", "used")),
    language=st.sampled_from((None, "nl", "ru")),
    known_to=st.none() | st.integers(1, 5),
    already_rung=st.sampled_from([frozenset(rung) for rung in ((), (), (1,), (2, 3), (1, 2, 3, 4))]),
)
some = settings(max_examples=80, deadline=None)


@some
@given(asked=wishes, team=teams(), shuffled=st.randoms())
def test_the_order_of_the_staff_does_not_matter(asked: Asked, team: list[Candidate], shuffled: Any) -> None:
    other = list(team)
    shuffled.shuffle(other)
    assert choose_salesperson(asked, other, NOON) == choose_salesperson(asked, team, NOON)


@some
@given(asked=wishes, team=teams())
def test_everybody_is_ranked_or_excluded_and_never_the_absent_or_the_rung(
    asked: Asked, team: list[Candidate]
) -> None:
    choice = choose_salesperson(asked, team, NOON)
    ranked, excluded = {one.person for one in choice.ranked}, {one.person for one in choice.excluded}
    assert ranked | excluded == {one.person for one in team}
    assert not ranked & excluded
    assert len(choice.ranked) + len(choice.excluded) == len(team)
    possible = {one.person for one in team if one.on_shift} - asked.already_rung
    assert ranked <= possible
    assert bool(ranked) is bool(possible)
    assert [(-one.score, one.person) for one in choice.ranked] == sorted(
        (-one.score, one.person) for one in choice.ranked
    )


@some
@given(asked=wishes, team=teams())
def test_nobody_is_disturbed_in_a_conversation_while_somebody_is_not(
    asked: Asked, team: list[Candidate]
) -> None:
    possible = [one for one in team if one.on_shift and one.person not in asked.already_rung]
    quiet = {one.person for one in possible if not one.in_conversation}
    ranked = {one.person for one in choose_salesperson(asked, team, NOON).ranked}
    assert ranked <= quiet or not quiet


@some
@given(asked=wishes, team=teams(at_least=1), data=st.data())
def test_whoever_had_this_customer_before_wins(
    asked: Asked, team: list[Candidate], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(team) - 1))
    known = team[place] = replace(team[place], on_shift=True, in_conversation=False)
    asked = replace(asked, known_to=known.person, already_rung=asked.already_rung - {known.person})
    assert choose_salesperson(asked, team, NOON).person == known.person


@some
@given(asked=wishes, team=teams(at_least=1), data=st.data())
def test_more_appointments_never_cost_a_place(
    asked: Asked, team: list[Candidate], data: st.DataObject
) -> None:
    better = data.draw(st.sampled_from(team))
    more = better.appointments + data.draw(st.sampled_from((1, 2, 30)))

    def place(staff: list[Candidate]) -> int | None:
        order = [one.person for one in choose_salesperson(asked, staff, NOON).ranked]
        return order.index(better.person) if better.person in order else None

    before = place(team)
    after = place([replace(one, appointments=more) if one is better else one for one in team])
    assert (after is None) is (before is None)
    assert after is None or before is None or after <= before


@some
@given(rate=st.integers(0, 39), more=st.integers(1, 40))
def test_of_two_alike_the_better_rate_is_chosen(rate: int, more: int) -> None:
    rosa = person(ROSA, opportunities=80, appointments=rate)
    samir = person(SAMIR, opportunities=80, appointments=rate + more)
    assert choose_salesperson(NO_WISH, [rosa, samir], NOON).person == 2
