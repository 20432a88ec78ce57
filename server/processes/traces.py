"""Traces of a process: recorded from its start to its end where RUSH_TRACES_URL is set."""

from collections.abc import Generator
from contextlib import contextmanager

from booking_rush.server.runtime.settings import Settings, SettingsError
from booking_rush.tracing import spans


@contextmanager
def recorded_traces(settings: Settings, duty: str) -> Generator[None]:
    """Record traces in the block, and export what is left at its end; nothing without a URL.

    Raises:
        SettingsError: OpenTelemetry is not installed.
    """
    if not settings.traces_url:
        yield
        return
    try:
        from booking_rush.tracing.recorder import open_recorder
    except ImportError as error:
        raise SettingsError(
            "RUSH_TRACES_URL is set, but OpenTelemetry is not installed: "
            "pip install 'booking-rush[otel]'"
        ) from error
    recorder = open_recorder(settings.traces_url, settings.traces_share, duty)
    spans.install(recorder)
    try:
        yield
    finally:
        spans.install(None)
        recorder.close()
