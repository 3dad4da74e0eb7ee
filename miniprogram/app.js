'use strict';

/** `labels`: those of the last live model, for results of uploads, which carry none. */
App({
  globalData: { labels: /** @type {string[]} */ ([]) },
});
