"""What a report page shows, asked of any engine in as few passes as there are tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leadbell.metrics.answers import Answer, Answers, Unsupported, ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.engines import Engine
from leadbell.metrics.question import EVERY, Which
from leadbell.metrics.reports import charts, studies
from leadbell.metrics.reports.charts import Chart
from leadbell.metrics.reports.studies import Cell, Study, tabulate
from leadbell.metrics.reports.verdict import Step, funnel
from leadbell.words import Words, say


@dataclass(frozen=True, slots=True)
class Section:
    """Figures and charts that are read together."""

    name: str
    title: Words
    figures: tuple[str, ...]
    charts: tuple[str, ...] = ()
    funnel: bool = False
    #: What has to be said over it.
    warning: Words | None = None


SECTIONS: tuple[Section, ...] = (
    Section(
        "funnel", say("From lead to sale"),
        ("sales_conversion", "attempted_rate", "called_within_2_minutes", "first_attempt_contact_rate",
            "first_attempt_contact_rate_of_attempted", "response_time", "response_time_open", "three_attempt_rate",
            "chat_response_time", "chats_in_time"),
        ("response_curve", "attempts_ladder"), funnel=True,
    ),
    Section(
        "talks", say("Conversations"),
        ("connect_time", "connect_time_open", "talk_time", "appointment_rate", "appointment_rate_of_reviewed",
            "appointment_rate_of_reached", "quote_rate", "over_prepared", "hands"),
        ("talk_connect_map",),
    ),
    Section(
        "sales", say("Appointments and sales"),
        ("confirmed_rate", "show_rate", "fallout_rate", "sales_conversion_ripe", "days_to_sale", "cost_per_lead",
            "margin_per_sale"),
        ("days_to_sale", "sale_weekdays", "sale_days_of_month"),
    ),
    Section(
        "back", say("Lost and back again"),
        ("lost_rate", "unlost_rate_7", "unlost_rate_14", "unlost_rate_21"),
    ),
    Section(
        "automation", say("People and automation"),
        tuple(name for name in METRICS if name.endswith(("_people_only", "_some_automation"))
              or "_people_only_" in name or "_some_automation_" in name),
        warning=say("An observed difference is no experiment: nobody drew lots for which leads got automated messages, "
                    "so it shows an association and no effect."),
    ),
)  # fmt: skip
_DRAW: dict[str, tuple[Study, Callable[[Sequence[Cell]], Chart]]] = {
    "response_curve": (studies.RESPONSE_CURVE, charts.response_curve),
    "attempts_ladder": (studies.ATTEMPTS_LADDER, charts.attempts_ladder),
    "talk_connect_map": (studies.TALK_CONNECT_MAP, charts.talk_connect_map),
    "sale_weekdays": (studies.SALE_WEEKDAYS, charts.sale_weekdays),
    "sale_days_of_month": (studies.SALE_DAYS_OF_MONTH, charts.sale_days_of_month),
}
#: Every chart by its name.
CHARTS = (*_DRAW, "days_to_sale")


@dataclass(frozen=True, slots=True)
class Report:
    section: Section
    figures: tuple[Answer, ...]
    charts: tuple[Chart, ...]
    funnel: tuple[Step, ...]
    #: What can't be said from this data, and why.
    unsupported: tuple[tuple[Words, Words], ...]


def section_named(name: str) -> Section:
    """The section, or the first one."""
    return next((one for one in SECTIONS if one.name == name), SECTIONS[0])


def report(engine: Engine, section: Section, as_of_ms: int, which: Which = EVERY) -> Report:
    answers = ask(engine, [METRICS[name] for name in section.figures], as_of_ms, which=which)
    drawn, cannot = [], [(one.metric.title, one.because) for one in answers.unsupported]
    for name in section.charts:
        made = chart(engine, name, as_of_ms, which, answers)
        if isinstance(made, Unsaid):
            cannot.append((made.title, made.because))
        else:
            drawn.append(made)
    steps = funnel(engine, as_of_ms, which) if section.funnel else ()
    return Report(section, answers.given, tuple(drawn), steps, tuple(cannot))


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A chart that this data can't give."""

    title: Words
    because: Words


def chart(
    engine: Engine, name: str, as_of_ms: int, which: Which = EVERY, answers: Answers | None = None
) -> Chart | Unsaid:
    """The chart of this name. Raises KeyError for an unknown one."""
    if name == "days_to_sale":
        cells = tabulate(engine, studies.DAYS_TO_SALE, as_of_ms, which)
        if isinstance(cells, Words):
            return Unsaid(studies.DAYS_TO_SALE.title, cells)
        asked = answers or ask(engine, [METRICS[name]], as_of_ms, which=which)
        return charts.days_to_sale(cells, asked.of(name).value)
    study, draw = _DRAW[name]
    cells = tabulate(engine, study, as_of_ms, which)
    return Unsaid(study.title, cells) if isinstance(cells, Words) else draw(cells)


#: By what leads can be set side by side, and how that is said.
COMPARED_BY: dict[str, Words] = {
    "source": say("source"), "channel": say("format"), "campaign": say("campaign"), "origin": say("origin"),
    "brand": say("brand"), "salesperson": say("salesperson"), "dealer": say("dealer"),
}  # fmt: skip
COMPARED = ("attempted_rate", "first_attempt_contact_rate", "response_time", "appointment_rate_of_reached",
            "show_rate", "sales_conversion")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One group of leads with its figures, in the order of COMPARED (those that can be said)."""

    key: str | int | None
    figures: tuple[Answer, ...]

    @property
    def leads(self) -> int:
        return max((one.denominator for one in self.figures), default=0)


def compare(
    engine: Engine, by: str, as_of_ms: int, which: Which = EVERY, names: Sequence[str] = COMPARED
) -> tuple[tuple[Row, ...], tuple[Unsupported, ...]]:
    """Groups side by side, the largest first, and what can't be said of any of them."""
    answers = ask(engine, [METRICS[name] for name in names], as_of_ms, by=(by,), which=which)
    groups: dict[str | int | None, list[Answer]] = {}
    for one in answers.given:
        groups.setdefault(one.group[0], []).append(one)
    rows = (Row(key, tuple(given)) for key, given in groups.items())
    return tuple(sorted(rows, key=lambda row: -row.leads)), answers.unsupported
