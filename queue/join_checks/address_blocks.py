"""Blocks of addresses (CIDR): whom an address belongs to, and which blocks contain it. Pure."""

import hashlib
import ipaddress
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Prefix lengths that a ban may have: a wider one would shut out half a country, or everybody.
BOUNDS = {4: (8, 32), 6: (16, 128)}
# The block that counts as one customer, or one site: its next neighbours move together.
CUSTOMER = {4: 24, 6: 64}
REMEMBERED_MAX = 4096  # addresses; to parse one and take its digest costs a join 12 us
CUSTOMERS_MAX = 2**16  # of one block whose digests are computed: some 0.2 s


def parse_address(text: str) -> Address | None:
    """Return an address, an IPv4 one that is mapped into IPv6 as itself; None where it is none."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def parse_block(text: str) -> Network:
    """Return a block that may be banned; bits beyond its prefix are dropped.

    Raises:
        ValueError: it is no CIDR, or wider than BOUNDS.
    """
    block = ipaddress.ip_network(text, strict=False)
    if isinstance(block, ipaddress.IPv6Network) and block.network_address.ipv4_mapped:
        raise ValueError("write an IPv4 block as 192.0.2.0/24")
    least, most = BOUNDS[block.version]
    if "/" not in text or not least <= block.prefixlen <= most:
        raise ValueError(f"IPv{block.version} blocks are /{least} to /{most}")
    return block


@lru_cache(REMEMBERED_MAX)
def client_block(text: str) -> str:
    """Return whose requests an address' count with: an IPv4 address itself, of IPv6 the /64."""
    found = parse_address(text)
    if found is None or found.version == 4:
        return text if found is None else str(found)
    return customer_block(text)


def customer_block(text: str) -> str:
    """Return the /24 or /64 of an address; text that is no address is its own block."""
    found = parse_address(text)
    if found is None:
        return text
    return str(ipaddress.ip_network((int(found), CUSTOMER[found.version]), strict=False))


@lru_cache(REMEMBERED_MAX)
def block_digest(address: str) -> str:
    """Return what stands in Redis for the /24 or /64 of an address; empty for no address."""
    return _digest(customer_block(address)) if address else ""


def digests_within(block: Network) -> list[str]:
    """Return the digests of every /24 or /64 in a block.

    Empty: it is a part of one, of which a digest cannot tell, or has more than CUSTOMERS_MAX.
    """
    bits = CUSTOMER[block.version] - block.prefixlen
    if not bits >= 0 or 2**bits > CUSTOMERS_MAX:
        return []
    return [_digest(str(one)) for one in block.subnets(new_prefix=CUSTOMER[block.version])]


def _digest(block: str) -> str:
    return hashlib.sha256(block.encode(errors="surrogatepass")).hexdigest()[:12]
