#!/bin/sh
# Starts Redis below the primary that a Sentinel names; without a Sentinel the first pod is primary.
set -eu
domain=booking-rush-redis
me="$HOSTNAME.$domain"
primary=$(redis-cli -h booking-rush-sentinel -p 26379 --raw SENTINEL get-master-addr-by-name rush \
    2>/dev/null | head -n 1 || true)
[ -n "$primary" ] || primary="booking-rush-redis-0.$domain"
follow=""
[ "$primary" = "$me" ] || follow="--replicaof $primary 6379"
# A primary without a replica for ten seconds refuses to write, so that two never sell at once.
# shellcheck disable=SC2086
exec redis-server --dir /data --appendonly yes --appendfsync everysec \
    --maxmemory 2gb --maxmemory-policy noeviction \
    --min-replicas-to-write 1 --min-replicas-max-lag 10 \
    --replica-announce-ip "$me" $follow
