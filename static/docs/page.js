/** The page at /docs: shows the gateway's documents. */

import { Documents } from './schema.js';

const FILES = ['asyncapi.json', 'openapi.json', 'schemas.json'];
const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];

/** @param {string} tag of an element, with its class behind a dot */
function element(tag, attributes, ...children) {
  const [name, style] = tag.split('.');
  const made = document.createElement(name);
  if (style) made.className = style;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.flat().filter((child) => child !== ''));
  return made;
}

/** Text in which backticks mark code. */
function prose(text) {
  return text.split('`').map((part, index) => (index % 2 ? element('code', {}, part) : part));
}

function table(titles, rows) {
  const head = element('tr', {}, titles.map((title) => element('th', { scope: 'col' }, title)));
  const body = rows.map((cells) =>
    element('tr', {}, cells.map((cell, index) => element('td', { 'data-title': titles[index] }, cell))),
  );
  return element('div.scroll', {}, element('table', {}, element('thead', {}, head), element('tbody', {}, body)));
}

class Page {
  /** @param {Documents} documents */
  constructor(documents) {
    this._documents = documents;
    this._async = documents.documents['asyncapi.json'];
    this._http = documents.documents['openapi.json'];
    this._contents = [];
  }

  /** All sections. */
  sections() {
    return [this._socket(), ...this._messages(), this._closeCodes(), this._requests(), this._definitions()];
  }

  /** Links to all sections. */
  contents() {
    return this._contents.map(({ id, title, links }) =>
      element('div', {}, element('a.chapter', { href: `#${id}` }, title), element('ul', {}, links)),
    );
  }

  _section(id, title, ...children) {
    this._contents.push({ id, title, links: [] });
    return element('section', { id }, element('h2', {}, title), ...children);
  }

  _entry(id, title, ...children) {
    const link = element('li', {}, element('a', { href: `#${id}` }, title));
    this._contents[this._contents.length - 1].links.push(link);
    return element('section.entry', { id }, element('h3', {}, element('code', {}, title)), ...children);
  }

  // WebSocket

  _socket() {
    const channel = this._async.channels.session;
    const rows = channel['x-subprotocols'].map(({ name, description }) => [element('code', {}, name), prose(description)]);
    return this._section(
      'websocket',
      `WebSocket ${channel.address}`,
      element('p', {}, prose(this._async.info.description)),
      element('p', {}, prose(channel.description)),
      table(['subprotocol', 'encoding'], rows),
    );
  }

  _messages() {
    return Object.entries(this._async.operations).map(([id, operation]) => {
      const section = this._section(id, operation.title, element('p', {}, prose(operation.description)));
      for (const { $ref } of operation.messages) section.append(this._message($ref.split('/').pop()));
      return section;
    });
  }

  _message(name) {
    const { payload, examples } = this._async.components.messages[name];
    return this._entry(
      `message-${name}`,
      name,
      element('p', {}, prose(this._documents.describe(payload, 'asyncapi.json'))),
      ...this._fieldTables(payload, 'asyncapi.json'),
      ...examples.map((example) => this._example(example)),
    );
  }

  _example({ name, payload }) {
    const title = name ? `Example: ${name}` : 'Example';
    return element('details', {}, element('summary', {}, title), element('pre', {}, JSON.stringify(payload, null, 2)));
  }

  _closeCodes() {
    const codes = this._async.channels.session['x-close-codes'];
    const rows = codes.map(({ code, description, reasons = [] }) => [
      element('code', {}, String(code)),
      [...prose(description), ...reasons.map((reason) => element('code.reason', {}, reason))],
    ]);
    return this._section('close-codes', 'Close codes', table(['code', 'meaning'], rows));
  }

  // HTTP

  _requests() {
    const section = this._section('http', 'HTTP', element('p', {}, prose(this._http.info.description)));
    for (const [path, item] of Object.entries(this._http.paths)) {
      for (const method of METHODS.filter((name) => item[name])) section.append(this._request(method, path, item));
    }
    return section;
  }

  _request(method, path, item) {
    const operation = item[method];
    const parameters = [...(item.parameters || []), ...(operation.parameters || [])];
    return this._entry(
      `${method}-${path.replace(/\W+/g, '-')}`,
      `${method.toUpperCase()} ${path}`,
      element('p', {}, prose(operation.summary)),
      operation.description ? element('p', {}, prose(operation.description)) : '',
      parameters.length ? this._parameters(parameters) : '',
      operation.requestBody ? this._body(operation.requestBody) : '',
      this._answers(operation.responses),
    );
  }

  _parameters(parameters) {
    const rows = parameters.map(({ name, in: place, schema, description }) => [
      element('code', {}, name),
      place,
      this._type(schema, 'openapi.json'),
      prose(description || this._documents.describe(schema, 'openapi.json')),
    ]);
    return table(['parameter', 'in', 'type', 'meaning'], rows);
  }

  _body({ description, content }) {
    const kinds = Object.entries(content).flatMap(([kind, { schema }], index) => [
      index ? ' or ' : '',
      element('code', {}, kind),
      ...this._reference(schema),
    ]);
    return element('p', {}, 'Body: ', kinds, '. ', prose(description));
  }

  _answers(responses) {
    const rows = Object.entries(responses).map(([status, response]) => {
      const { schema: answer } = this._documents.locate(response, 'openapi.json');
      const bodies = Object.values(answer.content || {}).flatMap(({ schema }) => this._reference(schema));
      const headers = Object.keys(answer.headers || {}).map((name) => element('code.reason', {}, name));
      return [element('code', {}, status), [...prose(answer.description), ...bodies], headers];
    });
    return table(['status', 'meaning', 'headers'], rows);
  }

  /** Links to what a body's schema refers to; nothing if it has no name. */
  _reference(schema) {
    if (!schema || !(schema.$ref || schema.oneOf || schema.anyOf)) return [];
    return [' ', ...this._type(schema, 'openapi.json')];
  }

  // Schemas

  _definitions() {
    const section = this._section('schemas', 'Types');
    const { $defs } = this._documents.documents['schemas.json'];
    const messages = Object.values(this._async.components.messages).map(({ payload }) => payload.$ref.split('/').pop());
    for (const name of Object.keys($defs).filter((each) => !messages.includes(each))) {
      section.append(this._definition(name, $defs[name]));
    }
    return section;
  }

  _definition(name, schema) {
    const values = this._documents.values(schema);
    const content = values ? [this._values(values)] : this._fieldTables(schema, 'schemas.json');
    const type = content.length ? '' : element('p', {}, this._linked(this._documents.typeOfDefinition(name)));
    return this._entry(`type-${name}`, name, element('p', {}, prose(schema.description || '')), type, ...content);
  }

  _values(values) {
    const rows = values.map((value) => [
      element('code', {}, String(value.const)),
      [...prose(value.description), ...retryable(value)],
    ]);
    return table(['value', 'meaning'], rows);
  }

  _fieldTables(schema, file) {
    const variants = this._documents.variants(schema, file);
    return [
      ...this._fields(this._documents.fields(schema, file)),
      ...variants.flatMap(({ schema: part, file: where }) => [
        element('p', {}, prose(part.description)),
        ...this._fields(this._documents.fields(part, where)),
      ]),
    ];
  }

  _fields(fields) {
    if (fields.length === 0) return [];
    const rows = fields.map(({ name, schema, file, isRequired, description }) => [
      element(isRequired ? 'code.required' : 'code', isRequired ? { title: 'always there' } : {}, name),
      this._type(schema, file),
      [...prose(description), 'default' in schema ? ` Default: ${schema.default}.` : ''],
    ]);
    return [table(['field', 'type', 'meaning'], rows)];
  }

  _type(schema, file) {
    const msgpack = schema['x-msgpack'] ? [`; ${schema['x-msgpack']} in msgpack`] : [];
    const encoding = schema.contentEncoding ? [` in ${schema.contentEncoding}`] : [];
    return [...this._linked(this._documents.type(schema, file)), ...encoding, ...msgpack];
  }

  _linked(words) {
    return words.map((word) => (word.name ? element('a', { href: this._address(word.name) }, word.name) : word));
  }

  _address(name) {
    const messages = Object.entries(this._async.components.messages);
    const message = messages.find(([, { payload }]) => payload.$ref.endsWith(`/${name}`));
    return message ? `#message-${message[0]}` : `#type-${name}`;
  }
}

function retryable(value) {
  if (!('x-retryable' in value)) return [];
  const status = element('code.reason', {}, String(value['x-http-status']));
  return value['x-retryable'] ? [' May succeed later. ', status] : [' ', status];
}

async function load() {
  const texts = await Promise.all(
    FILES.map(async (name) => {
      const answer = await fetch(name);
      if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
      return [name, await answer.json()];
    }),
  );
  return new Documents(Object.fromEntries(texts));
}

async function show() {
  const page = new Page(await load());
  document.getElementById('document').append(...page.sections());
  document.getElementById('contents').append(...page.contents());
  if (matchMedia('(max-width: 900px)').matches) document.getElementById('menu').open = false;
  document.documentElement.dataset.state = 'shown';
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

show().catch((error) => {
  const problem = document.getElementById('problem');
  problem.textContent = `The documents could not be loaded: ${error.message}. Reload the page to try again.`;
  problem.hidden = false;
});
