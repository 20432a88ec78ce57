#!/bin/sh
# Makes a cluster of three primaries with a replica each, unless the first node has slots already.
set -eu
domain=booking-rush-redis
nodes=""
for peer in 0 1 2 3 4 5; do
    until address=$(getent hosts "$domain-$peer.$domain") && address=${address%% *} \
        && redis-cli -h "$address" ping; do sleep 1; done
    nodes="$nodes $address:6379"
done
first=${nodes# }
first=${first%%:*}
if redis-cli -h "$first" cluster info | grep -q "cluster_slots_assigned:0"; then
    # shellcheck disable=SC2086
    redis-cli --cluster create $nodes --cluster-replicas 1 --cluster-yes
fi
