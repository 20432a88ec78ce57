"""Limits of logins: tries that are taken before a password is hashed, and come back on success.

Tries are counted for a name from an address, and for an address. Tries of others, from other
addresses, never count, so nobody locks an operator out who is elsewhere. Codes of a second factor
are counted for the name alone, too: only who has the password tries one. A browser on which the
operator has logged in before has tries of its own, so that it is not locked out from behind the
same proxy either.
"""

import hashlib
import ipaddress
from dataclasses import dataclass

from booking_rush.postgres import Pool

TRIES_MAX = 10  # of a name from an address, or from a known browser, within WINDOW
CODE_TRIES_MAX = 5  # of a name from all addresses, once its password was right: codes are short
ADDRESS_TRIES_MAX = 30  # of an address within WINDOW, whatever names were given
JOURNAL_MAX = 60  # entries of failed logins in the journal within WINDOW
WINDOW = "1 minute"
IPV6_NETWORK = 64  # bits: a customer has so many addresses at least


@dataclass(frozen=True, slots=True)
class Origin:
    """Origin of a login: its address, and the cookie of an earlier login or ""."""

    address: str = "unknown"
    device: str = ""


@dataclass(frozen=True, slots=True)
class Tries:
    """Tries taken for one login: their buckets, the number of this try, and how many are left.

    `buckets` is empty, and nothing was taken, if one of the buckets had none.
    """

    buckets: list[str]
    used: int
    left: int


class LoginLimits:
    """Buckets of tries in Postgres, shared by every process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def take(
        self, name: str, origin: Origin, *, is_known: bool, is_code: bool = False
    ) -> Tries:
        """Take a try from each bucket of a login, in one statement; none of an empty one."""
        limits = _limits(name, origin, is_known=is_known)
        if is_code and not is_known:
            limits[_bucket("code", name)] = CODE_TRIES_MAX
        buckets = sorted(limits)  # one order for all, so that no two wait for each other
        rows = await self._take(buckets, [limits[bucket] for bucket in buckets])
        if len(rows) < len(buckets):
            await self.give_back(list(rows))
            return Tries([], 0, 0)
        left = min(limits[bucket] - rows[bucket] for bucket in buckets)
        return Tries(buckets, min(rows.values()), left)

    async def give_back(self, buckets: list[str]) -> None:
        """Return one try to each bucket, after a login that succeeded or that another refused."""
        await self._pool.execute(
            "UPDATE login_tries SET tries = tries - 1 WHERE bucket = ANY($1) AND tries > 0", buckets
        )

    async def may_journal(self) -> bool:
        """Return whether a failed login may be in the journal; a flood of them does not fill it."""
        return bool(await self._take([_bucket("journal")], [JOURNAL_MAX]))

    async def _take(self, buckets: list[str], limits: list[int]) -> dict[str, int]:
        """Take one try of each bucket that has one. Return their counts."""
        rows = await self._pool.fetch(
            f"""
            INSERT INTO login_tries AS had (bucket, tries)
            SELECT * FROM (
                SELECT bucket, 1 FROM unnest($1::text[], $2::integer[]) AS wanted (bucket, most)
                WHERE most > 0 ORDER BY bucket
            ) AS wanted
            ON CONFLICT (bucket) DO UPDATE SET
                tries = CASE WHEN had.since < now() - interval '{WINDOW}'
                    THEN 1 ELSE had.tries + 1 END,
                since = CASE WHEN had.since < now() - interval '{WINDOW}'
                    THEN now() ELSE had.since END
            WHERE had.since < now() - interval '{WINDOW}'
               OR had.tries < ($2::integer[])[array_position($1::text[], had.bucket)]
            RETURNING bucket, tries
            """,  # noqa: S608  constants of this file
            buckets,
            limits,
        )
        return {row["bucket"]: row["tries"] for row in rows}

    async def forget(self) -> None:
        """Delete a page of buckets that are full again."""
        await self._pool.execute(
            f"""
            DELETE FROM login_tries WHERE bucket IN (
                SELECT bucket FROM login_tries WHERE since < now() - 10 * interval '{WINDOW}'
                ORDER BY since LIMIT 100 FOR UPDATE SKIP LOCKED
            )
            """  # noqa: S608  constants of this file
        )


def _limits(name: str, origin: Origin, *, is_known: bool) -> dict[str, int]:
    """Return the buckets of a login, and how many tries each has within WINDOW."""
    if is_known:
        return {_bucket("device", name, origin.device): TRIES_MAX}
    address = network_of(origin.address)
    return {
        _bucket("address", address): ADDRESS_TRIES_MAX,
        _bucket("name", name, address): TRIES_MAX,
    }


def network_of(address: str) -> str:
    """Return whom an address belongs to: an IPv4 address itself, of IPv6 the /64 network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), IPV6_NETWORK), strict=False))
    return str(found)


def _bucket(*parts: str) -> str:
    text = "\n".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
