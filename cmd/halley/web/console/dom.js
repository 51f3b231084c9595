// Elements, made and kept: what changes each second is written over, so that nothing flickers and a selection stays.

export const $ = (id) => document.getElementById(id);

/** Makes an element with properties and children. */
export function el(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/** Sets a text if it is another. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Gives the list one child for each item, the old ones again: `make` makes a child, `fill(child, item, index)` writes into it. */
export function list(parent, items, make, fill) {
  while (parent.children.length > items.length) parent.lastChild.remove();
  items.forEach((item, i) => fill(parent.children[i] ?? parent.appendChild(make()), item, i));
}

/** A row of a table whose first cell is a heading. */
export function row(...classes) {
  return () => el('tr', {}, ...classes.map((className, i) => {
    const cell = el(i ? 'td' : 'th', { className });
    if (!i) cell.scope = 'row';
    return cell;
  }));
}

/** Writes the texts into the cells of a row. */
export function cells(tr, ...texts) {
  texts.forEach((text, i) => say(tr.children[i], text));
}
