/** `wx.connectSocket` over real sockets, with the quirks of phones. */

import { WebSocket } from 'ws';

export class Sockets {
  /** @param {object} phone with `online`, `domains` and `quietClose` */
  constructor(phone) {
    this._phone = phone;
    this._open = new Set();
    this._closeListeners = [];
    this.opened = 0;
  }

  connect({ url, protocols, fail }) {
    if (!Array.isArray(protocols)) throw new TypeError('protocols must be an array');
    const task = new SocketTask(this, this._phone);
    this.opened += 1;
    const { host } = new URL(url);
    if (this._phone.domains && !this._phone.domains.includes(host)) {
      fail({ errMsg: 'connectSocket:fail url not in domain list' });
    } else if (!this._phone.online) {
      setTimeout(() => task.emit('Error', { errMsg: 'connectSocket:fail network is down' }), 0);
    } else {
      task.dial(url, protocols);
      this._open.add(task);
    }
    return task;
  }

  onClose(listener) {
    this._closeListeners.push(listener);
  }

  gone(task, event) {
    this._open.delete(task);
    if (!this._phone.quietClose) task.emit('Close', event);
    for (const listener of this._closeListeners) listener(event);
  }

  /** Cut every socket, as the network or the system does. */
  cut() {
    for (const task of this._open) task.cut();
  }

  count() {
    return this._open.size;
  }
}

class SocketTask {
  constructor(sockets, phone) {
    this._sockets = sockets;
    this._phone = phone;
    this._heard = {};
    this._real = null;
    this.readyState = 0;
  }

  dial(url, protocols) {
    this._real = new WebSocket(url, protocols);
    this._real.binaryType = 'arraybuffer';
    this._real.onopen = () => {
      this.readyState = 1;
      this.emit('Open', {});
    };
    this._real.onmessage = ({ data }) => this.emit('Message', { data });
    this._real.onerror = ({ message }) => this.emit('Error', { errMsg: message });
    this._real.onclose = ({ code, reason }) => {
      this.readyState = 3;
      this._sockets.gone(this, { code, reason: String(reason) });
    };
  }

  cut() {
    this._real.terminate();
  }

  emit(name, event) {
    if (this._heard[name]) this._heard[name](event);
  }

  onOpen(act) {
    this._heard.Open = act;
  }

  onMessage(act) {
    this._heard.Message = act;
  }

  onError(act) {
    this._heard.Error = act;
  }

  onClose(act) {
    this._heard.Close = act;
  }

  send({ data, fail }) {
    if (Object.prototype.toString.call(data) !== '[object ArrayBuffer]') {
      throw new TypeError('a SocketTask sends an ArrayBuffer');
    }
    if (this.readyState !== 1) return fail({ errMsg: 'sendSocketMessage:fail not open' });
    return this._real.send(Buffer.from(new Uint8Array(data))); // a copy: ws masks in place
  }

  close({ code, fail }) {
    if (this.readyState !== 1) return fail({ errMsg: 'closeSocket:fail not open' });
    this.readyState = 2;
    return this._real.close(code);
  }
}
