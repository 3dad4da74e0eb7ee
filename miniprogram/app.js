'use strict';

/** `model`: the last live one, for results of uploads, which carry only names. */
App({
  globalData: { model: /** @type {import('./client/lib/index').Model|null} */ (null) },
});
