'use strict';

/** `labels`: those of the model that the camera's session last had, for answers that carry none. */
App({
  globalData: { labels: /** @type {string[]} */ ([]) },
});
