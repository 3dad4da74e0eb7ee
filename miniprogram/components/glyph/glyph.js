'use strict';

/** An icon, as large as the text around it and in its colour. `name`: one of glyph.wxss. */
Component({
  properties: {
    name: String,
  },
});
