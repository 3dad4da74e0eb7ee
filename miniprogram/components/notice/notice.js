'use strict';

/** A card that says what is the matter, with a button for what helps. Event: `act` {action}. */
Component({
  properties: {
    title: String,
    more: String,
    action: String,
    actionText: String,
  },
  methods: {
    act() {
      this.triggerEvent('act', { action: this.data.action });
    },
  },
});
