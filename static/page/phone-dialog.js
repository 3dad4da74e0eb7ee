/** The dialog that brings the page to a phone: its address as a QR code, or what is missing for it. */

import { reach } from './phone-address.js';
import { outline, qrCode } from './qr/code.js';

export class PhoneDialog {
  /**
   * @param {object} parts
   * @param {function(string): HTMLElement} parts.element by id
   * @param {Language} parts.language
   * @param {function(): string} parts.address the page's, with the settings to take along
   */
  constructor({ element, language, address }) {
    Object.assign(this, { element, language, address });
    element('phone').addEventListener('click', () => this.open());
    element('phone-close').addEventListener('click', () => element('phone-dialog').close());
    element('phone-dialog').addEventListener('click', ({ target }) => {
      if (target === element('phone-dialog')) element('phone-dialog').close(); // the ground around it
    });
  }

  open() {
    this.translate();
    this.element('phone-dialog').showModal();
  }

  /** Fill the dialog in, in the current language. */
  translate() {
    const address = this.address();
    const kind = reach(address);
    this.element('phone-address').textContent = kind === 'local' ? '' : address;
    this.element('phone-more').textContent = this.language.text(`phone.${kind}`);
    this.element('phone-command').hidden = kind === 'ready';
    this._draw(kind === 'local' ? null : address);
  }

  _draw(address) {
    const code = this.element('phone-code');
    code.toggleAttribute('hidden', address === null);
    if (address === null) return;
    const { size, path } = outline(qrCode(address));
    code.setAttribute('viewBox', `0 0 ${size} ${size}`);
    code.querySelector('path').setAttribute('d', path);
  }
}
