/** The stage in full screen. */

export class Fullscreen {
  /** @param {function(string): HTMLElement} element by id */
  constructor(element) {
    this._stage = element('stage');
    element('expand').hidden = !document.fullscreenEnabled; // iPhones have it for videos only
    element('expand').addEventListener('click', () => this.toggle());
  }

  toggle() {
    if (document.fullscreenElement) return document.exitFullscreen();
    return document.fullscreenEnabled ? this._stage.requestFullscreen() : undefined;
  }
}
