"""The limit on open files, of which every connection takes one."""

from __future__ import annotations

import resource

from server.settings import WrongSetting

# What the gateway opens itself, what transport.listening keeps in reserve, and a few connections
# that are not sessions yet.
OTHERS = 96
# With fewer, gRPC crashes, or every connection waits forever.
LEAST = 64


def raise_limit() -> int | None:
    """Raise the soft limit to the hard one. Return the limit now; None if there is none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):  # macOS allows less than the hard limit says
            pass
    return None if soft == resource.RLIM_INFINITY else soft


def check(limit: int | None) -> None:
    """Check that ``limit`` open files are enough to accept connections. Raises WrongSetting."""
    if limit is not None and limit < LEAST:
        raise WrongSetting(
            f"at most {limit} files can be open, and the gateway needs {LEAST} and one for each "
            "connection: raise the hard limit (ulimit -Hn, LimitNOFILE=)"
        )


def shortage(limit: int | None, max_sessions: int) -> str | None:
    """Return a warning if ``limit`` open files are too few for ``max_sessions``."""
    needed = max_sessions + OTHERS
    if limit is None or limit >= needed:
        return None
    return (
        f"at most {limit} files can be open, too few for max_sessions={max_sessions}: "
        f"raise the hard limit to {needed} (ulimit -Hn, LimitNOFILE=), or lower max_sessions"
    )
