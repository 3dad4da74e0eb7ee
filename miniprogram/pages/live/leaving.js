/** Leaves the live page for another one, once: a second tap comes before WeChat has hidden the page. */
'use strict';

class Leaving {
  /** @param {() => boolean} isShown whether the page is still in front */
  constructor(isShown) {
    this._isShown = isShown;
    this._isUnderWay = false;
  }

  /** The page is in front. */
  shown() {
    this._isUnderWay = false;
  }

  /**
   * Open a page, unless one is about to be opened, or the user has left meanwhile.
   * @param {() => string|Promise<string>} find the page's address
   */
  async to(find) {
    if (this._isUnderWay) return;
    this._isUnderWay = true;
    const url = await find();
    if (this._isShown()) wx.navigateTo({ url, fail: () => (this._isUnderWay = false) });
  }
}

module.exports = { Leaving };
