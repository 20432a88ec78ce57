"""Gate of an epoch: batches go out only while Redis has the event's epoch that Postgres counts."""

from booking_rush.errors import Recovering


class EpochGate:
    """Gate of one event in one process; shut until `compare` has found the epoch right."""

    def __init__(self, event: str) -> None:
        self.event = event
        self._stamp = ""

    @property
    def stamp(self) -> str:
        """Return the epoch that batches carry, `<n>:<run id>`.

        Raises:
            Recovering: the gate is shut.
        """
        if not self._stamp:
            raise Recovering(f"{self.event} is being recovered")
        return self._stamp

    @property
    def is_open(self) -> bool:
        """Return whether batches may go out."""
        return bool(self._stamp)

    @property
    def epoch(self) -> int:
        """Return the number of the epoch; −1 while the gate is shut."""
        return int(self._stamp.partition(":")[0]) if self._stamp else -1

    def shut(self) -> None:
        """Shut the gate until the next comparison."""
        self._stamp = ""

    def compare(self, number: int, found: str, run_id: str) -> None:
        """Open the gate if Redis has the right epoch; otherwise shut it.

        `number` is the epoch in Postgres, `found` the one in Redis, `run_id` that of this Redis.
        """
        self._stamp = found if found == f"{number}:{run_id}" else ""
