// Tables, code and charts that are wider than the page scroll by keyboard as well.
const WIDE = '.md-typeset__scrollwrap, .md-typeset pre > code, .md-typeset p:has(> img[src$=".svg"]:only-child)';

function makeFocusable() {
  for (const box of document.querySelectorAll(WIDE)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute('tabindex');
  }
}

addEventListener('load', makeFocusable);
addEventListener('resize', makeFocusable);

// Material puts each copy button into a <nav>, which makes dozens of landmarks without a name, and
// takes the button's title, its only name, while it shows a tooltip.
new MutationObserver(() => {
  for (const nav of document.querySelectorAll('nav.md-code__nav:not([role])')) {
    nav.setAttribute('role', 'presentation');
    for (const button of nav.querySelectorAll('button')) button.setAttribute('aria-label', button.title);
  }
}).observe(document.body, { childList: true, subtree: true });
