/**
 * server: the gateway's domain. It must also be on the mini-program's lists of socket, request and
 * uploadFile domains. Users can enter another one in the settings.
 * visionKit: false if frames shall come from the camera component only, on every phone.
 * zones, lines: what the gateway counts objects by, by name, in 0 to 1 of the frame (docs/tracking.md),
 * for example { hall: [[0, 0], [0.5, 0], [0.5, 1], [0, 1]] } and { door: [[0.5, 0], [0.5, 1]] }.
 * haptics: whether the phone vibrates when an object enters or leaves a zone or crosses a line.
 */
'use strict';

/** @typedef {[number, number]} Point */

module.exports = {
  server: '', // for example 'vision.example.org'
  visionKit: true,
  zones: /** @type {Record<string, Point[]>} */ ({}),
  lines: /** @type {Record<string, [Point, Point]>} */ ({}),
  haptics: true,
};
