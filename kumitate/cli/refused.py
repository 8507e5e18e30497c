"""What this machine or AWS refuses a command, in a sentence: nobody can mend a stack trace."""

from __future__ import annotations

import errno
import sqlite3
import sys

_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_MAKE_ROOM = "make room, and run this again: what is done stays done"
_LET_WRITE = "let this user write there, or name another folder"
_DATABASE = {"SQLITE_READONLY": _LET_WRITE, "SQLITE_CANTOPEN": _LET_WRITE, "SQLITE_FULL": _MAKE_ROOM}


def refusal(error: Exception) -> str | None:
    """Where, what, and what next; None where the fault is ours, whose trace is wanted.

    A pipe that was closed early is click's business.
    """
    if isinstance(error, OSError):
        return _of_the_machine(error)
    return _of_a_database(error) or _of_aws(error)


def _of_the_machine(error: OSError) -> str | None:
    if error.errno in _FULL:
        return f"{error.filename or 'the disk'}: {error.strerror}; {_MAKE_ROOM}"
    if error.filename is None or error.errno == errno.EPIPE:
        return None
    next_ = _LET_WRITE if error.errno in _READ_ONLY else "mend that, or name another file"
    return f"{error.filename}: {error.strerror}; {next_}"


def _of_a_database(error: Exception) -> str | None:
    """SQLite's own refusals, also where the catalogue's library wraps them (`orig`)."""
    told = getattr(error, "orig", error)
    if not isinstance(told, sqlite3.OperationalError):
        return None
    name = getattr(told, "sqlite_errorname", "")
    next_ = next((each for prefix, each in _DATABASE.items() if name.startswith(prefix)), None)
    return next_ and f"the lake's databases: {told}; {next_}"


def _of_aws(error: Exception) -> str | None:
    """Only who asked AWS has imported its library, which takes a third of a second."""
    exceptions = sys.modules.get("botocore.exceptions")
    if exceptions is None:
        return None
    if isinstance(error, exceptions.ClientError):
        code = error.response["Error"]["Code"]
        return f"AWS refuses {error.operation_name} ({code}); see who needs what in docs/guides/deploy.md#permissions"
    if isinstance(error, exceptions.BotoCoreError):
        return f"AWS cannot be asked ({type(error).__name__}); sign in first, e.g. aws sso login"
    return None
