"""Follows every booking on `rush.bookings`: prints each new state once, whatever comes twice.

python docs/bookings_consumer.py 127.0.0.1:9092
"""

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer


async def follow(bootstrap: str) -> None:
    """Read from the beginning; a state with a sequence that we have passed was told before."""
    consumer = AIOKafkaConsumer(
        "rush.bookings", bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    passed: dict[str, int] = {}
    try:
        async for record in consumer:
            event = json.loads(record.value)
            booking, sequence = event["subject"], event["sequence"]
            if sequence > passed.get(booking, -1):
                passed[booking] = sequence
                total = event["data"]["total"]
                print(booking, sequence, event["type"], total["amount"], total["currency"])
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(follow(sys.argv[1]))
