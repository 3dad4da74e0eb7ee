/**
 * The one thing to set: the gateway's domain, as it stands on the mini-program's list of socket,
 * request and uploadFile domains. A user may name another on the settings page.
 */
'use strict';

module.exports = {
  server: '', // such as 'vision.example.org'
};
