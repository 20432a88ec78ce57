"""Alerts: Debian's promtool lets each of them fire, and each keep silent on a good night."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from booking_rush.server.processes.duties import DUTIES
from tests.support.servers.debian import program

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs/runbook.md").read_text()
GROUPS: list[Any] = yaml.safe_load((ROOT / "k8s/monitoring/alerts.yaml").read_text())["spec"][
    "groups"
]
RULES: list[Any] = [rule for group in GROUPS for rule in group["rules"]]


class Case(NamedTuple):
    """Values of series each 15 s that let an alert fire, others that do not, and its labels."""

    fires: dict[str, str]
    silent: dict[str, str]
    labels: dict[str, str]


def one(series: str, fires: str, silent: str, **labels: str) -> Case:
    """Return the case of an alert that reads one series."""
    return Case({series: fires}, {series: silent}, labels)


def buckets(name: str, labels: str, fast: str, slow: str) -> dict[str, str]:
    """Return the buckets of a histogram: what took 0.05 s at most, and everything."""
    member = f"{labels}," if labels else ""
    return {f'{name}{{{member}le="0.05"}}': fast, f'{name}{{{member}le="1"}}': slow} | {
        f'{name}{{{member}le="+Inf"}}': slow
    }


NOTHING, MANY, FEW = "0x40", "2000x40", "900x40"
COMMAND, LAG = "rush_command_seconds_bucket", "rush_loop_lag_seconds_bucket"
REQUEST = "rush_http_request_seconds_bucket"
SOLD = {"free": "9x40", "held": "1x40", "paying": "0x40", "sold": "90x40"}
SOLD_OUT = {"free": "0x40", "held": "0x40", "paying": "0x40", "sold": "100x40"}
POD = {"duty": "serve", "pod": "a"}
CASES = {
    "TicksLate": one("rush_tick_age_seconds", "3x40", "1x40"),
    "TicksFail": one("rush_tick_failures_total", "0+1x40", NOTHING),
    "EventsRecoverAgain": one(
        'rush_recoveries_total{event="a"}', "0+1x40", "0x20 1x20", event="a"
    ),
    "RecordingLate": one('rush_outbox_age_seconds{event="a"}', "6x40", "4x40", event="a"),
    "RecordingFails": one("rush_record_failing", "1x40", "1 0x40"),
    "EntriesRejected": one("rush_entries_rejected_total", "0x20 1x20", NOTHING),
    "OutboxGap": one("rush_outbox_gaps_total", "0x20 1x20", NOTHING),
    "RedisFillsUp": one("rush_redis_memory_share", "0.81x40", "0.79x40"),
    "SagaLags": one("rush_saga_lag", MANY, FEW),
    "SagaParked": one("rush_saga_parked", "1x40", NOTHING),
    "RelayLags": one("rush_relay_unsent", MANY, FEW),
    "BreakerOpen": one('rush_breaker{service="bank"}', "2x40", "2 2 0x40", service="bank"),
    "StoresDiffer": one("rush_differences", "1x40", "1x10 0x30"),
    "PaymentsMovedElsewhere": one(
        'rush_payment_alerts_total{provider="stripe",kind="dispute"}', "0x20 1x20", "3x40",
        provider="stripe", kind="dispute",
    ),
    "MailsWait": one("rush_mails_waiting", "501x60", "499x60"),
    "ServerErrors": Case(
        {
            'rush_http_requests_total{status="500"}': "0+2x40",
            'rush_http_requests_total{status="200"}': "0+98x40",
        },
        {
            'rush_http_requests_total{status="500"}': "0x40",
            'rush_http_requests_total{status="409"}': "0+98x40",
        },
        {},
    ),
    "StockLow": Case(
        {f'rush_places{{event="a",state="{state}"}}': n for state, n in SOLD.items()},
        {f'rush_places{{event="a",state="{state}"}}': n for state, n in SOLD_OUT.items()},
        {"event": "a"},
    ),
    "RequestsSlow": Case(
        buckets(REQUEST, "", "0+9x40", "0+10x40"), buckets(REQUEST, "", "0+10x40", "0+10x40"), {}
    ),
    "CommandsSlow": Case(
        buckets(COMMAND, "", "0+9x40", "0+10x40"), buckets(COMMAND, "", "0+10x40", "0+10x40"), {}
    ),
    "EventLoopLags": Case(
        buckets(LAG, 'duty="serve",pod="a"', "0+5x40", "0+10x40"),
        buckets(LAG, 'duty="serve",pod="a"', "0+10x40", "0+10x40"),
        POD,
    ),
    "LoopsFail": one('rush_loop_failures_total{loop="tend"}', "0+5x40", "0+1x40", loop="tend"),
    "ClockApart": one(
        'rush_clock_apart_seconds{store="redis"}', "-1.5x40", "0.5x40", store="redis"
    ),
    **{
        f"DutyDown of {duty}": one(f'up{{duty="{duty}"}}', "0x40", "1x40", duty=duty)
        for duty in ("serve", *DUTIES)
    },
}  # fmt: skip


def title(rule: Any) -> str:
    """Return the name of a rule's case."""
    duty = rule["labels"].get("duty")
    return f"{rule['alert']} of {duty}" if duty else str(rule["alert"])


@pytest.fixture(scope="module")
def promtool() -> str:
    return program("promtool", "prometheus")


def test_each_alert_has_a_case_and_each_duty_an_alert() -> None:
    assert len(RULES) == len(CASES)
    assert {title(rule) for rule in RULES} == set(CASES)


@pytest.mark.parametrize("rule", RULES, ids=title)
def test_each_alert_fires_and_keeps_silent(promtool: str, tmp_path: Path, rule: Any) -> None:
    alone = {"groups": [{"name": "alone", "rules": [rule]}]}
    (tmp_path / "rules.json").write_text(json.dumps(alone))
    case = CASES[title(rule)]
    fired = {
        "exp_labels": rule["labels"] | case.labels, "exp_annotations": rule["annotations"]
    }  # fmt: skip
    tests = [promtool_test(rule, case.fires, [fired]), promtool_test(rule, case.silent, [])]
    (tmp_path / "test.json").write_text(
        json.dumps({"rule_files": ["rules.json"], "evaluation_interval": "15s", "tests": tests})
    )

    done = subprocess.run(
        [promtool, "test", "rules", "test.json"], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout + done.stderr


def promtool_test(rule: Any, series: dict[str, str], fired: list[Any]) -> dict[str, Any]:
    """Return one of promtool's tests: with these series, these alerts fire."""
    minutes = {"MailsWait": "12m"}.get(rule["alert"], "9m")
    return {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {"alertname": rule["alert"], "eval_time": minutes, "exp_alerts": fired}
        ],
    }


@pytest.mark.parametrize("rule", RULES, ids=title)
def test_each_alert_has_its_part_in_the_runbook(rule: Any) -> None:
    file, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert (ROOT / file).name == "runbook.md"
    assert anchor == rule["alert"].lower()
    assert re.search(rf"^### {rule['alert']}$", RUNBOOK, re.MULTILINE)
