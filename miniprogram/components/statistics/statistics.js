'use strict';

const LEADING = 2;

/** Statistics: the first of `items` [{name, value}] are always shown, the others on request. */
Component({
  properties: {
    items: { type: Array, value: [] },
    more: String,
  },
  data: { leading: LEADING, isOpen: false },
  methods: {
    toggle() {
      this.setData({ isOpen: !this.data.isOpen });
    },
  },
});
