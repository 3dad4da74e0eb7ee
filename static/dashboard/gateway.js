/** The gateway's admin listener, as the page asks it. */

/** The gateway does not answer, or refuses: `status` is 0 or HTTP's. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export class Gateway {
  /**
   * @param {string} base the address that holds `admin/`
   * @param {Storage|null} storage where the token stays for as long as the tab is open
   */
  constructor(base, storage) {
    this._base = base;
    this._storage = storage;
    this.token = (storage && storage.getItem('framewire.admin')) || '';
  }

  /** Keep a token that the gateway has accepted. */
  keep(token) {
    this.token = token;
    if (this._storage) this._storage.setItem('framewire.admin', token);
  }

  figures(since) {
    return this._ask(`figures?since=${since}`, { headers: this._headers(this.token) });
  }

  async sessions() {
    return (await this._ask('sessions', { headers: this._headers(this.token) })).sessions;
  }

  /** One session's last minute; null if it has ended. */
  async session(id) {
    try {
      return await this._ask(`sessions/${id}`, { headers: this._headers(this.token) });
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  }

  /** Where the default model's labels point and may point, or why they cannot be moved. */
  labels() {
    return this._ask('labels', { headers: this._headers(this.token) });
  }

  /** Act with a token. Throws Refused, with the reason as its message. */
  act(name, fields, token) {
    return this._ask(name, {
      method: 'POST',
      headers: { ...this._headers(token), 'Content-Type': 'application/json' },
      body: JSON.stringify(fields),
    });
  }

  _headers(token) {
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  async _ask(path, options) {
    let response;
    try {
      response = await fetch(new URL(`admin/${path}`, this._base), { cache: 'no-store', ...options });
    } catch {
      throw new Refused(0, '');
    }
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Refused(response.status, answer.message || response.statusText);
    return answer;
  }
}
