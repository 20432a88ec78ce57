#!/bin/sh
# Starts one node of the cluster, and tells it where the others are: pods get other addresses.
set -eu
domain=booking-rush-redis

known_nodes() {
    redis-cli -h "$POD_IP" cluster info 2>/dev/null | sed -n 's/^cluster_known_nodes:\([0-9]*\).*/\1/p'
}

meet() {
    until known=$(known_nodes) && [ -n "$known" ]; do sleep 1; done
    [ "$known" -gt 1 ] || return 0  # it is new: create.sh makes the cluster
    for peer in 0 1 2 3 4 5; do
        address=$(getent hosts "$domain-$peer.$domain") || continue
        address=${address%% *}
        [ "$address" = "$POD_IP" ] || redis-cli -h "$POD_IP" cluster meet "$address" 6379
    done
}

meet &
# A primary without a replica for ten seconds refuses to write, so that two never sell at once.
exec redis-server --bind "$POD_IP" --protected-mode no --dir "${DATA:-/data}" \
    --appendonly yes --appendfsync everysec --maxmemory 2gb --maxmemory-policy noeviction \
    --min-replicas-to-write 1 --min-replicas-max-lag 10 \
    --cluster-enabled yes --cluster-announce-ip "$POD_IP" --cluster-node-timeout 3000 \
    --cluster-require-full-coverage no
