/**
 * Draws VisionKit's camera on a WebGL canvas: VisionKit has no preview of its own.
 *
 * The camera comes as two textures, brightness and colour (YUV, BT.601, full range). The frame's
 * display transform rotates the picture upright and scales it to fill the canvas.
 */
'use strict';

const VERTEX_SHADER = `
  attribute vec2 corner;
  uniform mat3 transform;
  varying vec2 place;
  void main() {
    place = corner * 0.5 + 0.5;
    gl_Position = vec4(transform * vec3(corner, 0.0), 1.0);
  }
`;
const FRAGMENT_SHADER = `
  precision mediump float;
  uniform sampler2D brightness;
  uniform sampler2D colour;
  varying vec2 place;
  void main() {
    float y = texture2D(brightness, place).r;
    vec2 uv = texture2D(colour, place).ra - 0.5;
    gl_FragColor = vec4(y + 1.402 * uv.y, y - 0.344 * uv.x - 0.714 * uv.y, y + 1.772 * uv.x, 1.0);
  }
`;
const CORNERS = [-1, -1, 1, -1, -1, 1, 1, 1]; // a strip of two triangles

/** @typedef {any} WebGl a WebGLRenderingContext, which has no type without lib.dom */

class VisionPreview {
  /**
   * @param {WebGl} gl
   * @throws {Error} if this phone cannot compile the shaders
   */
  constructor(gl) {
    this._gl = gl;
    this._program = link(gl);
    this._transform = gl.getUniformLocation(this._program, 'transform');
    this._corner = gl.getAttribLocation(this._program, 'corner');
    this._corners = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, this._corners);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(CORNERS), gl.STATIC_DRAW);
  }

  /**
   * @param {import('./index').NativeFrame} frame
   * @param {import('./index').Size} size of the canvas, in physical pixels
   * @returns {boolean} whether there was a picture: the first frames of a camera have none
   */
  draw(frame, { width, height }) {
    const gl = this._gl;
    const { yTexture, uvTexture } = frame.getCameraTexture(gl);
    if (!yTexture || !uvTexture) return false;
    gl.viewport(0, 0, width, height);
    gl.useProgram(this._program);
    gl.uniformMatrix3fv(this._transform, false, frame.getDisplayTransform());
    this._bind(0, 'brightness', yTexture);
    this._bind(1, 'colour', uvTexture);
    gl.bindBuffer(gl.ARRAY_BUFFER, this._corners);
    gl.enableVertexAttribArray(this._corner);
    gl.vertexAttribPointer(this._corner, 2, gl.FLOAT, false, 0, 0);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    return true;
  }

  /** Free what was made on the canvas, which outlives this. The preview draws no more. */
  release() {
    this._gl.deleteBuffer(this._corners);
    this._gl.deleteProgram(this._program);
  }

  /**
   * @param {number} unit
   * @param {string} name
   * @param {any} texture
   */
  _bind(unit, name, texture) {
    const gl = this._gl;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform1i(gl.getUniformLocation(this._program, name), unit);
  }
}

/**
 * @param {WebGl} gl
 * @returns {any} the program
 */
function link(gl) {
  const program = gl.createProgram();
  try {
    attach(gl, program, gl.VERTEX_SHADER, VERTEX_SHADER);
    attach(gl, program, gl.FRAGMENT_SHADER, FRAGMENT_SHADER);
    gl.linkProgram(program);
    if (gl.getProgramParameter(program, gl.LINK_STATUS)) return program;
    throw new Error(`the preview's shaders cannot be linked: ${gl.getProgramInfoLog(program)}`);
  } catch (error) {
    gl.deleteProgram(program);
    throw error;
  }
}

/**
 * Compile a shader for a program, which alone keeps it from then on.
 * @param {WebGl} gl
 * @param {any} program
 * @param {number} kind
 * @param {string} source
 */
function attach(gl, program, kind, source) {
  const shader = gl.createShader(kind);
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  const isCompiled = gl.getShaderParameter(shader, gl.COMPILE_STATUS);
  const log = isCompiled ? '' : gl.getShaderInfoLog(shader);
  if (isCompiled) gl.attachShader(program, shader);
  gl.deleteShader(shader); // takes effect when the program is deleted
  if (!isCompiled) throw new Error(`a shader of the preview cannot be compiled: ${log}`);
}

module.exports = { VisionPreview };
