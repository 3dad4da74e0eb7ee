/**
 * Skyline, simulated: values that its UI thread moves by the clock, and styles that follow them
 * without the page's JavaScript.
 */

class Shared {
  constructor(value) {
    this._from = value;
    this._animation = null;
  }

  get value() {
    if (!this._animation) return this._from;
    const { to, duration, startedAt } = this._animation;
    const progress = Math.min(1, (Date.now() - startedAt) / duration);
    return this._from + progress * (to - this._from);
  }

  set value(value) {
    this._from = typeof value === 'number' ? value : this.value;
    this._animation = typeof value === 'number' ? null : { ...value, startedAt: Date.now() };
  }
}

/** Render with Skyline from now on. `wx` needs the worklet, and `remove` ends it. */
export function skyline({ prototype }) {
  const styles = new Map(); // by selector
  prototype.renderer = 'skyline';
  prototype.applyAnimatedStyle = (selector, updater) => styles.set(selector, updater);
  return {
    worklet: {
      shared: (value) => new Shared(value),
      timing: (to, { duration }) => ({ to, duration }),
      Easing: { linear: (t) => t },
    },
    style: (selector) => styles.get(selector)(),
    remove: () => {
      delete prototype.renderer;
      delete prototype.applyAnimatedStyle;
    },
  };
}
