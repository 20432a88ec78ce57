"""A real SMTP server, and mailers that are in a hurry."""

from collections.abc import AsyncGenerator

import pytest

from booking_rush.booking.mail import mailer as mailers
from tests.support.servers.smtp_server import SmtpServer, serve_smtp


@pytest.fixture
async def smtp_server() -> AsyncGenerator[SmtpServer]:
    async with serve_smtp(SmtpServer()) as smtp_server:
        yield smtp_server


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the back-off to a hundredth: tests count tries, not seconds."""
    monkeypatch.setattr(mailers, "BACK_OFF_S", (0.01, 0.02, 0.04, 0.08))
