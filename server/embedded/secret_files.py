"""Files and folders that only the user who runs the demo may read."""

import os
import secrets
from pathlib import Path


def private_folder(path: Path) -> Path:
    """Make a folder for its owner alone, or take from others what they may do in it. Return it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def saved_secret(path: Path) -> str:
    """Return the secret in a file, which is made with a fresh one where it is missing."""
    if not path.exists():
        save_secret(path, secrets.token_urlsafe(32))
    return path.read_text()


def save_secret(path: Path, secret: str) -> None:
    """Write a secret to a file that only its owner may read; all of it, or the file is not made."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
    fresh.rename(path)
