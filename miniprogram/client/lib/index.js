/** Framewire for WeChat mini-programs: camera frames to a gateway, results back. See README.md. */
'use strict';

const { MiniProgramClient } = require('./client.js');
const { CameraFeed } = require('./camera-feed.js');
const { JpegEncoder } = require('./jpeg-encoder.js');
const { VisionFeed } = require('./vision-feed.js');
const { SourceSelector } = require('./source-selector.js');
const { FrameEncoder } = require('./frame-encoder.js');
const { uprightSize, rotationFor, frameRect, boxRect } = require('./preview.js');
const { PreviewOverlay } = require('./preview-overlay.js');
const { Downscaler } = require('./downscaler.js');
const { SignIn, SignInError } = require('./sign-in.js');
const { connectSocket } = require('./socket.js');
const { FramewireClient } = require('./core/client.js');
const { now } = require('./core/clock.js');
const { tagPosition } = require('./core/geometry.js');
const { Liveness } = require('./core/liveness.js');
const { classOfEachPixel, maskOf } = require('./core/masks.js');
const { Overlay } = require('./core/overlay.js');
const { Statistics } = require('./core/statistics.js');
const { firstValues, summarize } = require('./core/tensor.js');
const { addresses } = require('./address.js');

/** @satisfies {typeof import('./index')} */
const library = {
  FramewireClient,
  MiniProgramClient,
  CameraFeed,
  VisionFeed,
  SourceSelector,
  FrameEncoder,
  Downscaler,
  JpegEncoder,
  SignIn,
  SignInError,
  Statistics,
  Liveness,
  Overlay,
  PreviewOverlay,
  classOfEachPixel,
  maskOf,
  now,
  connectSocket,
  addresses,
  uprightSize,
  rotationFor,
  frameRect,
  boxRect,
  tagPosition,
  firstValues,
  summarize,
};

module.exports = library;
