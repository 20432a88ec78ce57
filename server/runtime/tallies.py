"""Tallies: metrics of the hottest paths, counted as plain numbers and exported once a second.

prometheus_client writes each change into a file that processes share: a tenth of the time that a
serve process spends on a command.
"""

from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Sequence
from typing import Any

from prometheus_client import Counter, Histogram

EXPORT_S = 1.0  # between two exports


class CounterTally:
    """Counter by labels."""

    def __init__(self, name: str, documentation: str, labels: Sequence[str]) -> None:
        self._counter = Counter(name, documentation, labels)
        self._counts = Counts[tuple[str, ...]]()

    def add(self, *labels: str, by: int = 1) -> None:
        """Count up."""
        self._counts[labels] += by

    def export(self) -> None:
        """Export what was counted since the last time."""
        counts, self._counts = self._counts, Counts[tuple[str, ...]]()
        for labels, count in counts.items():
            self._counter.labels(*labels).inc(count)


class HistogramTally:
    """Histogram of seconds by one label."""

    def __init__(
        self, name: str, documentation: str, label: str, *, buckets: Sequence[float]
    ) -> None:
        self._histogram = Histogram(name, documentation, [label], buckets=buckets)
        self._bounds = list(buckets)
        self._observed: dict[str, tuple[list[int], list[float]]] = {}

    def add(self, label: str, seconds: float) -> None:
        """Observe a duration."""
        found = self._observed.get(label)
        if found is None:
            found = self._observed[label] = ([0] * (len(self._bounds) + 1), [0.0])
        counts, total = found
        counts[bisect_left(self._bounds, seconds)] += 1
        total[0] += seconds

    def export(self) -> None:
        """Export what was observed since the last time."""
        observed, self._observed = self._observed, {}
        for label, (counts, total) in observed.items():
            # prometheus_client has no public way to observe many values at once.
            child: Any = self._histogram.labels(label)
            child._sum.inc(total[0])
            for bucket, count in zip(child._buckets, counts, strict=True):
                if count:
                    bucket.inc(count)
