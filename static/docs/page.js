/** The page at /docs: shows the gateway's documents. */

import { nextLanguage, preferredLanguage } from '../page/preferred-language.js';
import { storage } from '../page/storage.js';
import { Documents } from './schema.js';
import { Texts } from './texts.js';

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
function marked(text) {
  return text.split('`').map((part, index) => (index % 2 ? element('code', {}, part) : part));
}

class Page {
  /**
   * @param {Documents} documents
   * @param {Texts} texts
   */
  constructor(documents, texts) {
    this._documents = documents;
    this._texts = texts;
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

  /** Text of a document in the page's language, in which backticks mark code. */
  _prose(text) {
    return marked(this._texts.of(text));
  }

  _table(english, rows) {
    const titles = english.map((title) => this._texts.of(title));
    const head = element('tr', {}, titles.map((title) => element('th', { scope: 'col' }, title)));
    const body = rows.map((cells) =>
      element('tr', {}, cells.map((cell, index) => element('td', { 'data-title': titles[index] }, cell))),
    );
    return element('div.scroll', {}, element('table', {}, element('thead', {}, head), element('tbody', {}, body)));
  }

  // WebSocket

  _socket() {
    const channel = this._async.channels.session;
    const rows = channel['x-subprotocols'].map(({ name, description }) => [element('code', {}, name), this._prose(description)]);
    return this._section(
      'websocket',
      `WebSocket ${channel.address}`,
      element('p', {}, this._prose(this._async.info.description)),
      element('p', {}, this._prose(channel.description)),
      this._table(['subprotocol', 'encoding'], rows),
    );
  }

  _messages() {
    return Object.entries(this._async.operations).map(([id, operation]) => {
      const section = this._section(id, this._texts.of(operation.title), element('p', {}, this._prose(operation.description)));
      for (const { $ref } of operation.messages) section.append(this._message($ref.split('/').pop()));
      return section;
    });
  }

  _message(name) {
    const { payload, examples } = this._async.components.messages[name];
    return this._entry(
      `message-${name}`,
      name,
      element('p', {}, this._prose(this._documents.describe(payload, 'asyncapi.json'))),
      ...this._fieldTables(payload, 'asyncapi.json'),
      ...examples.map((example) => this._example(example)),
    );
  }

  _example({ name, payload }) {
    const title = name ? this._texts.of('Example: {name}', { name }) : this._texts.of('Example');
    return element('details', {}, element('summary', {}, title), element('pre', {}, JSON.stringify(payload, null, 2)));
  }

  _closeCodes() {
    const codes = this._async.channels.session['x-close-codes'];
    const rows = codes.map(({ code, description, reasons = [] }) => [
      element('code', {}, String(code)),
      [...this._prose(description), ...reasons.map((reason) => element('code.reason', {}, reason))],
    ]);
    return this._section('close-codes', this._texts.of('Close codes'), this._table(['code', 'meaning'], rows));
  }

  // HTTP

  _requests() {
    const section = this._section('http', 'HTTP', element('p', {}, this._prose(this._http.info.description)));
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
      element('p', {}, this._prose(operation.summary)),
      operation.description ? element('p', {}, this._prose(operation.description)) : '',
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
      this._prose(description || this._documents.describe(schema, 'openapi.json')),
    ]);
    return this._table(['parameter', 'in', 'type', 'meaning'], rows);
  }

  _body({ description, content }) {
    const kinds = Object.entries(content).flatMap(([kind, { schema }], index) => [
      index ? this._texts.of(' or ') : '',
      element('code', {}, kind),
      ...this._reference(schema),
    ]);
    return element('p', {}, this._texts.of('Body:'), ' ', kinds, '. ', this._prose(description));
  }

  _answers(responses) {
    const rows = Object.entries(responses).map(([status, response]) => {
      const { schema: answer } = this._documents.locate(response, 'openapi.json');
      const bodies = Object.values(answer.content || {}).flatMap(({ schema }) => this._reference(schema));
      const headers = Object.keys(answer.headers || {}).map((name) => element('code.reason', {}, name));
      return [element('code', {}, status), [...this._prose(answer.description), ...bodies], headers];
    });
    return this._table(['status', 'meaning', 'headers'], rows);
  }

  /** Links to what a body's schema refers to; nothing if it has no name. */
  _reference(schema) {
    if (!schema || !(schema.$ref || schema.oneOf || schema.anyOf)) return [];
    return [' ', ...this._type(schema, 'openapi.json')];
  }

  // Schemas

  _definitions() {
    const section = this._section('schemas', this._texts.of('Types'));
    const { $defs } = this._documents.documents['schemas.json'];
    const messages = Object.values(this._async.components.messages).map(({ payload }) => payload.$ref.split('/').pop());
    for (const name of Object.keys($defs).filter((type) => !messages.includes(type))) {
      section.append(this._definition(name, $defs[name]));
    }
    return section;
  }

  _definition(name, schema) {
    const values = this._documents.values(schema);
    const content = values ? [this._values(values)] : this._fieldTables(schema, 'schemas.json');
    const type = content.length ? '' : element('p', {}, this._linked(this._documents.typeOfDefinition(name)));
    return this._entry(`type-${name}`, name, element('p', {}, this._prose(schema.description || '')), type, ...content);
  }

  _values(values) {
    const rows = values.map((value) => [
      element('code', {}, String(value.const)),
      [...this._prose(value.description), ...this._retryable(value)],
    ]);
    return this._table(['value', 'meaning'], rows);
  }

  _retryable(value) {
    if (!('x-retryable' in value)) return [];
    const status = element('code.reason', {}, String(value['x-http-status']));
    return [value['x-retryable'] ? ` ${this._texts.of('May succeed later.')} ` : ' ', status];
  }

  _fieldTables(schema, file) {
    const variants = this._documents.variants(schema, file);
    return [
      ...this._fields(this._documents.fields(schema, file)),
      ...variants.flatMap(({ schema: part, file: where }) => [
        element('p', {}, this._prose(part.description)),
        ...this._fields(this._documents.fields(part, where)),
      ]),
    ];
  }

  _fields(fields) {
    if (fields.length === 0) return [];
    const rows = fields.map(({ name, schema, file, isRequired, description }) => [
      element(isRequired ? 'code.required' : 'code', isRequired ? { title: this._texts.of('always present') } : {}, name),
      this._type(schema, file),
      [...this._prose(description), 'default' in schema ? ` ${this._texts.of('Default: {value}.', { value: schema.default })}` : ''],
    ]);
    return [this._table(['field', 'type', 'meaning'], rows)];
  }

  _type(schema, file) {
    const { contentEncoding: encoding, 'x-msgpack': type } = schema;
    return [
      ...this._linked(this._documents.type(schema, file)),
      encoding ? this._texts.of(' in {encoding}', { encoding }) : '',
      type ? this._texts.of('; {type} in msgpack', { type }) : '',
    ];
  }

  _linked(words) {
    return words.map((word) => {
      if (word.name) return element('a', { href: this._address(word.name) }, word.name);
      return word.text ? this._texts.of(word.text, word.values) : word;
    });
  }

  _address(name) {
    const messages = Object.entries(this._async.components.messages);
    const message = messages.find(([, { payload }]) => payload.$ref.endsWith(`/${name}`));
    return message ? `#message-${message[0]}` : `#type-${name}`;
  }
}

const language = preferredLanguage(
  storage(),
  new URLSearchParams(location.search).get('lang'),
  navigator.languages || [navigator.language || 'en'],
);

async function json(name) {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.json();
}

async function load() {
  const documents = await Promise.all(FILES.map(async (name) => [name, await json(name)]));
  return new Documents(Object.fromEntries(documents));
}

async function chinese() {
  const parts = await Promise.all([import('./messages-zh.js'), import('./schemas-zh.js')]);
  return Object.assign({}, ...parts.map(({ zh }) => zh));
}

/** The other language, by a reload: the page has no state. */
function change() {
  nextLanguage(storage(), language);
  const address = new URL(location.href);
  address.searchParams.delete('lang');
  history.replaceState(null, '', address);
  location.reload();
}

async function show(texts) {
  texts.fill(document);
  const page = new Page(await load(), texts);
  document.getElementById('document').append(...page.sections());
  document.getElementById('contents').append(...page.contents());
  if (matchMedia('(max-width: 900px)').matches) document.getElementById('menu').open = false;
  document.documentElement.dataset.state = 'shown';
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

async function start() {
  let texts = new Texts(language, {});
  try {
    if (language === 'zh') texts = new Texts(language, await chinese());
    await show(texts);
  } catch (error) {
    const problem = document.getElementById('problem');
    const text = 'The documents could not be loaded: {message}. Reload the page to try again.';
    problem.textContent = texts.of(text, { message: error.message });
    problem.hidden = false;
  }
}

document.getElementById('language').addEventListener('click', change);
start();
