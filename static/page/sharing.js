/** Shares the page with its settings as a link, and keeps the settings in its own address true. */

import { addressWith, readSettings } from './shared-settings.js';

export class Sharing {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Language} parts.language
   * @param {Notice} parts.notice
   * @param {function(): object} parts.settings the current ones, as `addressWith` takes them
   */
  constructor({ element, language, notice, settings }) {
    Object.assign(this, { language, notice, settings });
    this._isStarted = false;
    element('share').addEventListener('click', () => this.share());
  }

  /** The page's address with the current settings, without the access token. */
  get address() {
    return addressWith(location.href, this.settings());
  }

  /** The page has applied the settings of its address; from now on, changes are the user's. */
  start() {
    this._isStarted = true;
  }

  /** A setting has changed: if the address has it, a reload must not bring the earlier one back. */
  update() {
    const inAddress = readSettings(location.search);
    const names = Object.keys(inAddress).filter((name) => inAddress[name] !== null);
    if (names.length === 0 || !this._isStarted) return;
    const current = this.settings();
    const kept = Object.fromEntries(names.map((name) => [name, current[name]]));
    history.replaceState(history.state, '', addressWith(location.href, kept) + location.hash);
  }

  /** By the phone's own means if it has any; otherwise through the clipboard. */
  async share() {
    const url = this.address;
    try {
      if (navigator.share && matchMedia('(pointer: coarse)').matches) {
        return await navigator.share({ title: document.title, url });
      }
      await navigator.clipboard.writeText(url);
      return this.notice.toast(this.language.text('share.done'));
    } catch (error) {
      if (error.name === 'AbortError') return undefined; // the user has closed the phone's menu
      return this._offer(url);
    }
  }

  /** No access to the clipboard, as on pages without HTTPS. */
  _offer(url) {
    window.prompt(this.language.text('share.copy'), url);
  }
}
