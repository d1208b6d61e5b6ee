"""The script of the page: it filters (kept in the URL), copies commands, saves the JSON, moves with keys. A constant.

The page is whole without it. The URL is `#ANCHOR&capture=...&parser=...&verdict=...`: an anchor works as any other.
"""

from __future__ import annotations

SCRIPT = r"""
'use strict';
(() => {
  const form = document.getElementById('filter');
  const all = selector => [...document.querySelectorAll(selector)];
  const boxes = [...form.querySelectorAll('[name=verdict]')];
  const articles = all('article[data-verdict]');
  const rows = all('.matrix tbody tr');
  const columns = all('.matrix thead th').slice(1);
  const read = () => {
    const [anchor, ...pairs] = location.hash.slice(1).split('&');
    return {anchor, given: new URLSearchParams(pairs.join('&'))};
  };
  const chosen = () => boxes.filter(box => box.checked).map(box => box.value);
  const apply = () => {
    const capture = form.capture.value.toLowerCase(), parser = form.parser.value, verdicts = new Set(chosen());
    const named = text => text.toLowerCase().includes(capture);
    columns.forEach((head, at) => {
      const off = parser !== '' && head.textContent !== parser;
      if (head.hidden !== off) { head.hidden = off; rows.forEach(row => { row.cells[at + 1].hidden = off; }); }
    });
    let streams = 0;
    for (const row of rows) {
      const cells = [...row.cells].slice(1);
      const seen = cells.some(cell => !cell.hidden && verdicts.has(cell.className));
      row.hidden = !(seen && named(row.dataset.capture));
      streams += !row.hidden;
    }
    let causes = 0;
    for (const one of articles) {
      const data = one.dataset;
      one.hidden = !(verdicts.has(data.verdict) || !boxes.some(box => box.value === data.verdict)) ||
        (parser !== '' && data.parser !== parser) || !data.captures.split('\u241e').some(named);
      causes += !one.hidden && one.classList.contains('card');
    }
    form.querySelector('output').textContent =
      streams + ' of ' + rows.length + ' streams, ' + causes + ' of ' + all('.card').length + ' causes';
  };
  const restore = () => {
    const {anchor, given} = read();
    form.capture.value = given.get('capture') || '';
    form.parser.value = given.get('parser') || '';
    if (form.parser.selectedIndex < 0) form.parser.value = '';
    const verdicts = given.has('verdict') ? given.get('verdict').split(',') : null;
    boxes.forEach(box => { box.checked = verdicts === null || verdicts.includes(box.value); });
    apply();
    return anchor;
  };
  const keep = anchor => {
    const given = new URLSearchParams();
    if (form.capture.value) given.set('capture', form.capture.value);
    if (form.parser.value) given.set('parser', form.parser.value);
    if (boxes.some(box => !box.checked)) given.set('verdict', chosen().join(','));
    const words = given.toString();
    history.replaceState(null, '', '#' + anchor + (words ? '&' + words : ''));
  };
  const show = anchor => {
    const target = anchor && document.getElementById(anchor);
    if (!target) return;
    target.hidden = false;
    const settle = left => {
      target.scrollIntoView();
      if (left) requestAnimationFrame(() => settle(left - 1));
    };
    settle(articles.length > 100 ? 4 : 0);
    if (target.tabIndex === -1) target.focus({preventScroll: true});
  };
  addEventListener('hashchange', () => {
    const {anchor, given} = read();
    if ([...given].length) restore(); else keep(anchor);
    show(anchor);
  });
  form.addEventListener('input', () => { apply(); keep(read().anchor); });
  form.addEventListener('submit', event => event.preventDefault());
  for (const code of all('.command')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Copy';
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = 'Selected';
      }
    });
    code.after(button);
  }
  const save = document.createElement('button');
  save.type = 'button';
  save.textContent = 'Save as streamdoctor.json';
  save.addEventListener('click', () => {
    const link = document.createElement('a');
    const json = document.getElementById('results').textContent;
    link.href = URL.createObjectURL(new Blob([json], {type: 'application/json'}));
    link.download = 'streamdoctor.json';
    link.click();
    URL.revokeObjectURL(link.href);
  });
  document.getElementById('save').append(save);
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) return;
    if (event.key === '/') { event.preventDefault(); form.capture.focus(); return; }
    const step = {j: 1, k: -1}[event.key];
    if (!step) return;
    const shown = articles.filter(one => !one.hidden);
    const next = shown[shown.indexOf(document.activeElement.closest('article')) + step];
    if (next) { next.focus({preventScroll: true}); next.scrollIntoView(); }
  });
  form.hidden = false;
  show(restore());
})();
"""
