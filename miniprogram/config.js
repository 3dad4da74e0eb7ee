/**
 * server: the gateway's domain. It must also be on the mini-program's lists of socket, request and
 * uploadFile domains. Users can enter another one in the settings.
 * visionKit: false if frames shall come from the camera component only, on every phone.
 */
'use strict';

module.exports = {
  server: '', // for example 'vision.example.org'
  visionKit: true,
};
