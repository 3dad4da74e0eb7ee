/** One picture to `POST /v1/infer`, by `wx.uploadFile`. */
'use strict';

/** What a status says where no gateway has said more, such as a proxy's. */
const PROXY_CODES = /** @type {Record<number, string>} */ ({
  401: 'unauthorized',
  413: 'frame_too_large',
});

/** Why a picture has no result: `code` as the gateway names it, or `unreachable`. */
class UploadError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = 'UploadError';
    this.code = code;
  }
}

/**
 * @param {object} about
 * @param {string} about.url
 * @param {string} about.filePath
 * @param {Record<string, string|number>} about.wishes model, label, min_score
 * @param {string|undefined} about.token
 * @returns {Promise<import('./client/lib/index').Result>} rejects with UploadError
 */
function infer({ url, filePath, wishes, token }) {
  return new Promise((resolve, reject) => {
    wx.uploadFile({
      url,
      filePath,
      name: 'picture',
      formData: wishes,
      header: token ? { Authorization: `Bearer ${token}` } : {},
      success: ({ statusCode, data }) => {
        try {
          resolve(read(statusCode, data));
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
function read(status, text) {
  const answer = parsed(text);
  if (!answer) throw new UploadError(PROXY_CODES[status] || 'unreachable', `HTTP ${status}`);
  if (answer.type === 'result') return answer;
  if (answer.type === 'dropped') throw new UploadError(answer.reason, answer.reason);
  throw new UploadError(answer.code || 'unreachable', answer.message || `HTTP ${status}`);
}

/** @param {string} text @returns {any} null if it is no JSON object */
function parsed(text) {
  try {
    const answer = JSON.parse(text);
    return typeof answer === 'object' ? answer : null;
  } catch (error) {
    return null;
  }
}

module.exports = { infer, UploadError };
