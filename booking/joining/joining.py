"""Joining: the checks before a join in the wire contract's order, and the join itself."""

import time

import msgspec

from booking_rush.booking.joining.access_codes import AccessCodes
from booking_rush.booking.joining.bans import Bans
from booking_rush.booking.joining.identities import Identities
from booking_rush.booking.joining.rate_limits import RateLimits
from booking_rush.queue.join_checks.address_blocks import block_digest
from booking_rush.queue.join_checks.identity import IdentityRule
from booking_rush.queue.join_checks.join_request import NOTHING, JoinRequest
from booking_rush.queue.join_checks.proof_of_work import Challenges
from booking_rush.queue.line import NO_CODE, Line, Place, ProofRequired


class JoinChecks:
    """Parts of the checks that every event in this process shares."""

    def __init__(
        self,
        bans: Bans,
        limits: RateLimits,
        identities: Identities,
        challenges: Challenges,
        codes: AccessCodes,
    ) -> None:
        self.bans = bans
        self.limits = limits
        self.identities = identities
        self.challenges = challenges
        self.codes = codes


class Joining:
    """Joins of one event in one process: ban, limits, identity, proof, code."""

    def __init__(self, event: str, line: Line, checks: JoinChecks) -> None:
        self.identity: IdentityRule = "none"  # the event's rule, as its row says
        self._event = event
        self._line = line
        self._checks = checks

    def check_ban(self, visitor: str, address: str) -> None:
        """Check that neither a visitor nor their address is banned: who is may not connect either.

        Raises:
            Banned: one of them is.
        """
        self._checks.bans.check(self._event, visitor, address)

    def is_plain(self, code: str | msgspec.UnsetType) -> bool:
        """Return whether a join needs nobody but Redis and the recorder: no identity, no code."""
        return self.identity == "none" and not code

    async def join(
        self,
        visitor: str,
        address: str,
        request: JoinRequest = NOTHING,
        *,
        publish: bool = False,
    ) -> Place:
        """Join the line. Return the visitor's place, which needs no proof once it is given.

        Raises:
            Banned: the visitor or the address is.
            TooManyRequests: so many joins of the visitor or the address came before.
            IdentityRequired, IdentityUsed: by the event's rule `identity`.
            ProofRequired: with a `challenge` for this visitor, and the `bits` of its proof.
            UnknownCode, CodeUsedUp: the code opens no lane, or none any more.
            LineClosed, LineFull: no place was given.
        """
        rule = self.identity  # of the moment of the join, as `is_plain` has told it
        self.check_ban(visitor, address)
        await self._checks.limits.take("join", visitor, address)
        if rule != "none" and (place := await self._line.confirm_presence(visitor)):
            return msgspec.structs.replace(place, again=True)  # as the join itself would say it
        await self._checks.identities.check(
            rule, self._event, visitor, request.identity or "", address
        )
        challenges, now_ms = self._checks.challenges, int(time.time() * 1000)
        proof = challenges.verify(request.proof or "", self._event, visitor, now_ms)
        code = NO_CODE
        if request.code:
            code = await self._checks.codes.use_of(self._event, request.code)
        try:
            return await self._line.join(
                visitor, publish=publish, proof=proof, code=code, block=block_digest(address)
            )
        except ProofRequired as refusal:
            bits: int = refusal.extra["bits"]
            challenge = challenges.issue(self._event, visitor, bits, now_ms)
            raise ProofRequired(challenge=challenge, bits=bits) from None
