"""Plans of every statement over a year of sales: what runs often is found by an index.

They are plans of ten million rows a table, without the rows. A new statement is judged as soon as
it stands in the source.
"""

from collections.abc import Iterator

from booking_rush.postgres import Pool
from tests.support.plans import year_of_sales
from tests.support.plans.explain import Plan, explain, nodes
from tests.support.plans.statements import statements
from tests.support.plans.year_of_sales import GROWING

COST_MAX = 60_000  # of the planner: some 15,000 rows that lie apart
SORTED_MAX = 1000  # rows

# What the local names of a statement's text may stand for.
FILLINGS = {
    "booking/catalogue/catalogue.py Catalogue._events": [
        {"clauses": "WHERE id = $1"},
        {"clauses": "WHERE id = ANY($1)"},
        {"clauses": "WHERE archived_at IS NULL"},
    ],
    "booking/saga/retention.py _older": [
        {"table": "outbox", "column": "done_at"},
        {"table": "broadcasts", "column": "at"},
        {"table": "series", "column": "at"},
        {"table": "mails", "column": "sent_at"},
        {"table": "audit", "column": "at"},
        {"table": "bans", "column": "until"},
    ],
}
BY_COMMAND = "a command of people for one person; an index by visitor would cost each join"
LOADING = "reads an event as a whole, when Redis is loaded with it"
DIFFERS = "asked only where a comparison found something"
LIVING = "an operator bans a block; an index by block would cost each join"
SEES_LITTLE = "a guess: for an entry that may be undone, acts of ten minutes are read"
# Statements that may read more, and why.
EXEMPT = {
    "booking/audit.py entries": SEES_LITTLE,
    "booking/catalogue/deferrals.py LOAD": LOADING,
    "booking/catalogue/draws.py LAST_TURNS": LOADING,
    "booking/catalogue/draws.py WINDOWS": LOADING,
    "booking/history/signed_heads.py READ": "a command that verifies a journal",
    "booking/holds/personal_data.py BY_ID": BY_COMMAND,
    "booking/holds/personal_data.py ERASURES": BY_COMMAND,
    "booking/holds/personal_data.py TABLES": BY_COMMAND,
    "booking/joining/banned_places.py COUNT": LIVING,
    "booking/joining/banned_places.py FIND": LIVING,
    "booking/recording/loading.py LOAD_PLACES": LOADING,
    "booking/saga/hold_comparison.py LAST_CHANGED": DIFFERS,
    "booking/saga/reconciliation.py Comparison._owners": DIFFERS,
    "booking/seats/inventory.py LOAD_HOLDS": LOADING,
    "booking/seats/inventory.py _marks": "compares the seats of an event as a whole",
}


def test_statements_are_found_where_constants_and_local_names_make_them() -> None:
    found = {one.place: one.text for one in statements(FILLINGS)}

    assert "FROM events JOIN recorded" in found["booking/catalogue/archive.py ARCHIVE"]
    assert found["booking/recording/persistence.py SAVE_ENDED"].count("INSERT INTO bookings") == 1
    assert "archived_at IS NULL" in found["booking/catalogue/catalogue.py Catalogue._events"]


async def test_what_runs_often_reads_and_sorts_no_growing_table(pool: Pool) -> None:
    found, used = set[tuple[str, str]](), set[str]()
    await year_of_sales.make(pool)
    async with pool.acquire() as connection:
        for statement in statements(FILLINGS):
            for plan in await explain(connection, statement.text):
                found |= {(statement.place, complaint) for complaint in complaints(plan)}
                used |= {node.get("Index Name", "") for node in nodes(plan)}

    assert {one for one in found if one[0] not in EXEMPT} == set()
    assert set(EXEMPT) - {place for place, _ in found} == set(), "exempt without a need"
    rows = await pool.fetch(INDEXES, sorted(GROWING))
    assert {row["name"] for row in rows} - used == set(), "kept up at each write, and never read"


# Indexes of growing tables that guard nothing: they are there to be read.
INDEXES = """
    SELECT indexrelid::regclass::text AS name
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    WHERE relname = ANY($1) AND NOT indisunique AND relnamespace = 'public'::regnamespace
"""


def complaints(plan: Plan) -> Iterator[str]:
    """Yield what makes a plan too dear for a statement that runs often."""
    if plan["Total Cost"] > COST_MAX:
        yield "cost"
    for node in nodes(plan):
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROWING:
            yield f"reads all of {node['Relation Name']}"
        if node["Node Type"] == "Sort" and node["Plan Rows"] > SORTED_MAX:
            yield "sorts"
