"""Joining: the checks before a join in the wire contract's order, and the join itself."""

import time

from booking_rush.booking.joining.access_codes import AccessCodes
from booking_rush.queue.join_checks.join_request import NOTHING, JoinRequest
from booking_rush.queue.join_checks.proof_of_work import Challenges
from booking_rush.queue.line import NO_CODE, Line, Place, ProofRequired


class JoinChecks:
    """Parts of the checks that every event in this process shares."""

    def __init__(self, challenges: Challenges, codes: AccessCodes) -> None:
        self.challenges = challenges
        self.codes = codes


class Joining:
    """Joins of one event in one process: ban, limits, identity, proof, code."""

    def __init__(self, event: str, line: Line, checks: JoinChecks) -> None:
        self._event = event
        self._line = line
        self._checks = checks

    async def join(
        self, visitor: str, request: JoinRequest = NOTHING, *, publish: bool = False
    ) -> Place:
        """Join the line. Return the visitor's place, which needs no proof once it is given.

        Raises:
            ProofRequired: with a `challenge` for this visitor, and the `bits` of its proof.
            UnknownCode, CodeUsedUp: the code opens no lane, or none any more.
            LineClosed, LineFull: no place was given.
        """
        challenges, now_ms = self._checks.challenges, int(time.time() * 1000)
        proof = challenges.verify(request.proof or "", self._event, visitor, now_ms)
        code = NO_CODE
        if request.code:
            code = await self._checks.codes.use_of(self._event, request.code)
        try:
            return await self._line.join(visitor, publish=publish, proof=proof, code=code)
        except ProofRequired as refusal:
            bits: int = refusal.extra["bits"]
            challenge = challenges.issue(self._event, visitor, bits, now_ms)
            raise ProofRequired(challenge=challenge, bits=bits) from None
