"""Dashboards for Grafana, made from a table of panels: `make dashboards` writes them as JSON."""

import json
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[1] / "k8s/monitoring/dashboards"
WIDTH, COLUMNS, HEIGHT = 8, 3, 8


class Panel(NamedTuple):
    """A panel: lines of PromQL by their legend. `unit` is one of Grafana's."""

    title: str
    unit: str
    lines: dict[str, str]


def by_time(name: str, by: str = "") -> dict[str, str]:
    """Return p50, p90 and p99 of a histogram of seconds."""
    labels = f"le, {by}" if by else "le"
    legend = f" {{{{{by}}}}}" if by else ""
    return {
        f"p{share}{legend}": f"histogram_quantile(0.{share}, "
        f"sum by ({labels}) (rate({name}_bucket[$__rate_interval])))"
        for share in (50, 90, 99)
    }


def rate(series: str, by: str) -> str:
    """Return the sum a second of a counter, by labels."""
    return f"sum by ({by}) (rate({series}[$__rate_interval]))"


def total(series: str) -> str:
    """Return the sum a second of a counter."""
    return f"sum(rate({series}[$__rate_interval]))"


SALE = [
    Panel(
        "Waiting and inside",
        "short",
        {
            "waiting {{event}}": "max by (event) (rush_waiting)",
            "inside {{event}}": "max by (event) (rush_active)",
        },
    ),
    Panel(
        "Joined and admitted",
        "short",
        {
            "joined {{event}}": "max by (event) (rush_joined)",
            "admitted {{event}}": "max by (event) (rush_admitted)",
        },
    ),
    Panel(
        "Admitted a minute",
        "short",
        {
            "{{event}}": "60 * deriv(max by (event) (rush_admitted)[2m:15s])",
        },
    ),
    Panel(
        "Waited, of all admitted",
        "s",
        {
            f"p{share} {{{{event}}}}": f"histogram_quantile(0.{share}, "
            "max by (event, le) (rush_wait_seconds_bucket))"
            for share in (50, 90, 99)
        },
    ),
    Panel(
        "Seats and standing places",
        "short",
        {
            "{{state}} {{event}}": "max by (event, state) (rush_places)",
        },
    ),
    Panel(
        "Revenue, in minor units",
        "short",
        {
            "{{state}} {{currency}} {{event}}": "max by (event, currency, state) (rush_revenue)",
        },
    ),
    Panel(
        "Sold a minute",
        "short",
        {
            "{{event}}": '60 * deriv(max by (event) (rush_places{state="sold"})[2m:15s])',
        },
    ),
    Panel(
        "Holds refused, by reason",
        "ops",
        {
            "{{outcome}}": rate(
                'rush_commands_total{type="hold.create",outcome!="done"}', "outcome"
            ),
        },
    ),
    Panel("Sockets and streams", "short", {"{{kind}}": "sum by (kind) (rush_sockets)"}),
    Panel("Seconds since the last tick", "s", {"longest": "max(rush_tick_age_seconds)"}),
]
SERVER = [
    Panel("Requests", "reqps", {"{{status}}": rate("rush_http_requests_total", "status")}),
    Panel(
        "Errors of ours, by route",
        "reqps",
        {
            "{{route}}": rate('rush_http_requests_total{status=~"5.."}', "route") + " or vector(0)",
        },
    ),
    Panel("Time of a request", "s", by_time("rush_http_request_seconds")),
    Panel("Commands", "ops", {"{{type}}": rate("rush_commands_total", "type")}),
    Panel("Commands, by outcome", "ops", {"{{outcome}}": rate("rush_commands_total", "outcome")}),
    Panel("Time of a command", "s", by_time("rush_command_seconds")),
    Panel(
        "Frames pushed",
        "ops",
        {
            "{{type}}": rate("rush_frames_total", "type"),
            "positions passed over": total("rush_positions_passed_over_total"),
        },
    ),
    Panel(
        "Commands a batch, and waiting for one",
        "short",
        {
            "a batch": total("rush_batch_commands_total") + " / " + total("rush_batches_total"),
            "waiting": "sum(rush_batch_queue)",
        },
    ),
    Panel("Sockets that have not read all", "short", {"sockets": "sum(rush_sockets_behind)"}),
    Panel("Event loops wake too late by", "s", by_time("rush_loop_lag_seconds")),
    Panel(
        "Time of a run, by loop",
        "s",
        {
            "p99 {{loop}}": by_time("rush_loop_seconds", "loop")["p99 {{loop}}"],
        },
    ),
    Panel("Items of a loop", "ops", {"{{loop}}": rate("rush_loop_items_total", "loop")}),
    Panel("Processes that answer", "short", {"{{duty}}": 'sum by (duty) (up{duty!=""})'}),
    Panel("Clocks apart", "s", {"{{store}}": "max by (store) (abs(rush_clock_apart_seconds))"}),
]
SAGA = [
    Panel("Oldest entry that is not recorded", "s", {
        "{{event}}": "max by (event) (rush_outbox_age_seconds)",
    }),
    Panel("Events that cannot be recorded", "short", {"events": "max(rush_record_failing)"}),
    Panel("Memory of Redis", "percentunit", {"used": "max(rush_redis_memory_share)"}),
    Panel("Orders and messages to handle", "short", {"lag": "sum(rush_saga_lag)"}),
    Panel("Parked", "short", {"orders and messages": "max(rush_saga_parked)"}),
    Panel("Circuit breakers: 0 closed, 1 half-open, 2 open", "short", {
        "{{service}}": "max by (service) (rush_breaker)",
    }),
    Panel("Differences of the stores", "short", {"differences": "max(rush_differences)"}),
    Panel("Dead letters and gaps", "short", {
        "rejected": "sum(rush_entries_rejected_total)",
        "gaps": "sum(rush_outbox_gaps_total)",
    }),
    Panel("Times an event was recovered", "short", {
        "{{event}}": "max by (event) (rush_recoveries_total)",
    }),
]  # fmt: skip
DASHBOARDS = {
    "sale": ("Booking Rush: the sale", SALE),
    "server": ("Booking Rush: serve and loops", SERVER),
    "saga": ("Booking Rush: recording and saga", SAGA),
}


def dashboard(name: str) -> dict[str, Any]:
    """Return a dashboard as Grafana's JSON."""
    title, panels = DASHBOARDS[name]
    return {
        "uid": f"booking-rush-{name}",
        "title": title,
        "tags": ["booking-rush"],
        "schemaVersion": 39,
        "refresh": "5s",
        "time": {"from": "now-30m", "to": "now"},
        "annotations": {"list": []},
        "templating": {
            "list": [{"name": "source", "type": "datasource", "query": "prometheus"}],
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, COLUMNS)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(65 + index), "legendFormat": legend, "expr": query}
            for index, (legend, query) in enumerate(panel.lines.items())
        ],
    }


def text_of(name: str) -> str:
    """Return the file of a dashboard."""
    return json.dumps(dashboard(name), indent=1) + "\n"


if __name__ == "__main__":
    for each in DASHBOARDS:
        (FOLDER / f"{each}.json").write_text(text_of(each))
