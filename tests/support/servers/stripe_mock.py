"""The real stripe-mock, built by Go once: it knows the shapes of Stripe's API, and no state.

It checks parameters against Stripe's own description of its API and answers with its examples;
it stores nothing, so no intent is ever paid there and no key remembered.
"""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.servers.processes import wait_for

MODULE, VERSION = "github.com/stripe/stripe-mock", "v0.203.0"
CACHE = Path(__file__).parents[3] / ".cache" / "stripe-mock"
PATIENCE_S = 30.0
LISTENS = re.compile(r"Listening for HTTP at address: (\S+)")


def binary() -> Path:
    """Return the path of stripe-mock; build it if missing, one worker of the run at a time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / f"stripe-mock-{VERSION}"
    with (CACHE / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _build(path)
    return path


def _build(into: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.fail(
            "no Go, which builds stripe-mock: install 1.22 or later, https://go.dev/dl",
            pytrace=False,
        )
    with tempfile.TemporaryDirectory(prefix="building-", dir=CACHE) as folder:
        done = subprocess.run(
            [go, "install", f"{MODULE}@{VERSION}"],
            env={**os.environ, "GOBIN": folder, "CGO_ENABLED": "0"},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            pytest.fail(f"Go could not build stripe-mock: {said}", pytrace=False)
        Path(folder, "stripe-mock").rename(into)


@contextmanager
def stripe_mock(folder: Path) -> Generator[str]:
    """Run stripe-mock while the block does. Yield its address."""
    log = folder / "stripe-mock.log"
    anywhere = "127.0.0.1:0"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [binary(), "-http-addr", anywhere, "-https-addr", anywhere], stdout=out, stderr=out
        )
    try:
        found = wait_for(
            process, lambda: LISTENS.search(log.read_text()), log.read_text, within_s=PATIENCE_S
        )
        yield f"http://{found[1]}"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
