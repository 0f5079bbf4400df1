"""What a BDC agent says and asks, per origin, in the customer's language [S1]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from leadbell.lead.facts import Origin
from leadbell.words import Words, say

ScriptName = Literal["online", "direct_mail", "lost_sale"]
Kind = Literal["choice", "yes_no", "number"]


@dataclass(frozen=True, slots=True)
class Question:
    """One question whose answer is kept by `name` in `lead.facts.Answers`."""

    name: str
    kind: Kind
    words: Words
    choices: tuple[tuple[str, Words], ...] = ()
    #: The dealer's, kept with the answer: what was asked is known when it is asked otherwise.
    own_words: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """`says` are the sentences to read out by language, with {name}, {car}, {dealer}, {agent} and {receiver} in them;
    `hint` is for the agent alone."""

    name: ScriptName
    hint: Words
    says: Mapping[str, tuple[str, ...]]
    asks: tuple[Question, ...]


_WHEN = Question(
    "when", "choice", say("When do they want to drive it?"),
    (("weeks", say("within weeks")), ("months", say("within three months")), ("half_year", say("within half a year")),
     ("later", say("later"))),
)  # fmt: skip
_TRADE_IN = Question("trade_in", "yes_no", say("Do they have a car to trade in?"))
_TEST_DRIVE = Question("test_drive", "yes_no", say("Do they want a test drive?"))
_PAYMENT = Question(
    "payment", "choice", say("How do they want to pay?"),
    (("cash", say("at once")), ("finance", say("finance")), ("lease", say("lease"))),
)  # fmt: skip
_BUDGET = Question("budget", "number", say("What may it cost, about?"))
_ALONE = Question("decides_alone", "yes_no", say("Do they decide alone?"))
_LOOKING = Question("still_looking", "yes_no", say("Are they still looking for a car?"))
_THEN = Question(
    "why_not_then", "choice", say("Why didn’t they buy then?"),
    (("price", say("the price")), ("car", say("not the right car")), ("timing", say("too early")),
     ("service", say("how they were helped")), ("other", say("another reason"))),
)  # fmt: skip
_MAILING = Question("knew_the_mailing", "yes_no", say("Do they remember the mailing?"))

SCRIPTS: Mapping[ScriptName, Script] = {
    "online": Script(
        "online", say("They asked by themselves, after weeks of looking: go for the appointment."),
        {
            "nl": (
                "Goedendag {name}, u spreekt met {agent} van {dealer}. U vroeg naar de {car}.",
                "Wat wilt u vooral graag weten of zien?",
                "Het beste ziet u de auto zelf. Schikt het u deze week, of liever volgende week?",
            ),
            "en": (
                "Good day {name}, this is {agent} of {dealer}. You asked about the {car}.",
                "What would you most like to know, or see?",
                "It is best to see the car yourself. Would this week suit you, or rather next week?",
            ),
            "ru": (
                "Здравствуйте, {name}! Это {agent}, {dealer}. Вы спрашивали про {car}.",
                "Что вам важнее всего узнать или посмотреть?",
                "Лучше всего увидеть машину самому. Вам удобнее на этой неделе или на следующей?",
            ),
        },
        (_WHEN, _TRADE_IN, _TEST_DRIVE, _PAYMENT, _BUDGET, _ALONE),
    ),
    "direct_mail": Script(
        "direct_mail", say("We wrote to them, they didn’t ask: not too directly, and a quote is a good result."),
        {
            "nl": (
                "Goedendag {name}, u spreekt met {agent} van {dealer}. U reageerde op onze brief over de {car}.",
                "Mag ik vragen wat u daarin aansprak?",
                "Zal ik een vrijblijvend voorstel laten maken? Komt u liever eens kijken, dan kan dat ook.",
            ),
            "en": (
                "Good day {name}, this is {agent} of {dealer}. You answered our letter about the {car}.",
                "May I ask what appealed to you?",
                "Shall I have a proposal made, without any obligation? If you would rather come and see, you can.",
            ),
            "ru": (
                "Здравствуйте, {name}! Это {agent}, {dealer}. Вы ответили на наше письмо про {car}.",
                "Скажите, что вас заинтересовало?",
                "Подготовить для вас предложение, без обязательств? Если хотите, можно приехать и посмотреть.",
            ),
        },
        (_MAILING, _WHEN, _TRADE_IN, _PAYMENT, _TEST_DRIVE),
    ),
    "lost_sale": Script(
        "lost_sale", say("They spoke to us before and didn’t buy: listen first, the sales manager receives them."),
        {
            "nl": (
                "Goedendag {name}, u spreekt met {agent} van {dealer}. U hebt eerder met ons over een auto gesproken.",
                "Wat heeft u toen doen besluiten het niet te doen?",
                "Onze verkoopleider wil u graag zelf spreken. Wanneer schikt het u?",
            ),
            "en": (
                "Good day {name}, this is {agent} of {dealer}. You spoke with us about a car before.",
                "What made you decide against it then?",
                "Our sales manager would like to meet you personally. When would suit you?",
            ),
            "ru": (
                "Здравствуйте, {name}! Это {agent}, {dealer}. Раньше вы говорили с нами о машине.",
                "Почему вы тогда решили не покупать?",
                "Наш руководитель продаж хотел бы встретиться с вами лично. Когда вам удобно?",
            ),
        },
        (_LOOKING, _THEN, _WHEN, _TRADE_IN, _BUDGET),
    ),
}  # fmt: skip

#: What is said when it is agreed, so that the customer knows who receives them.
RECEIVES: Mapping[str, str] = {
    "nl": "{receiver} ontvangt u en neemt vooraf zelf nog contact met u op.",
    "en": "{receiver} will receive you, and will get in touch with you personally before.",
    "ru": "Вас встретит {receiver} и до встречи лично свяжется с вами.",
}


def script_for(origin: Origin) -> Script:
    """Active leads of every kind have the script of those who asked by themselves."""
    return SCRIPTS[
        "direct_mail" if origin == "direct_mail" else "lost_sale" if origin == "lost_sale" else "online"
    ]
