'use strict';

/**
 * A slider for the minimum score, in percent. Events: `move` while it moves and `rest` when it is
 * released, each {percent}.
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
