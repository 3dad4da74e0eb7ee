"""Moves a model's version label, through the model servers' own call.

The new configuration is written to the model servers' file and sent to each of them
(HandleReloadConfigRequest). Nothing is loaded or unloaded for it: a label can only be moved to a
version that the configuration pins and that every model server has available. If one of them
refuses, the file and the others get back what they had.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.backend.channel import Channel
from server.backend.failures import one_line
from server.backend.modelconfig import LabelRefused, ModelConfigFile
from server.backend.stubs import get_model_metadata_pb2, get_model_status_pb2, management
from server.core.errors import BatchRejected, DeadlineExceeded, FramewireError
from server.core.model import VersionLabels

CALL_S = 5.0
RELOAD_S = 20.0
NOT_CONFIGURED = (
    "labels can be moved here only if the setting model_config names the model servers' "
    "configuration file"
)
_AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE


@dataclass(frozen=True)
class _Found:
    """The file's configuration, the labels in it, and the versions that they may point to."""

    config: Any
    labels: dict[str, int]
    versions: set[int]


class LabelMover:
    """The labels of ``model``. ``path``: the configuration file, or empty.

    ``addresses`` returns those of all model servers.
    """

    def __init__(self, model: str, path: str, addresses: Callable[[], Sequence[str]]) -> None:
        self._model = model
        self._file = ModelConfigFile(Path(path)) if path else None
        self._addresses = addresses

    async def look_up(self) -> VersionLabels:
        """Return where the labels point, where they may point, or why they cannot be moved."""
        try:
            async with self._servers() as servers:
                found = await self._look(self._configured(), servers)
        except LabelRefused as refused:
            return VersionLabels(self._model, {}, (), str(refused))
        return VersionLabels(self._model, found.labels, sorted(found.versions))

    async def move(self, label: str, version: int) -> str:
        """Point ``label`` to ``version``. Return why nothing was changed; empty if it was."""
        try:
            file = self._configured()
            with file.locked():
                async with self._servers() as servers:
                    await self._move(file, servers, label, version)
        except LabelRefused as refused:
            return str(refused)
        return ""

    def _configured(self) -> ModelConfigFile:
        if self._file is None:
            raise LabelRefused(NOT_CONFIGURED)
        return self._file

    @asynccontextmanager
    async def _servers(self) -> AsyncIterator[Sequence[Channel]]:
        """Connect to the model servers, beside the connections that frames take."""
        servers = [Channel(address) for address in self._addresses()]
        try:
            yield servers
        finally:
            for server in servers:
                await server.close()

    async def _move(
        self, file: ModelConfigFile, servers: Sequence[Channel], label: str, version: int
    ) -> None:
        found = await self._look(file, servers)
        if version not in found.versions:
            raise LabelRefused(
                f"version {version} of {self._model} is not loaded everywhere and pinned in "
                f"{file.path}: framewire export promote loads a version before it moves a label"
            )
        changed = type(found.config)()
        changed.CopyFrom(found.config)
        file.entry(changed, self._model).version_labels[label] = version
        file.write(changed)
        try:
            for server in servers:
                await self._reload(server, changed)
                await self._check_label(server, label, version)
        except BaseException:
            file.write(found.config)
            for server in servers:
                with suppress(LabelRefused):  # it may be the one that refused
                    await self._reload(server, found.config)
            raise

    async def _look(self, file: ModelConfigFile, servers: Sequence[Channel]) -> _Found:
        config = file.read()
        entry = file.entry(config, self._model)
        labels = {str(label): int(version) for label, version in entry.version_labels.items()}
        versions = {int(version) for version in entry.model_version_policy.specific.versions}
        if not versions:
            raise LabelRefused(
                f"{file.path} pins no versions of {self._model}, so a labelled one could be "
                "unloaded; the first 'framewire export promote' pins them"
            )
        for server in servers:
            versions &= await self._available(server)
            for label, version in labels.items():
                await self._check_label(server, label, version)
        return _Found(config, labels, versions)

    async def _available(self, server: Channel) -> set[int]:
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = self._model
        response = await _answer(server, server.model_status(request, CALL_S))
        states = response.model_version_status
        return {int(one.version) for one in states if one.state == _AVAILABLE}

    async def _check_label(self, server: Channel, label: str, version: int) -> None:
        """Raise ``LabelRefused`` unless a model server follows the file."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name, request.model_spec.version_label = self._model, label
        response = await _answer(server, server.model_metadata(request, CALL_S))
        leads_to = int(response.model_spec.version.value)
        if leads_to != version:
            raise LabelRefused(
                f"the model server at {server.address} does not follow the file: {label} leads "
                f"to {leads_to} there, and to {version} in the file"
            )

    async def _reload(self, server: Channel, config: Any) -> None:
        stubs = management()
        request = stubs.ReloadConfigRequest(config=config).SerializeToString()
        answer = await _answer(server, server.reload(request, RELOAD_S))
        status = stubs.ReloadConfigResponse.FromString(answer).status
        if status.error_code:
            raise _refused(server, status.error_message)


async def _answer(server: Channel, call: Coroutine[Any, Any, Any]) -> Any:
    """Return what a call answers. Raises ``LabelRefused`` if it fails."""
    try:
        return await call
    except DeadlineExceeded:
        raise _refused(server, "no answer in time") from None
    except (BatchRejected, FramewireError) as error:
        raise _refused(server, str(error)) from None


def _refused(server: Channel, reason: str) -> LabelRefused:
    return LabelRefused(f"the model server at {server.address}: {one_line(reason)}")
