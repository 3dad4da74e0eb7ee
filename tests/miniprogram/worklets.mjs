/**
 * Skyline, simulated: values that its UI thread moves by the clock, and styles that follow them
 * without the page's JavaScript.
 */

class Shared {
  constructor(value) {
    this.value = value;
  }

  get value() {
    let [value, startsAt] = [this._from, this._startedAt];
    for (const { to, duration } of this._legs) {
      const progress = Math.max(0, Math.min(1, (Date.now() - startsAt) / duration));
      value += progress * (to - value);
      startsAt += duration;
    }
    return value;
  }

  set value(value) {
    const isPlace = typeof value === 'number';
    this._from = isPlace ? value : this.value;
    this._legs = isPlace ? [] : value.legs;
    this._startedAt = Date.now();
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
      timing: (to, { duration }) => ({ legs: [{ to, duration }] }),
      sequence: (...animations) => ({ legs: animations.flatMap(({ legs }) => legs) }),
      Easing: { linear: (t) => t },
    },
    style: (selector) => styles.get(selector)(),
    remove: () => {
      delete prototype.renderer;
      delete prototype.applyAnimatedStyle;
    },
  };
}
