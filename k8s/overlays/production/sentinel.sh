#!/bin/sh
# Starts a Sentinel, which keeps what it learns in its own file: that is made once.
set -eu
me="$HOSTNAME.booking-rush-sentinel"
[ -e /data/sentinel.conf ] || cat > /data/sentinel.conf <<END
port 26379
dir /data
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $me
sentinel monitor rush booking-rush-redis-0.booking-rush-redis 6379 2
sentinel down-after-milliseconds rush 3000
sentinel failover-timeout rush 20000
sentinel parallel-syncs rush 1
END
exec redis-server /data/sentinel.conf --sentinel
