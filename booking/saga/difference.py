"""A difference between two stores, as operators are shown it, and the orders that mend it."""

from dataclasses import asdict, dataclass
from typing import Any

# Beside the saga's own orders: ask the payment provider, write a row or a count into Redis as
# Postgres has it, end a booking that only Postgres has as held.
ASK_PROVIDER, SET_ROW, SET_FREE, EXPIRE = "ask", "set_row", "set_free", "expire"


@dataclass(frozen=True, slots=True)
class Difference:
    """A seat, a count, a hold or a payment as two stores have it; `order` mends it (empty: none).

    `attempt`: the last try to pay that Redis has.
    """

    event: str
    kind: str
    what: str
    left: str
    right: str
    booking: str = ""
    order: str = ""
    attempt: int = 0

    def members(self) -> dict[str, Any]:
        """Serialize it for operators."""
        return asdict(self)
