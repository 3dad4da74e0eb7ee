"""Labels that a model server does not let anybody move, or that this gateway may not."""

from __future__ import annotations

from pathlib import Path

from server.backend.versionlabels import NOT_CONFIGURED, LabelMover
from tests.server.backend.puppet_server import Puppet

CONFIG = """\
model_config_list {
  config {
    name: "digits"
    base_path: "/models/digits"
    model_version_policy { specific { versions: 1 } }
  }
}
"""


async def test_without_the_file_no_label_can_be_moved(puppet: Puppet) -> None:
    labels = LabelMover("digits", "", lambda: [puppet.address])
    assert await labels.move("stable", 1) == NOT_CONFIGURED
    assert (await labels.look_up()).reason == NOT_CONFIGURED


async def test_a_model_server_that_takes_no_reload_leaves_the_file_as_it_was(
    puppet: Puppet, tmp_path: Path
) -> None:
    puppet.available = True
    path = tmp_path / "models.config"
    path.write_text(CONFIG)
    labels = LabelMover("digits", str(path), lambda: [puppet.address])
    assert (await labels.look_up()).versions == [1]
    reason = await labels.move("stable", 1)
    assert f"the model server at {puppet.address}: the model server does not offer this" in reason
    assert "version_labels" not in path.read_text()


async def test_a_folder_that_cannot_be_written(puppet: Puppet, tmp_path: Path) -> None:
    labels = LabelMover("digits", str(tmp_path / "missing" / "models.config"), lambda: [])
    assert "cannot write" in await labels.move("stable", 1)
