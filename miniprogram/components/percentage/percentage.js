'use strict';

/**
 * A slider for a percentage. Events: `move` while it moves and `rest` when it is released, each
 * {percent}.
 */
Component({
  properties: {
    name: String,
    percent: { type: Number, value: 50 },
    min: { type: Number, value: 5 },
    max: { type: Number, value: 95 },
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
