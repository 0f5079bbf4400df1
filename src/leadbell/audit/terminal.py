"""The verdict on one screen of the terminal."""

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from leadbell.audit.reader import Reader
from leadbell.audit.sentences import headline, leaks, percent, ripe, worth_of
from leadbell.audit.study import Study
from leadbell.metrics.answers import printed
from leadbell.metrics.reports.verdict import Verdict, falling_short
from leadbell.words import say

#: Figures that stand on the first screen, where they can be said.
_SHOWN = (
    "sales_conversion", "attempted_rate", "called_within_2_minutes", "response_time", "first_attempt_contact_rate",
    "three_attempt_rate", "appointment_rate", "show_rate", "days_to_sale", "unlost_rate_14",
)  # fmt: skip


def show(found: Study, words: Reader, console: Console | None = None) -> None:
    """Mapping, verdict, funnel and figures; everything from the file is plain text, no markup."""
    out = console or Console(highlight=False)
    out.print(_mapping(found, words))
    out.print(_verdict(found, words))
    if found.funnel:
        out.print(_funnel(found, words))
    out.print(_figures(found, words))
    counted = say("%(read)s rows read, %(rejected)s could not be.", read=found.read, rejected=found.rejected)
    out.print(Text(words(counted), "dim"))
    for note in found.notes:
        out.print(Text(f"· {words(note)}", "dim"))
    for table, fields in found.mapping.unknown.items():
        for name, values in fields.items():
            some = ", ".join(f"{value} ({often})" for value, often in list(values.items())[:6])
            line = say(
                "Not understood in %(table)s, %(field)s: %(values)s", table=table, field=name, values=some
            )
            out.print(Text(f"· {words(line)}", "yellow"))


def _mapping(found: Study, words: Reader) -> Table:
    table = Table(box=None, pad_edge=False, expand=True)
    for head, narrow in (
        (say("what"), True),
        (say("column"), False),
        (say("sure"), True),
        (say("such as"), False),
    ):
        least = 4 if not narrow else None
        table.add_column(
            Text(words(head)), overflow="ellipsis", no_wrap=True, min_width=least, ratio=None if narrow else 1
        )
    for name, fields in found.mapping.columns.items():
        for field, guess in fields.items():
            style = "" if guess.sure >= 0.8 else "yellow"
            samples = " · ".join(" ".join(one.split())[:24] for one in guess.samples[:2])
            table.add_row(
                Text(f"{name}.{field}", style),
                Text(guess.column),
                Text(f"{guess.sure:.0%}", style),
                Text(samples, "dim"),
            )
    return table


def _verdict(found: Study, words: Reader) -> Panel:
    verdict = found.verdict
    if not isinstance(verdict, Verdict):
        told = say("No verdict can be given: %(why)s.", why=words(verdict))
        return Panel(Text(words(told), "bold"))
    text = Text(headline(verdict, words), "bold")
    text.append(f"\n{words(verdict.because)} {words(ripe(verdict))}", "not bold")
    for line in (leaks(verdict, words), worth_of(verdict)):
        if line is not None:
            text.append("\n" + words(line), "not bold")
    for nr, one in enumerate(found.advice, 1):
        text.append(f"\n{nr}. {words(one.do)} ")
        text.append(words(one.because), "not bold")
    style = "red" if verdict.said == "process" else "green" if verdict.said == "meets the norm" else "yellow"
    return Panel(text, border_style=style)


def _funnel(found: Study, words: Reader) -> Table:
    verdict = found.verdict
    steps = verdict.funnel if isinstance(verdict, Verdict) else found.funnel
    leak = falling_short(steps)
    most = max((step.leads for step in steps), default=1) or 1
    table = Table(box=None, show_header=False, pad_edge=False)
    for step in steps:
        style = "red" if leak is not None and step.stage == leak.stage else "blue"
        share = "" if step.share is None else percent(step.share)
        reference = (
            "" if step.reference is None else words(say("reference %(share)s", share=percent(step.reference)))
        )
        table.add_row(Text(words(step.title)), Text("█" * round(36 * step.leads / most) or "▏", style), Text(f"{step.leads:,}"),
                      Text(share), Text(reference, "dim"))  # fmt: skip
    return table


def _figures(found: Study, words: Reader) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for name in _SHOWN:
        one = next((each for each in found.answers.given if each.metric.name == name), None)
        if one is not None:
            reference = one.metric.reference
            beside = (
                ""
                if reference is None
                else words(say("reference %(value)s", value=printed(reference.value, one.metric.unit)))
            )
            value = one.printed or words(say("too few"))
            table.add_row(
                Text(words(one.metric.title)),
                Text(value, "bold"),
                Text(f"n = {one.denominator:,}", "dim"),
                Text(beside, "dim"),
            )
            continue
        because = next((each.because for each in found.answers.unsupported if each.metric.name == name), None)
        if because is not None:
            told = say("can't be said: %(why)s", why=words(because))
            table.add_row(Text(words(next(u.metric.title for u in found.answers.unsupported if u.metric.name == name))),
                          Text("—"), Text(""), Text(words(told), "yellow"))  # fmt: skip
    return table
