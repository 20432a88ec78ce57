"""Visitors who poll over HTTP, for `locust -f loadtest/locustfile.py --host http://…`."""

from locust import HttpUser, between, task


class Visitor(HttpUser):
    """Joins the demo's line, looks where the place is, and leaves when admitted."""

    wait_time = between(1, 3)
    event = "/api/v1/events/demo"

    def on_start(self) -> None:
        """Become somebody, and join."""
        token = self.client.post("/api/v1/visitors").json()["token"]
        self.client.cookies.clear()
        self.client.headers["Authorization"] = f"Bearer {token}"
        self.client.post(f"{self.event}/queue")

    @task
    def look(self) -> None:
        """Ask where one stands; with a pass, let the next one in and join again."""
        with self.client.get(f"{self.event}/queue", catch_response=True) as answer:
            if answer.status_code == 200 and "pass" in answer.json():
                self.client.delete(f"{self.event}/queue")
                self.client.post(f"{self.event}/queue")
