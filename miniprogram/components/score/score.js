'use strict';

/**
 * A slider for the least score, in percent. Events: `move` while it moves and `rest` when it was let
 * go, each {percent}.
 */
Component({
  properties: {
    name: String,
    percent: { type: Number, value: 50 },
  },
  methods: {
    /** @param {WechatMiniprogram.SliderChanging} event */
    move({ detail }) {
      this.setData({ percent: detail.value });
      this.triggerEvent('move', { percent: detail.value });
    },
    /** @param {WechatMiniprogram.SliderChange} event */
    rest({ detail }) {
      this.setData({ percent: detail.value });
      this.triggerEvent('rest', { percent: detail.value });
    },
  },
});
