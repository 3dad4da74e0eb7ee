'use strict';

/**
 * The controls that a model's results call for. Events: `change`, with {percent} of the minimum score
 * or {opacity}, both in percent and with {isResting} once the slider is released; or {toggled}, the
 * index of a class.
 */
Component({
  properties: {
    t: Object,
    /** of `Options.shown` */
    shown: Object,
  },
  data: { isOpen: false },
  methods: {
    /** @param {WechatMiniprogram.CustomEvent<{percent: number}>} event */
    scoreMoves({ detail }) {
      this.triggerEvent('change', { percent: detail.percent, isResting: false });
    },
    /** @param {WechatMiniprogram.CustomEvent<{percent: number}>} event */
    scoreRests({ detail }) {
      this.triggerEvent('change', { percent: detail.percent, isResting: true });
    },
    /** @param {WechatMiniprogram.CustomEvent<{percent: number}>} event */
    opacityMoves({ detail }) {
      this.triggerEvent('change', { opacity: detail.percent, isResting: false });
    },
    /** @param {WechatMiniprogram.CustomEvent<{percent: number}>} event */
    opacityRests({ detail }) {
      this.triggerEvent('change', { opacity: detail.percent, isResting: true });
    },
    unfold() {
      this.setData({ isOpen: !this.data.isOpen });
    },
    /** @param {WechatMiniprogram.TouchEvent} event */
    toggleClass({ currentTarget }) {
      this.triggerEvent('change', { toggled: Number(currentTarget.dataset.index) });
    },
  },
});
