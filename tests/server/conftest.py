"""Settings of the tests of the gateway."""

from __future__ import annotations

from hypothesis import settings

# A shared machine is slow at times; that is no finding.
settings.register_profile("gateway", deadline=None, print_blob=True)
settings.load_profile("gateway")
