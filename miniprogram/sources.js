/** What this phone's sources of frames have cost, remembered until WeChat is updated. */
'use strict';

const { SourceSelector } = require('./client/lib/index.js');
const storage = require('./client/lib/storage.js');

const STORAGE_KEY = 'framewire.sources';

/** @returns {string} the version of WeChat and of its base library */
function build() {
  const { version, SDKVersion } = wx.getAppBaseInfo ? wx.getAppBaseInfo() : wx.getSystemInfoSync();
  return `${version} ${SDKVersion}`;
}

/** @returns {SourceSelector} */
function sourceSelector() {
  const stored = storage.load(STORAGE_KEY);
  const isCurrent = stored && stored.build === build();
  return new SourceSelector({
    memory: isCurrent ? stored.memory : null,
    remember: (memory) => storage.save(STORAGE_KEY, { build: build(), memory }),
  });
}

module.exports = { sourceSelector };
