"""Mutants: the product without one of its defences, `python -m tests.faults.mutants NAME work …`.

An edit replaces a text of one module. A text that is not there exactly once is an error, so that no
mutant runs with a defence that has moved.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType
from typing import NamedTuple


class Edit(NamedTuple):
    """A text of one of the product's modules, and its replacement."""

    module: str
    text: str
    instead: str


NOT_PASSED_OVER = Edit(
    "booking.kafka.kafka_log",
    "if one is None or one.id in settled:",
    "if one is None:",
)

EDITS: dict[str, tuple[Edit, ...]] = {
    # A fault, not a mutant: each record is sent three times.
    "thrice": (
        Edit(
            "booking.kafka.relay",
            "self._sign) for row in rows]",
            "self._sign) for row in rows] * 3",
        ),
    ),
    # Not a mutant either: a draw that a test can interrupt, 10 of its indexes a tick.
    "slow_draw": (
        Edit("queue.lottery.lottery_draw", "PAGE = 250", "PAGE = 4"),
        Edit("queue.lottery.lottery_draw", "PAGES = 40", "PAGES = 1"),
    ),
    # No message is recognised as a repeat. The inbox is the second lock only: a payment knows its
    # progress, so that its events repeat without effect even without the inbox.
    "no_inbox": (
        NOT_PASSED_OVER,
        Edit(
            "booking.saga.messages",
            "[one for one in messages if one.id in new]",
            "messages",
        ),
        Edit(
            "booking.saga.state_machine",
            "PROGRESS[reached] <= PROGRESS[payment.state]",
            "PROGRESS[reached] < PROGRESS[payment.state]",
        ),
    ),
    "last_id_remembered": (
        Edit(
            "booking.kafka.relay",
            "AND NOT parked ORDER BY seq LIMIT $1",
            "AND NOT parked AND seq > (SELECT coalesce(max(seq), 0) FROM outbox"
            " WHERE published_at IS NOT NULL) ORDER BY seq LIMIT $1",
        ),
    ),
    "offsets_before_the_commit": (
        Edit(
            "booking.kafka.kafka_log",
            "self._fetched = []\n            await self._commit()",
            "self._fetched = []\n            await self._consumer.commit()",
        ),
    ),
    "orders_without_step": (
        NOT_PASSED_OVER,
        Edit("booking.messaging.cloud_events", 'step=int(found["data"]["step"])', "step=1_000_000"),
    ),
    "refund_without_key": (
        NOT_PASSED_OVER,
        Edit(
            "server.practice_bank.statements",
            "AND state = 'captured' AND refunded_at IS NULL",
            "AND true",
        ),
        Edit(
            "server.practice_bank.statements",
            "now() + make_interval(secs => $1) FROM changed\n)",
            "now() + make_interval(secs => $1) FROM changed ON CONFLICT DO NOTHING\n)",
        ),
    ),
    # The chain is right in itself, and does not tell of one change of a batch.
    "entry_dropped": (
        Edit(
            "booking.recording.commits",
            "journal.append(connection, event, batch.acts)",
            "journal.append(connection, event, batch.acts[1:])",
        ),
    ),
    "history_rewritten": (
        Edit(
            "booking.history.entries",
            "structs.replace(entry, hash=before), act",
            "structs.replace(entry, hash=before, number=entry.number + (n % 50 == 0)), act",
        ),
    ),
}  # fmt: skip

PACKAGE = "booking_rush"


class _Edited(importlib.machinery.SourceFileLoader):
    """A loader of one module, which applies its edits."""

    edits: Sequence[Edit] = ()

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path).decode()
        for edit in self.edits:
            assert source.count(edit.text) == 1, f"{edit.text!r} in {fullname}"
            source = source.replace(edit.text, edit.instead)
        return compile(source, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """A finder of the modules that have edits."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = edits

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        edits = [edit for edit in self._edits if f"{PACKAGE}.{edit.module}" == fullname]
        if not edits:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        assert spec is not None, fullname
        assert spec.origin is not None, fullname
        loader = _Edited(fullname, spec.origin)
        loader.edits = edits
        return importlib.util.spec_from_loader(fullname, loader)


def _main() -> None:
    sys.meta_path.insert(0, _Finder(EDITS[sys.argv.pop(1)]))
    from booking_rush.server.cli.main import main

    main()


if __name__ == "__main__":
    _main()
