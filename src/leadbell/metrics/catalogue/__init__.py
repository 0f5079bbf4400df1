"""Every figure there is, by its name in docs/figures.md. A new one is one Metric here."""

from collections.abc import Mapping

from leadbell.metrics.catalogue import conversion, lost, speed, touching
from leadbell.metrics.metric import Metric

METRICS: Mapping[str, Metric] = {
    metric.name: metric for metric in (*speed.METRICS, *conversion.METRICS, *lost.METRICS, *touching.METRICS)
}
