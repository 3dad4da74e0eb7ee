/**
 * Set the gateway's domain here. It must also be on the mini-program's lists of socket, request and
 * uploadFile domains. Users can enter another one in the settings.
 */
'use strict';

module.exports = {
  server: '', // for example 'vision.example.org'
};
