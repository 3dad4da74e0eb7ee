/** Framewire for WeChat mini-programs: the camera's frames out, results in. README.md says how. */
'use strict';

const { MiniProgramClient } = require('./client.js');
const { CameraFeed } = require('./feed.js');
const { JpegEncoder } = require('./jpegencoder.js');
const { FrameMaker } = require('./maker.js');
const { upright, turnFor, framePlace, boxPlace } = require('./place.js');
const { Shrinker } = require('./shrink.js');
const { SignIn, SignInError } = require('./signin.js');
const { connectSocket } = require('./socket.js');
const { now } = require('./core/clock.js');
const { Figures } = require('./core/figures.js');
const { tagPlace } = require('./core/geometry.js');
const { Pulse } = require('./core/pulse.js');
const { addresses } = require('./address.js');

module.exports = {
  MiniProgramClient,
  CameraFeed,
  FrameMaker,
  Shrinker,
  JpegEncoder,
  SignIn,
  SignInError,
  Figures,
  Pulse,
  now,
  connectSocket,
  addresses,
  upright,
  turnFor,
  framePlace,
  boxPlace,
  tagPlace,
};
