/** Uploads one image to `POST /v1/infer` with `wx.uploadFile`. */
'use strict';

/** The error code for a status without a JSON body, such as a proxy's. */
const CODE_BY_STATUS = /** @type {Record<number, string>} */ ({
  401: 'unauthorized',
  413: 'frame_too_large',
});

/** Why an image has no result: `code` is the gateway's error code, a drop reason, or `unreachable`. */
class UploadError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'UploadError';
    this.code = code;
  }
}

/**
 * @param {object} upload
 * @param {string} upload.url
 * @param {string} upload.filePath
 * @param {Record<string, string|number>} upload.options model, label, min_score
 * @param {string|undefined} upload.token
 * @returns {Promise<import('./client/lib/index').Result>} rejects with UploadError
 */
function infer({ url, filePath, options, token }) {
  return new Promise((resolve, reject) => {
    wx.uploadFile({
      url,
      filePath,
      name: 'picture',
      formData: options,
      header: token ? { Authorization: `Bearer ${token}` } : {},
      success: ({ statusCode, data }) => {
        try {
          resolve(parseResponse(statusCode, data));
        } catch (error) {
          reject(error);
        }
      },
      fail: ({ errMsg }) => reject(new UploadError('unreachable', errMsg)),
    });
  });
}

/**
 * @param {number} status
 * @param {string} text
 */
function parseResponse(status, text) {
  const body = parseObject(text);
  if (!body) throw new UploadError(CODE_BY_STATUS[status] || 'unreachable', `HTTP ${status}`);
  if (body.type === 'result') return body;
  if (body.type === 'dropped') throw new UploadError(body.reason, body.reason);
  throw new UploadError(body.code || 'unreachable', body.message || `HTTP ${status}`);
}

/**
 * @param {string} text
 * @returns {any} null if it is not a JSON object
 */
function parseObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch (error) {
    return null;
  }
}

module.exports = { infer, UploadError };
