'use strict';

/** The camera's three round buttons. Events: `photo` and, while the camera is on, `shutter` and `flip`. */
Component({
  properties: {
    photo: String,
    shutter: String,
    flip: String,
    cameraOn: Boolean,
  },
  methods: {
    choosePhoto() {
      this.triggerEvent('photo');
    },
    takePhoto() {
      if (this.data.cameraOn) this.triggerEvent('shutter');
    },
    flipCamera() {
      if (this.data.cameraOn) this.triggerEvent('flip');
    },
  },
});
