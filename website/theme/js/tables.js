// Tables and code that are wider than the page scroll by keyboard as well.
function makeFocusable() {
  for (const box of document.querySelectorAll('.md-typeset__scrollwrap, .md-typeset pre > code')) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute('tabindex');
  }
}

addEventListener('load', makeFocusable);
addEventListener('resize', makeFocusable);
