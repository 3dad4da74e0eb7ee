/** The gateway's admin listener, as the page asks it. */

/** The gateway does not answer, or refuses: `status` is 0 or HTTP's. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** How long figures may take. A gateway that hangs keeps the connection open, and never fails by itself. */
const PATIENCE_MS = 5000;

export class Gateway {
  /**
   * @param {string} base the address that holds `admin/`
   * @param {Storage|null} storage where the token stays for as long as the tab is open
   * @param {number} [patienceMs] until a gateway counts as one that does not answer
   */
  constructor(base, storage, patienceMs = PATIENCE_MS) {
    this._base = base;
    this._storage = storage;
    this._patienceMs = patienceMs;
    this.token = (storage && storage.getItem('framewire.admin')) || '';
  }

  /** Keep a token that the gateway has accepted. */
  keep(token) {
    this.token = token;
    if (this._storage) this._storage.setItem('framewire.admin', token);
  }

  figures(since) {
    return this._read(`figures?since=${since}`);
  }

  async sessions() {
    return (await this._read('sessions')).sessions;
  }

  /** One session's last minute; null if it has ended. */
  async session(id) {
    try {
      return await this._read(`sessions/${id}`);
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

  /** Figures, or Refused in good time. */
  _read(path) {
    return this._ask(path, { headers: this._headers(this.token), signal: AbortSignal.timeout(this._patienceMs) });
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
    if (options.signal && options.signal.aborted) throw new Refused(0, '');
    if (!response.ok) throw new Refused(response.status, answer.message || response.statusText);
    return answer;
  }
}
