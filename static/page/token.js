/** The token that a gateway may ask for: behind the page's address, or typed in when it is missed. */

/**
 * @param {string} hash of the page's address: #token=..., which unlike a query stays out of logs
 * @returns {string|null}
 */
export function tokenOf(hash) {
  return new URLSearchParams(hash.slice(1)).get('token');
}

/**
 * @param {function(string): HTMLElement} element by id
 * @param {function(string)} onToken a token that the user gave, in either way
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
