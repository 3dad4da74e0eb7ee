/**
 * A WebGL canvas that counts what is drawn and what is held, and rejects what real ones reject silently.
 */

export class WebGlCanvas {
  constructor() {
    this.width = 0;
    this.height = 0;
    this.drawn = 0;
    this.held = new Set(); // programs, shaders and buffers that were not deleted
    this.compiles = true;
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
  const hold = () => {
    const made = {};
    canvas.held.add(made);
    return made;
  };
  const free = (made) => {
    if (!canvas.held.delete(made)) throw new Error('deleted twice, or never made');
  };
  const known = {
    TEXTURE0: 33984,
    createProgram: hold,
    createShader: hold,
    createBuffer: hold,
    deleteProgram: free,
    deleteShader: free,
    deleteBuffer: free,
    getUniformLocation: (program, name) => name,
    getAttribLocation: () => 0,
    getProgramParameter: () => true,
    getShaderParameter: () => canvas.compiles,
    useProgram: (program) => (state.program = program),
    viewport: (...place) => (state.viewport = place),
    activeTexture: (unit) => (state.unit = unit - known.TEXTURE0),
    bindTexture: (target, texture) => textures.set(state.unit, texture),
    uniform1i: (name, unit) => (state.samplers[name] = unit),
    uniformMatrix3fv: (name, transposed, values) => (state.transform = values),
    enableVertexAttribArray: () => (state.attributes = 1),
    drawArrays: () => {
      const units = Object.values(state.samplers);
      const isReady = canvas.held.has(state.program) && state.transform.length === 9 && state.attributes && units.length === 2;
      if (!isReady || units.some((unit) => !textures.get(unit))) throw new Error('nothing to draw with');
      if (state.viewport[2] !== canvas.width || state.viewport[3] !== canvas.height) throw new Error('wrong viewport');
      canvas.drawn += 1;
    },
  };
  return new Proxy(known, { get: (gl, name) => (name in gl ? gl[name] : name === name.toUpperCase() ? 1 : () => {}) });
}
