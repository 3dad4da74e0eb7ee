/** Framewire for WeChat mini-programs: the camera's frames out, results in. README.md says how. */
'use strict';

const { MiniProgramClient } = require('./client.js');
const { CameraFeed } = require('./camera-feed.js');
const { JpegEncoder } = require('./jpeg-encoder.js');
const { FrameEncoder } = require('./frame-encoder.js');
const { upright, rotationFor, frameRect, boxRect } = require('./preview.js');
const { Downscaler } = require('./downscaler.js');
const { SignIn, SignInError } = require('./sign-in.js');
const { connectSocket } = require('./socket.js');
const { now } = require('./core/clock.js');
const { Statistics } = require('./core/statistics.js');
const { tagPosition } = require('./core/geometry.js');
const { Liveness } = require('./core/liveness.js');
const { addresses } = require('./address.js');

module.exports = {
  MiniProgramClient,
  CameraFeed,
  FrameEncoder,
  Downscaler,
  JpegEncoder,
  SignIn,
  SignInError,
  Statistics,
  Liveness,
  now,
  connectSocket,
  addresses,
  upright,
  rotationFor,
  frameRect,
  boxRect,
  tagPosition,
};
