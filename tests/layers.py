"""Layers of the code base: who may import whom, and where technology is named."""

# Who may import whom: a file imports from its own wing and from lower lines; wings on one line
# do not know each other. Of `server/` itself each file is a wing.
LAYERS = (
    ("server/__main__",),
    ("server/cli",),
    ("server/exits", "server/doctor"),
    ("server/embedded", "server/crowd"),
    ("server/processes",),
    ("server/app",),
    ("server/contract",),
    (
        "server/api",
        "server/admin",
        "server/sockets",
        "server/practice_bank",
        "server/pages",
        "server/composition",
        "server/limits",
    ),
    ("server/web",),
    ("server/rooms",),
    ("server/auth", "server/runtime"),
    ("server/protocol",),
    ("booking/saga", "booking/recording"),
    ("booking/kafka", "booking/mail", "booking/seats", "booking/joining"),
    ("booking/payments", "booking/catalogue"),
    ("booking/holds", "booking/messaging", "booking/history"),
    ("booking",),
    ("queue/keys",),
    ("queue",),
    ("queue/join_checks", "queue/lottery"),
    ("lua/client",),
    ("lua/cluster",),
    ("lua/recovery", "lua/saga"),
    ("lua/line", "lua/holds", "lua/events"),
    ("lua",),
    ("tracing", "migrations"),
    ("booking_rush",),
)
# Tests may import all of the above, and of the tests what is lower here.
TEST_LAYERS = (
    ("tests/engines/cluster",),
    (
        "tests", "tests/admin", "tests/api", "tests/cluster", "tests/console", "tests/contract",
        "tests/crowd",
        "tests/doctor", "tests/edge", "tests/embedded", "tests/engines", "tests/faults",
        "tests/history", "tests/holds", "tests/joining", "tests/kafka", "tests/lottery",
        "tests/lua", "tests/mail", "tests/map", "tests/messaging", "tests/model",
        "tests/monitoring", "tests/packaging", "tests/payments", "tests/practice_bank",
        "tests/processes",
        "tests/protocol", "tests/queue", "tests/recording", "tests/rooms", "tests/saga",
        "tests/shared", "tests/sockets", "tests/system", "tests/tracing", "tests/web",
    ),
    ("tests/browser",), ("tests/support/crowds",), ("tests/support",),
    ("tests/support/servers", "tests/support/contract"),
)  # fmt: skip
# The browser's modules: wings of `static/`; the pages themselves lie on top, in no wing.
BROWSER_LAYERS = (
    ("static",),
    ("static/booking", "static/house", "static/operations", "static/people", "static/rules"),
    ("static/choosing",),
    ("static/map",),
    (
        "static/home",
        "static/queue",
        "static/preference",
        "static/seats",
        "static/admin",
        "static/history",
    ),
    ("static/lottery", "static/theme"),
    ("static/connection", "static/ui"),
    ("static/lib",),
    ("static/texts",),
    ("static/texts/languages",),
    ("static/styles",),
    ("static/console",),
)
# Technology is named at the edge that is made for it, and nowhere else.
TECHNOLOGY = {
    "aiohttp": {"booking/payments/http_client.py"},
    "aiokafka": {
        "booking/kafka",
        "server/embedded",
        "server/exits.py",  # as errors of a store that is away
        "server/runtime/loops.py",
    },
    "aiosmtplib": {"booking/mail"},
    "argon2": {"server/auth"},
    "click": {"server/cli"},
    "jwt": {"queue", "queue/join_checks", "queue/keys", "server/auth"},
    "prometheus_client": {
        "server/runtime/metrics.py",
        "server/runtime/tallies.py",
        "server/processes/exports.py",
        "server/processes/health_port.py",
    },
    "starlette": {
        "server/app.py",
        "server/api",
        "server/limits",
        "server/admin",
        "server/sockets",
        "server/practice_bank",
        "server/pages",
        "server/contract",
        "server/web",
    },
    "opentelemetry": {"tracing/recorder.py"},
    "httptools": {"server/web/uvicorn_http.py"},
    "uvicorn": {
        "server/web/uvicorn_http.py",
        "server/web/uvicorn_protocols.py",
        "server/processes/serve.py",
        "server/practice_bank/service.py",
    },
}
