/** The access token: in the page's address, or entered in the form. */

/**
 * @param {string} hash of the page's address: #token=..., which unlike a query is never sent or logged
 * @returns {string|null}
 */
export function tokenOf(hash) {
  return new URLSearchParams(hash.slice(1)).get('token');
}

/**
 * @param {function(string): HTMLElement} element by id
 * @param {function(string)} onToken a token from either of them
 */
export function listenForToken(element, onToken) {
  element('token').addEventListener('submit', (event) => {
    event.preventDefault();
    const token = element('token-text').value.trim();
    element('token-text').value = '';
    if (token) onToken(token);
  });
  addEventListener('hashchange', () => {
    const token = tokenOf(location.hash);
    if (token) onToken(token);
  });
}
