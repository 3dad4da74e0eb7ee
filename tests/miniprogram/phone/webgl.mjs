/** A WebGL canvas that counts what is drawn, and rejects what real ones reject silently. */

export class WebGlCanvas {
  constructor() {
    this.width = 0;
    this.height = 0;
    this.drawn = 0;
    this._gl = null;
  }

  getContext(type) {
    if (type !== 'webgl') throw new Error(`this canvas is a WebGL canvas, not ${type}`);
    if (!this._gl) this._gl = makeGl(this);
    return this._gl;
  }
}

function makeGl(canvas) {
  const textures = new Map();
  const state = { unit: 0, program: null, viewport: null, samplers: {}, transform: null, attributes: 0 };
  const known = {
    TEXTURE0: 33984,
    createProgram: () => ({}),
    createShader: () => ({}),
    createBuffer: () => ({}),
    getUniformLocation: (program, name) => name,
    getAttribLocation: () => 0,
    getProgramParameter: () => true,
    getShaderParameter: () => true,
    useProgram: (program) => (state.program = program),
    viewport: (...place) => (state.viewport = place),
    activeTexture: (unit) => (state.unit = unit - known.TEXTURE0),
    bindTexture: (target, texture) => textures.set(state.unit, texture),
    uniform1i: (name, unit) => (state.samplers[name] = unit),
    uniformMatrix3fv: (name, transposed, values) => (state.transform = values),
    enableVertexAttribArray: () => (state.attributes = 1),
    drawArrays: () => {
      const units = Object.values(state.samplers);
      const isReady = state.program && state.transform.length === 9 && state.attributes && units.length === 2;
      if (!isReady || units.some((unit) => !textures.get(unit))) throw new Error('nothing to draw with');
      if (state.viewport[2] !== canvas.width || state.viewport[3] !== canvas.height) throw new Error('wrong viewport');
      canvas.drawn += 1;
    },
  };
  return new Proxy(known, { get: (gl, name) => (name in gl ? gl[name] : name === name.toUpperCase() ? 1 : () => {}) });
}
