"""The entry point: `python -m booking_rush.server COMMAND`, or `booking-rush COMMAND`."""

import os

if os.environ.get("RUSH_METRICS_DIR"):  # prometheus-client reads its own name, at import
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = os.environ["RUSH_METRICS_DIR"]

from booking_rush.server.cli.main import main

if __name__ == "__main__":
    main()
