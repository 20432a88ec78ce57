"""Example consumer of `rush.bookings`: prints each state of each booking once, repeats ignored.

python docs/bookings_consumer.py 127.0.0.1:9092
"""

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer


async def follow(bootstrap: str) -> None:
    """Consume from the beginning; a sequence no greater than the last printed one is a repeat."""
    consumer = AIOKafkaConsumer(
        "rush.bookings", bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    printed: dict[str, int] = {}  # booking -> its last sequence
    try:
        async for record in consumer:
            event = json.loads(record.value)
            booking, sequence = event["subject"], event["sequence"]
            if sequence > printed.get(booking, -1):
                printed[booking] = sequence
                total = event["data"]["total"]
                print(booking, sequence, event["type"], total["amount"], total["currency"])
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(follow(sys.argv[1]))
