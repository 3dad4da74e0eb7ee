"""The gateway's settings: one table, one frozen object, built once at start.

In order of precedence: a command-line flag, ``FRAMEWIRE_*`` in the environment (and ``PORT``),
a TOML file (``--config``), the default. docs/configuration.md describes every setting for
operators, and a test keeps it in step with the table.
"""

from __future__ import annotations

from server.settings.commandline import Parser
from server.settings.descriptions import load_descriptions
from server.settings.errors import WrongSetting, reason
from server.settings.sources import load
from server.settings.table import Settings

__all__ = ["Parser", "Settings", "WrongSetting", "load", "load_descriptions", "reason"]
