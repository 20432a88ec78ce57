"""Load in shapes, for locust: buyers over sockets, whose commands are locust's statistics.

`make load SHAPE=spike` runs it headless against a server of its own (`loadtest/shapes/run.py`).
"""

import json
import os
import time
from collections import Counter
from typing import Any, ClassVar, cast

import websocket
from locust import LoadTestShape, User, between, events

from booking_rush.queue.join_checks.proof_of_work import solve
from booking_rush.server.auth.visitor_tokens import VisitorTokens
from loadtest.environment import SECRET
from loadtest.shapes.stages import EVENT, SHAPES

PATIENCE_S = 60.0  # for a frame
WISH = {"section": "floor", "quantity": 2}


refusals: Counter[str] = Counter()


class Shape(LoadTestShape):
    """The shape that the environment names in `SHAPE`."""

    stages = SHAPES[os.environ.get("SHAPE", "smoke")]

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there shall be now; None at the end."""
        now: float = self.get_run_time()  # type: ignore[no-untyped-call]
        for stage in self.stages:
            if now < stage.until_s:
                return stage.users, stage.per_second
        return None


class Refused(Exception):
    """A command was refused with this code."""


class Buyer(User):
    """A buyer: each turn is a new visitor who joins, is admitted, holds two places and pays."""

    wait_time = between(0.1, 0.5)
    tokens: ClassVar[VisitorTokens] = VisitorTokens(SECRET)

    def on_start(self) -> None:
        """Begin without a socket."""
        self.socket: Any = None

    def buy(self) -> None:
        """Go from the line to the ticket. A refusal ends the visit; locust counts it by code."""
        url = f"{self.host}/ws/events/{EVENT}".replace("http", "ws", 1)
        header = [f"Authorization: Bearer {self.tokens.issue().token}"]
        try:
            self.socket = websocket.create_connection(url, header=header, timeout=PATIENCE_S)
            self._measure("queue.join", {"type": "queue.join", "id": "1"}, "queue.admitted")
            made = self._measure(
                "hold.create",
                {"type": "hold.create", "id": "2", "key": "k", **WISH},
                "hold.created",
            )
            checkout = {"type": "hold.checkout", "id": "3", "payment_method": "ok"}
            self._measure(
                "hold.checkout", {**checkout, "hold": made["hold"]["id"]}, "booking.updated",
                state="confirmed",
            )  # fmt: skip
        except Refused as refused:
            refusals[str(refused)] += 1
        finally:
            if self.socket is not None:
                self.socket.shutdown()  # its `close` swallows that locust ends the user

    tasks: list[Any] = [buy]  # noqa: RUF012  as locust declares it

    def _measure(self, name: str, frame: dict[str, Any], kind: str, state: str = "") -> Any:
        """Send a command, and wait for a frame of this kind. Report how long it took.

        Raises:
            Refused: the command was refused, which counts as an answer.
        """
        began, found, failure = time.perf_counter(), None, None
        try:
            self.socket.send(json.dumps(frame))
            while found is None:
                came = json.loads(self.socket.recv())
                if came["type"] == "error" and came["re"] == frame["id"]:
                    asked = came["problem"]
                    if asked["code"] != "proof_required":
                        raise Refused(asked["code"])
                    proof = solve(asked["challenge"], asked["bits"])
                    self.socket.send(json.dumps({**frame, "proof": proof}))
                is_it = came["type"] == kind and (not state or came["booking"]["state"] == state)
                found = came if is_it else None
        except (OSError, ValueError, websocket.WebSocketException) as error:
            failure = error
            raise Refused(type(error).__name__) from error
        finally:
            report: Any = events.request
            report.fire(
                request_type="WS", name=name, response_length=0, exception=failure,
                response_time=(time.perf_counter() - began) * 1000,
            )  # fmt: skip
        return found


@cast("Any", events.test_stop).add_listener  # type: ignore[untyped-decorator]
def report_refusals(environment: Any, **_: Any) -> None:
    """Print how many commands were refused, by code."""
    print("refusals", json.dumps(dict(refusals)), flush=True)
