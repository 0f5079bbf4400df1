"""The part of docs/figures.md that is taken from the definitions. `python -m tests.metrics.figures_page` prints it."""

from leadbell.metrics.answers import printed
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.metric import Metric, Need
from leadbell.metrics.reports.studies import STUDIES


def section(metric: Metric) -> str:
    lines = [f"### `{metric.name}`", "", f"{str(metric.title).capitalize()}: {metric.tooltip}.", ""]
    if metric.shape == "measure":
        lines += [f"- Mean, median, 10th and 90th percentile of `{metric.part}` where `{metric.of}`"]
    else:
        lines += [f"- Numerator: `{metric.part}`", f"- Denominator ({metric.base}): `{metric.of}`"]
    lines.append(f"- Unit: {metric.unit}{_better(metric)}; said from {metric.fewest} on")
    for one in metric.references:
        value = printed(one.value, metric.unit) + (
            f" – {printed(one.upper, metric.unit)}" if one.upper else ""
        )
        lines.append(f"- Reference {value} [{one.source}]: {one.says}")
    if metric.needs:
        lines.append(f"- Needs {', '.join(_need(need) for need in metric.needs)}")
    if metric.warning:
        lines.append(f"- {metric.warning}")
    return "\n".join(lines)


def _better(metric: Metric) -> str:
    return f"; {metric.better} is better" if metric.better else ""


def _need(need: Need) -> str:
    return f"`{need}`" if isinstance(need, str) else " or ".join(f"`{one}`" for one in need)


def studies() -> str:
    rows = [
        f"| `{one.name}` | {one.title} | {', '.join(one.keys) or '–'} | {', '.join(one.counts)} |"
        for one in STUDIES.values()
    ]
    return "\n".join(["| study | what | by | counts |", "|---|---|---|---|", *rows])


def page() -> str:
    return "\n\n".join([*(section(metric) for metric in METRICS.values()), "## Studies", studies()])


if __name__ == "__main__":
    print(page())
