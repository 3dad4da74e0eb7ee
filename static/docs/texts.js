/** The page's texts: those of the documents, which are in English, in the page's language. */

const TAGS = { en: 'en', zh: 'zh-CN' };
const SWITCH = { en: '中文', zh: 'English' };
const SWITCH_HINT = { en: 'Switch to Chinese', zh: '切换到英文' };

export class Texts {
  /**
   * @param {string} language
   * @param {Record<string, string>} translations by the English text; none for English
   */
  constructor(language, translations) {
    this._language = language;
    this._translations = translations;
  }

  /** An English text in the page's language, with `{name}` replaced by `values.name`. */
  of(text, values = {}) {
    const translated = this._translations[text] || text;
    return translated.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  }

  /** Translate the document itself: its title, and each element with data-text. */
  fill(page) {
    page.documentElement.lang = TAGS[this._language];
    page.title = this.of(page.title);
    for (const node of page.querySelectorAll('[data-text]')) node.textContent = this.of(node.textContent);
    for (const node of page.querySelectorAll('[aria-label]')) {
      node.setAttribute('aria-label', this.of(node.getAttribute('aria-label')));
    }
    const button = page.getElementById('language');
    button.textContent = SWITCH[this._language];
    button.title = SWITCH_HINT[this._language];
  }
}
