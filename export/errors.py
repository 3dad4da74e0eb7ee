"""What can go wrong for a reason that its user can see and mend.

ExportError          the command ends with this one line and status 1
├── FontsMissing     training needs font packages that are not installed
├── CheckpointError  there is no checkpoint there, or it does not fit the model
├── SourceError      a trained model cannot be read, or is not what the options say
├── ServerError      a model server cannot be reached, or does not load or answer as it should
├── PublishError     the version exists, or the target cannot be written
│   └── DamagedVersion   a version's files are not those that were published
├── ReleaseError     the model server cannot be reached, or does not do what it is asked for
└── ContractBroken   what was written does not do what it should, and is not published
"""

from __future__ import annotations


class ExportError(Exception):
    """The root of them all. The message is one line that says what to do, or what is wrong."""


class FontsMissing(ExportError):
    """Font files that training needs are not installed."""


class CheckpointError(ExportError):
    """A checkpoint is missing or does not fit."""


class SourceError(ExportError):
    """A trained model cannot be read, or the options do not fit it."""


class ServerError(ExportError):
    """A model server does not start, answer or load."""


class PublishError(ExportError):
    """A version cannot be put in its place."""


class DamagedVersion(PublishError):
    """A file of a version is missing, foreign or has other contents."""


class ReleaseError(ExportError):
    """A label cannot be moved, or what the model server serves cannot be learnt."""


class ContractBroken(ExportError):
    """A SavedModel, loaded back, does not keep the serving contract."""
