"""The fields of the console's rules page: every rule of an event has one."""

import re
from pathlib import Path
from typing import get_args, get_type_hints

from booking_rush.queue.rules import Rules

STATIC = Path(__file__).parents[2] / "static"
FIELDS = (STATIC / "rules" / "rule-fields.js").read_text()
TEXTS = (STATIC / "texts" / "en-admin.js").read_text()
OF_LANES = {"lanes"}  # they have a panel of their own


def test_every_rule_can_be_set() -> None:
    fields = set(re.findall(r"^    (\w+): (?:number|\{)", FIELDS, re.MULTILINE))

    assert fields == set(Rules.__struct_fields__) - OF_LANES


def test_every_choice_of_a_rule_has_its_words() -> None:
    types = get_type_hints(Rules)
    for name in ("fairness", "identity"):
        [said] = re.findall(rf"^      {name}: \{{(.+?)\}}", TEXTS, re.MULTILINE | re.DOTALL)
        assert set(re.findall(r"(\w+): \"", said)) == set(get_args(types[name]))
