"""An SMTP server for tests: it stores mails, and answers what a test prepares."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session


class SmtpServer:
    """Stored mails and prepared answers: `answers` are used up first, then each mail is taken."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answers: list[str] = []
        self.recipient_answers: list[str] = []
        self.tries = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tries += 1
        if self.recipient_answers:
            return self.recipient_answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answers:
            return self.answers.pop(0)
        content = cast("bytes", envelope.content)
        found: Any = message_from_bytes(content, policy=policy.default)
        self.mails.append(found)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"

    def subjects(self) -> Counter[str]:
        return Counter(str(mail["Subject"]) for mail in self.mails)


@asynccontextmanager
async def serve_smtp(handler: SmtpServer, port: int = 0) -> AsyncGenerator[SmtpServer]:
    """Serve on a port, a free one unless it is given."""
    loop = asyncio.get_running_loop()
    smtps: list[SMTP] = []

    def protocol() -> SMTP:
        smtp = SMTP(handler, enable_SMTPUTF8=True, loop=loop, hostname="localhost")
        smtps.append(smtp)
        return smtp

    server = await loop.create_server(protocol, "127.0.0.1", port)
    handler.port = server.sockets[0].getsockname()[1]
    try:
        yield handler
    finally:
        server.close()
        for smtp in smtps:
            if smtp.transport is not None:
                smtp.transport.close()
        await server.wait_closed()
