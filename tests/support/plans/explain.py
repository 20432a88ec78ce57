"""Plans of statements with parameters, as a session makes them at first and as it keeps them."""

import json
from collections.abc import Iterator
from typing import Any

from booking_rush.postgres import Connection

Plan = dict[str, Any]
KEPT_AFTER = 6  # executions: five are planned for their values, the sixth perhaps for any

ID = "a0000000-0000-4000-8000-0000000000"
# A value of each type of parameter.
VALUES = {
    "text": "'e1'", "text[]": f"ARRAY['{ID}00', '{ID}ff']", "uuid": f"'{ID}00'",
    "uuid[]": f"ARRAY['{ID}00']::uuid[]",
    "integer": "100", "integer[]": "ARRAY[1]", "bigint": "100", "bigint[]": "ARRAY[1::bigint]",
    "double precision": "10", "double precision[]": "ARRAY[1::float8]",
    "boolean": "false", "boolean[]": "ARRAY[false]", "interval": "'5 s'", "bytea": "'\\x00'",
    "bytea[]": "ARRAY['\\x00'::bytea]", "jsonb": "'{}'",
    "inet": "'10.0.0.0/24'", "cidr": "'10.0.0.0/24'", "numeric": "1000", "name": "'e1'",
    "timestamp with time zone": "now()", "timestamp with time zone[]": "ARRAY[now()]",
}  # fmt: skip


async def explain(connection: Connection, text: str) -> list[Plan]:
    """Return the first plan of a statement, and the one that a session keeps."""
    await connection.execute(f"PREPARE explained AS {text}")
    try:
        types = await connection.fetchval(
            "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'explained'"
        )
        arguments = f"({', '.join(VALUES[name] for name in types)})" if types else ""
        command = f"EXPLAIN (FORMAT JSON) EXECUTE explained {arguments}"
        plans = [json.loads(await connection.fetchval(command)) for _ in range(KEPT_AFTER)]
    finally:
        await connection.execute("DEALLOCATE explained")
    return [plan[0]["Plan"] for plan in (plans[0], plans[-1])]


def nodes(plan: Plan) -> Iterator[Plan]:
    """Yield a plan and all that is below it."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)
