'use strict';

/** A row of statistics: `items` [{name, value}]. */
Component({
  properties: {
    items: { type: Array, value: [] },
  },
});
