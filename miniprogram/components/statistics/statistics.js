'use strict';

/** A row of figures: `items` [{name, value}]. */
Component({
  properties: {
    items: { type: Array, value: [] },
  },
});
