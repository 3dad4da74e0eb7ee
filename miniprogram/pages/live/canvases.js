/** The live page's canvases, once they are laid out. */
'use strict';

/**
 * @typedef {object} Canvases
 * @property {WechatMiniprogram.Canvas} overlay
 * @property {WechatMiniprogram.Canvas|null} jpeg for encoding frames
 * @property {import('../../client/lib/index').Size} size of the preview, in CSS pixels
 * @property {number} pixelRatio physical pixels per CSS pixel
 */

/** @param {(canvases: Canvases) => void} found not called if there is no overlay */
function findCanvases(found) {
  const query = wx.createSelectorQuery();
  query.select('#overlay').fields({ node: true, size: true });
  query.select('#jpeg').fields({ node: true });
  query.exec(([overlay, jpeg]) => {
    if (!overlay || !overlay.node) return;
    const { pixelRatio } = wx.getWindowInfo ? wx.getWindowInfo() : wx.getSystemInfoSync();
    const size = { width: overlay.width, height: overlay.height };
    found({ overlay: overlay.node, jpeg: jpeg ? jpeg.node : null, size, pixelRatio });
  });
}

module.exports = { findCanvases };
