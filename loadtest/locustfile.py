"""Polling visitors over HTTP, for `locust -f loadtest/locustfile.py --host http://…`."""

from locust import HttpUser, between, task

from booking_rush.queue.join_checks.proof_of_work import solve


class Visitor(HttpUser):
    """A visitor that joins the demo's line, polls its place, and leaves when admitted."""

    wait_time = between(1, 3)
    event = "/api/v1/events/demo"

    def on_start(self) -> None:
        """Get a visitor's token, and join."""
        token = self.client.post("/api/v1/visitors").json()["token"]
        self.client.cookies.clear()
        self.client.headers["Authorization"] = f"Bearer {token}"
        self.join()

    def join(self) -> None:
        """Join; where so many do that a proof of work is asked, with that."""
        path = f"{self.event}/queue"
        with self.client.post(path, catch_response=True) as answer:
            if answer.status_code == 428:
                answer.success()
                asked = answer.json()
                self.client.post(path, json={"proof": solve(asked["challenge"], asked["bits"])})

    @task
    def look(self) -> None:
        """Poll the place; with a pass, leave for the next visitor and join again."""
        with self.client.get(f"{self.event}/queue", catch_response=True) as answer:
            if answer.status_code == 200 and "pass" in answer.json():
                self.client.delete(f"{self.event}/queue")
                self.join()
