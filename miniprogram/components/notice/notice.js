'use strict';

/** A card with the state, its explanation and a button for the next step. Event: `act` {action}. */
Component({
  properties: {
    icon: String,
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
