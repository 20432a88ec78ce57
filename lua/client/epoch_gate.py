"""The epoch gate: whether the event's data in Redis are of the life that Postgres counts."""

from booking_rush.errors import Recovering


class EpochGate:
    """One event's gate in one process; shut until somebody has found the epoch right."""

    def __init__(self, event: str) -> None:
        self.event = event
        self._stamp = ""

    @property
    def stamp(self) -> str:
        """The epoch with which batches go out, `<n>:<run id>`.

        Raises:
            Recovering: the gate is shut.
        """
        if not self._stamp:
            raise Recovering(f"{self.event} is being recovered")
        return self._stamp

    @property
    def is_open(self) -> bool:
        """Whether batches may go out."""
        return bool(self._stamp)

    @property
    def epoch(self) -> int:
        """The number of the epoch; −1 while the gate is shut."""
        return int(self._stamp.partition(":")[0]) if self._stamp else -1

    def shut(self) -> None:
        """Let nothing out until the epoch has been found right."""
        self._stamp = ""

    def judge(self, number: int, found: str, run_id: str) -> None:
        """Open when this very Redis (`run_id`) has the epoch that Postgres counts; else shut."""
        self._stamp = found if found == f"{number}:{run_id}" else ""
