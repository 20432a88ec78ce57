"""URL of a Redis Cluster: some of its nodes, and what all of them are connected with."""

from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from booking_rush.lua.cluster.slot_map import Address

SCHEMES = ("redis+cluster", "rediss+cluster")
PORT = 6379
FORM = "redis+cluster://host:port,host:port"


class ClusterUrl(NamedTuple):
    """Nodes to begin with, and the options of a connection to each, as redis-py takes them."""

    seeds: list[Address]
    options: dict[str, Any]


def is_cluster(url: str) -> bool:
    """Return whether a URL names nodes of a cluster."""
    return urlsplit(url).scheme in SCHEMES


def read_cluster_url(url: str, parse: Any) -> ClusterUrl:
    """Return what `redis+cluster://…`, or `rediss+cluster://…` with TLS, says.

    User, password and query are for every node; `parse` is redis-py's reading of a plain URL.

    Raises:
        ValueError: the URL names no node, or a database: a cluster has one.
    """
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    seeds = [address_of(host, PORT, FORM) for host in hosts.split(",") if host]
    if not seeds or parts.path.strip("/") not in ("", "0"):
        raise ValueError(f"a URL of a cluster is {FORM}")
    plain = f"{parts.scheme.partition('+')[0]}://{credentials}{'@' if credentials else ''}"
    given = parse(f"{plain}-/?{urlencode(parse_qsl(parts.query))}")  # redis-py wants one host
    return ClusterUrl(seeds, {word: given[word] for word in given.keys() - {"host", "port", "db"}})


def address_of(text: str, port: int, form: str) -> Address:
    """Return the address of `host:port`, or of a host alone with the usual port.

    Raises:
        ValueError: there is no host, or the port is none; the message says the whole URL's form.
    """
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError(f"a URL is {form}")
    return Address(parts.hostname, parts.port or port)
