"""Exit codes of the command line, by what went wrong."""

import asyncpg
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from booking_rush.errors import Refusal
from booking_rush.lua.client.connection import RedisUnfitError
from booking_rush.migrations.migrate import MigrationChangedError
from booking_rush.postgres import PostgresUnfitError
from booking_rush.queue.keys.keyring import SecretKeyError
from booking_rush.server.embedded.data_lock import DataInUseError
from booking_rush.server.embedded.stores import StoreMissingError
from booking_rush.server.processes.supervisor import ChildDiesError
from booking_rush.server.runtime.ports import PortBusyError
from booking_rush.server.runtime.settings import SettingsError

FAILED, USAGE, SETTINGS, STORE_UNAVAILABLE, IN_USE, CHILD_DIES = 1, 2, 3, 4, 5, 6

EXITS: dict[type[BaseException], int] = {
    SettingsError: SETTINGS,
    SecretKeyError: SETTINGS,
    RedisUnfitError: SETTINGS,
    PostgresUnfitError: SETTINGS,
    PortBusyError: IN_USE,
    DataInUseError: IN_USE,
    StoreMissingError: STORE_UNAVAILABLE,
    ChildDiesError: CHILD_DIES,
    MigrationChangedError: FAILED,
    Refusal: FAILED,
    RedisError: STORE_UNAVAILABLE,
    asyncpg.PostgresError: STORE_UNAVAILABLE,
    KafkaError: STORE_UNAVAILABLE,
    OSError: STORE_UNAVAILABLE,
}
